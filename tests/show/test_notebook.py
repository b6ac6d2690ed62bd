"""Results and proofs show themselves in a notebook, in HTML and SVG that need nothing else."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import show_examples as examples
from msgspec import structs
from show_reading import Balanced

from raftproof.checker.proof.prover import prove
from raftproof.checker.result import states_of
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


def test_a_path_shows_itself_and_its_states() -> None:
    result = examples.two_leaders()
    path = result.path
    assert path is not None
    assert result.violation is not None
    assert path._repr_svg_() == result._repr_svg_()
    words = " ".join(ET.fromstring(path._repr_svg_()).itertext())
    assert "ElectionSafety" in words
    assert len(path) == len(path.states) == len(path.steps) + 1
    assert (path[0], path[-1]) == (result.violation.initial, states_of(result.violation)[-1])
    assert str(path).splitlines()[-1].strip().startswith("2. ")


@pytest.mark.real("dot")
def test_where_nothing_broke_there_is_no_path_and_the_picture_is_of_all_states() -> None:
    result = structs.replace(examples.puzzle(), verdict="holds", violation=None)
    assert result.path is None
    assert str(result._repr_svg_()).startswith("<svg")
    assert structs.replace(result, graph=None)._repr_svg_() is None


def test_without_graphviz_a_result_says_so_and_has_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = structs.replace(examples.puzzle(), verdict="holds", violation=None)
    assert result._repr_svg_() is None
    assert "graphviz" in result._repr_html_()


@pytest.mark.real("dot")
def test_a_proof_shows_what_needs_what() -> None:
    proof = prove(RAFT, stored(), ["ElectionSafety"])
    picture = proof._repr_svg_()
    assert picture is not None
    words = " ".join(ET.fromstring(picture).itertext())
    assert "ElectionSafety" in words and "VoteOnce" in words
    assert "CommitQuorum" not in words
