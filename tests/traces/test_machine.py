"""The model at the size of a trace: it grows with the logs, and does in place what it does interpreted."""

from __future__ import annotations

import numpy as np
import pytest

from raftproof.checker.language import Interpreter, Layout
from raftproof.checker.native.build import from_words, to_words
from raftproof.checker.native.in_place import flat, in_place
from raftproof.checker.native.plain import state_at
from raftproof.model.deployed import Deployed, everything
from raftproof.model.deployed.state import Configuration, Entry, Kind
from raftproof.traces.conformance.machine import LOGS, SERVERS, Entrances, Machine, TooMany, compiled
from raftproof.traces.events import Message


def test_a_longer_log_finds_its_room_with_the_same_state() -> None:
    machine = Machine(strict=False)
    first, second = machine.add("7"), machine.add("4000000000000000000")
    entries = [tuple(map(int, Entry(k // 1000 + 1, Kind.NORMAL, 0, 0, 0))) for k in range(LOGS[0] - 1)]
    machine.put_log(second, "log", entries, 0)
    machine.put(second, "configuration", *map(int, Configuration(3, 0, 4, 0, False)))
    machine.put(second, "match_index", 5, 6)
    machine.put(first, "current_term", 9)
    machine.grow(LOGS[0])
    assert machine.max_log == LOGS[1]
    assert machine.log_length(second) == len(entries)
    assert machine.log_length(first) == 0
    assert [machine.match(second, first), machine.match(second, second)] == [5, 6]
    assert (machine.get(first, "current_term"), machine.get(second, "configuration")) == (9, 3)
    at = machine.base(second) + machine.log_at + 1 + machine.entry * (len(entries) - 1)
    assert machine.words[at] == entries[-1][0]


def test_more_servers_than_the_layout_holds_are_told() -> None:
    machine = Machine(strict=False)
    for nid in range(SERVERS):
        machine.add(str(nid + 1))
    with pytest.raises(TooMany, match=f"more than {SERVERS} servers"):
        machine.add("99")


def test_a_long_append_is_its_pieces_in_a_row() -> None:
    machine = Machine(strict=False)
    leader, follower = machine.add("1"), machine.add("2")
    entries = [(3, 0, 0, 0, 0)] * 7
    message = Message("MsgApp", 3, "1", "2", 7, 0, 0, 5, "0", False, 0)
    answer = machine.receive(message, entries)
    assert answer is not None
    assert (answer.dest, answer.term, answer.reject, answer.log_index) == (leader, 3, 0, 7)
    assert (machine.log_length(follower), machine.get(follower, "commit_index")) == (7, 5)
    below = machine.receive(Message("MsgApp", 3, "1", "2", 4, 3, 3, 7, "0", False, 0), entries[:4])
    assert below is not None
    assert below.log_index == 5  # it begins below the commit index: nothing is looked at
    gap = machine.receive(Message("MsgApp", 3, "1", "2", 1, 3, 9, 9, "0", False, 0), entries[:1])
    assert gap is not None
    assert (gap.reject, gap.log_index, gap.hint_index, gap.hint_term) == (1, 9, 7, 3)


def test_an_action_that_is_entered_directly_does_what_it_did_through_the_dispatcher() -> None:
    _, actions = compiled(LOGS[0])
    entrances, after = Entrances(actions.step.functions), []
    for _ in range(3):
        machine = Machine(strict=False)
        machine.put(machine.add("1"), "configuration", *map(int, Configuration(1, 0, 0, 0, False)))
        assert not entrances["ready"](machine.words, machine.off, (0,))
        assert entrances["campaign"](machine.words, machine.off, (0,))
        after.append(machine.words[: machine.log_at].tobytes())
    assert set(entrances) == {"ready", "campaign"}
    assert any(after[0])
    assert after[0] == after[1] == after[2]


def test_uncompiled_a_record_goes_over_as_many_words_as_it_has_parts() -> None:
    layout = Layout(Deployed, {**everything.bounds, "max_term": 1 << 40}, wide=True)
    state = state_at(layout)(np.zeros(layout.words, np.uint64), 0, 0)
    first, second = Configuration(1, 0, 4, 0, False), Configuration(6, 3, 0, 0, True)
    state.configuration[0], state.configuration[1] = first, second
    state.configuration[0] = second
    state.current_term[1] = 1 << 39
    assert (state.configuration[0], state.configuration[1]) == (second, second)
    assert (state.current_term[0], state.current_term[1], state.role[0]) == (0, 1 << 39, 0)


@pytest.mark.slow
def test_actions_in_place_do_what_they_do_interpreted() -> None:
    bounds = {**everything.bounds, "max_term": 4, "max_log": 4, "max_in_flight": 4, "max_copies": 4}
    layout = Layout(Deployed, bounds, wide=True)
    system, compiled = Interpreter(everything, layout), in_place(everything, layout)
    (state,) = list(system.initial_states())[:1]
    for name in ("campaign", "ready", "count_own_vote", "request_vote"):
        choices = [c for c in system.actions(state) if c.action.name == name and c.arguments[0] == 0]
        for choice in choices:
            words = to_words(state, layout.words)
            assert compiled.step[name](words, 0, choice.arguments) == (system.next_state(state, choice) is not None)
            assert from_words(words) == (system.next_state(state, choice) or state)
        state = next(after for c in choices if (after := system.next_state(state, c)) is not None)
    choice = next(c for c in system.actions(state) if c.action.name == "receive_vote_request")
    [request] = choice.arguments
    after = system.next_state(state, choice)
    bag = layout.decode(state)
    bag.messages.discard(request)
    words = to_words(layout.encode(bag), layout.words)
    assert compiled.deliver["receive_vote_request", type(request)](words, 0, flat(request))
    assert from_words(words) == after
