"""Graphs through graphviz."""

from __future__ import annotations

import pytest
import show_examples as examples
from msgspec import structs

from raftproof.checker.result import DamagedResult, Graph
from raftproof.checker.show.graphs import STATES_MAX, NoDot, path_graph, state_graph, svg_of


def test_the_path_is_a_node_a_state_and_an_edge_a_step(golden) -> None:
    """Die Hard's counterexample as a graph: what each step changed, and the state that breaks the property filled."""
    golden("puzzle_path.dot", path_graph(examples.puzzle()).source)


def test_the_state_graph_has_every_state_and_marks_the_way(golden) -> None:
    """All 16 states of Die Hard; the counterexample's steps are bold, and steps that change nothing are left out."""
    source = state_graph(examples.puzzle()).source
    golden("puzzle_states.dot", source)
    assert source.count("penwidth=3") == 6 + 1
    assert "0 -> 0" not in source


def test_words_of_the_model_cannot_break_the_source() -> None:
    whole = examples.puzzle()
    violation = whole.violation
    assert violation is not None
    rude = structs.replace(violation, facts=['a "quote", a \\ and a <b>'])
    assert '\\"quote\\"' in path_graph(structs.replace(whole, violation=rude)).source


def test_a_graph_whose_parts_do_not_fit_is_damage() -> None:
    for graph in (Graph([3], []), Graph([{"a": 1}, {"b": 2}], []), Graph([{"a": 1}], [(0, 1, "next")])):
        with pytest.raises(DamagedResult):
            state_graph(structs.replace(examples.exhausted(), graph=graph))


@pytest.mark.real("dot")
def test_dot_draws_what_is_written() -> None:
    for graph in (path_graph(examples.figure_8()), path_graph(examples.rumour()), state_graph(examples.puzzle())):
        assert "</svg>" in svg_of(graph)


def test_without_dot_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoDot, match="not installed"):
        svg_of(path_graph(examples.puzzle()))


def test_a_graph_that_nobody_could_read_is_not_drawn() -> None:
    states = [{"n": n} for n in range(STATES_MAX + 1)]
    large = structs.replace(examples.exhausted(), graph=Graph(states, [(0, 1, "next")]))
    with pytest.raises(NoDot, match="too many"):
        svg_of(state_graph(large))
