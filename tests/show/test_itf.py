"""ITF, read back by a reader that knows only the format."""

from __future__ import annotations

import json

import show_examples as examples
from show_reading import read_itf

from raftproof.checker.show.behavior import behavior_of
from raftproof.checker.show.itf import itf_json


def test_every_state_of_the_counterexample_stands_in_the_trace() -> None:
    for make in (examples.two_leaders, examples.figure_8, examples.two_phase_commit, examples.puzzle, examples.rumour):
        behavior = behavior_of(make())
        trace = json.loads(itf_json(make()))
        assert set(trace) == {"#meta", "vars", "states"}
        assert len(trace["states"]) == len(behavior.states)
        for number, state in enumerate(trace["states"]):
            assert state["#meta"]["index"] == number
            assert set(state) == {"#meta", *trace["vars"]}
            for name in trace["vars"]:
                read_itf(state[name])


def test_a_map_a_set_a_sequence_and_a_bag_are_told_apart() -> None:
    last = json.loads(itf_json(examples.figure_8()))["states"][-1]
    assert dict(read_itf(last["votes_granted"]))["s3"] == frozenset({"s2", "s3"})
    assert dict(read_itf(last["log"]))["s3"] == ((("term", 3), ("value", "v2")),)
    assert dict(dict(read_itf(last["next_index"]))["s3"])["s1"] == 2
    assert dict(read_itf(last["voted_for"]))["s1"] == "s1"
    assert read_itf(json.loads(itf_json(examples.figure_8()))["states"][0]["voted_for"]) == frozenset(
        {("s1", "Nil"), ("s2", "Nil"), ("s3", "Nil")}
    )


def test_a_message_in_flight_twice_is_counted_twice() -> None:
    states = json.loads(itf_json(examples.rumour()))["states"]
    bag = dict(read_itf(states[2]["network"]))
    assert sorted(bag.values()) == [1, 2]
    assert states[2]["#meta"]["action"] == "duplicate_message"


def test_without_declared_containers_an_object_of_members_is_a_map() -> None:
    from msgspec import structs

    whole = examples.two_leaders()
    unknown = structs.replace(whole, shape=structs.replace(whole.shape, containers={}))
    first = json.loads(itf_json(unknown))["states"][0]
    assert dict(read_itf(first["role"]))["s1"] == "FOLLOWER"
    assert first["messages"] == {"#map": []}


def test_the_file_stays_as_it_is(golden) -> None:
    """Die Hard in the Informal Trace Format: integers are #bigint, and each state says which action led to it."""
    golden("puzzle.itf.json", itf_json(examples.puzzle()))
