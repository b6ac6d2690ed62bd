"""Sets of members as values: what they show, what renaming does to them, and that symmetry loses no state of them."""

from __future__ import annotations

import pytest
from subset_model import Friend, model

from raftproof.checker.explore import reference
from raftproof.checker.language import Layout
from raftproof.checker.language.sorts import sort_of
from raftproof.checker.native.build import build
from raftproof.checker.run import Question, check


def explored() -> tuple[reference.Exploration[int, object], list[int]]:
    """The plain search up to the names of members, and the states that it found."""
    question = Question(model, workers=1)
    system = question.interpreter(question.layout())
    seen: dict[int, int] = {}

    def canonical(state: int) -> int:
        if state not in seen:
            seen[state] = system.canonical(state)
        return seen[state]

    found: reference.Exploration[int, object] = reference.search(system, canonical)
    return found, sorted({seen[s] for s in seen if system.inside(s)})


@pytest.mark.slow
def test_a_search_with_symmetry_loses_no_set_and_finds_none_twice() -> None:
    reduced, states = explored()
    question = Question(model, workers=1)
    layout = question.layout()
    system = question.interpreter(layout)
    assert len(states) == reduced.distinct
    result = check(question)
    assert (result.generated, result.distinct, result.depth) == (reduced.generated, reduced.distinct, reduced.depth)
    plain = check(Question(model, symmetric=(), workers=1))
    assert sum(map(system.orbit, states)) == plain.distinct
    kernels = build(model, layout)
    for state in states[:: max(len(states) // 200, 1)]:
        twins = {kernels.canonical(twin) for twin in system._relabelled(state, Friend, 3)}
        assert len(twins) == 1, "the names of members change the representative"


def test_a_set_of_members_is_written_as_a_list_and_read_again() -> None:
    layout = Layout(model.state, {"servers": 3, "max_log": 1, "max_in_flight": 1})
    sort = layout.fields["invited"].sort  # type: ignore[attr-defined]
    assert sort.show(0b101) == ["f1", "f3"]
    assert sort.read(["f1", "f3"]) == 0b101
    assert sort_of(Friend, layout.bounds) is not None


def test_renaming_members_renames_them_in_every_set() -> None:
    layout = Layout(model.state, {"servers": 3, "max_log": 1, "max_in_flight": 1})
    state = layout.new()
    state.invited = 0b011
    state.known[0] = 0b001
    turned = layout.relabel(state, Friend, lambda i: (i + 1) % 3)
    assert (turned.invited, turned.known[1], turned.known[0]) == (0b110, 0b010, 0)
