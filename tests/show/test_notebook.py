"""Results and proofs show themselves in a notebook, in HTML and SVG that need nothing else."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import show_examples as examples
from msgspec import structs
from show_reading import Balanced

from raftproof.checker.proof.prover import prove
from raftproof.model.proof import RAFT
from raftproof.model.proof.cores import stored


@pytest.mark.parametrize(("name", "pictures"), [("two_leaders", 2), ("puzzle", 1), ("rumour", 1)])
def test_a_violation_shows_its_verdict_its_story_and_its_diagram(name: str, pictures: int) -> None:
    result = getattr(examples, name)()
    cell = result._repr_html_()
    reader = Balanced()
    reader.feed(cell)
    assert reader.open == []
    assert cell.count("<svg") == pictures
    assert "is violated after" in cell
    assert result.command in cell


@pytest.mark.real("dot")
def test_a_result_that_holds_shows_all_its_states_if_they_are_few() -> None:
    puzzle = examples.puzzle()
    result = structs.replace(puzzle, verdict="holds", violation=None)
    cell = result._repr_html_()
    assert "No violation in" in cell
    assert cell.count("<svg") == 1


@pytest.mark.real("dot")
def test_a_proof_shows_what_needs_what() -> None:
    proof = prove(RAFT, stored(), ["ElectionSafety"])
    picture = proof._repr_svg_()
    assert picture is not None
    words = " ".join(ET.fromstring(picture).itertext())
    assert "ElectionSafety" in words and "VoteOnce" in words
    assert "CommitQuorum" not in words
