"""A model's actions at the size of a trace: the same functions, in place, on a wide layout."""

from __future__ import annotations

import random

import pytest

from raftproof.checker.language import Interpreter, Layout
from raftproof.checker.native.build import from_words, to_words
from raftproof.checker.native.in_place import in_place
from raftproof.model.figure2 import Raft, model

BOUNDS = {"servers": 5, "values": 3, "max_term": 10_000, "max_log": 200, "max_in_flight": 40, "max_copies": 3}
RARE = ("timeout", "restart", "duplicate_message", "drop_message")
"""What would keep a random walk from ever electing a leader."""


@pytest.mark.slow
def test_actions_in_place_on_a_wide_state_do_what_they_do_interpreted() -> None:
    layout = Layout(Raft, BOUNDS, wide=True)
    system = Interpreter(model, layout, faults=("restart", "drop", "duplicate"))
    compiled = in_place(model, layout).step
    chance = random.Random(5)
    (state,) = system.initial_states()
    words = to_words(state, layout.words)
    taken: set[str] = set()
    for _ in range(1500):
        choices = list(system.actions(state))
        weights = [0.01 if c.action.name in RARE else 1 for c in choices]
        choice = chance.choices(choices, weights)[0]
        after = system.next_state(state, choice)
        enabled = compiled[choice.action.name](words, 0, choice.arguments)
        assert enabled == (after is not None), system.describe(choice)
        if after is not None and system.inside(after):
            state = after
            taken.add(choice.action.name)
        elif after is not None:
            words = to_words(state, layout.words)
        assert from_words(words) == state, system.describe(choice)
    assert {"become_leader", "client_request", "handle_append_entries_request", "restart"} <= taken


def test_a_scalar_of_a_wide_layout_has_a_word_of_its_own() -> None:
    layout = Layout(Raft, BOUNDS, wide=True)
    offsets = [n.offset for name, n in layout.fields.items() if name in ("current_term", "role", "commit_index")]
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 64 == 0 for offset in offsets)
    (state,) = Interpreter(model, layout).initial_states()
    assert layout.encode(layout.decode(state)) == state
