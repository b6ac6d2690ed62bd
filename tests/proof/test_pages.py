"""The generated pages are those of the proof as it is."""

from __future__ import annotations

from pathlib import Path

from raftproof.model.proof import RAFT
from raftproof.model.proof.matrix import names, rows
from raftproof.model.proof.pages import DOCS, pages


def test_the_pages_are_up_to_date() -> None:
    for name, text in pages().items():
        assert (DOCS / name).read_text() == text, f"{name}: run python -m raftproof.model.proof.pages"


def test_no_page_is_left_of_a_lemma_that_is_gone() -> None:
    written = {str(Path("lemmas") / path.name) for path in (DOCS / "lemmas").iterdir()}
    assert written == {name for name in pages() if name.startswith("lemmas/")}


def test_everything_that_can_be_taken_away_has_a_row_and_what_falls_exists() -> None:
    assert [row.name for row in rows()] == names()
    assert all(RAFT.claim(row.falls) for row in rows() if row.verdict == "refuted")
    assert sum(row.verdict == "refuted" for row in rows()) >= 25
