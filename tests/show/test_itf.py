"""ITF, read back by a reader that knows only the format."""

from __future__ import annotations

import json
from typing import Any

import show_examples as examples

from raftproof.checker.show.behavior import behavior_of
from raftproof.checker.show.itf import itf_json

FORMS = {"#bigint", "#set", "#map", "#tup"}


def read(value: Any) -> Any:
    """An ITF expression as a Python value; anything that the format does not have fails."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, list):
        return tuple(map(read, value))
    assert isinstance(value, dict), f"ITF has no {value!r}"
    hashes = {key for key in value if key.startswith("#")}
    if not hashes:
        return tuple((name, read(item)) for name, item in sorted(value.items()))
    assert hashes <= FORMS
    assert len(value) == 1
    if "#bigint" in value:
        return int(value["#bigint"])
    if "#map" in value:
        assert all(len(pair) == 2 for pair in value["#map"])
        pairs = {read(key): read(item) for key, item in value["#map"]}
        assert len(pairs) == len(value["#map"]), "a map has a key twice"
        return frozenset(pairs.items())
    [items] = value.values()
    return frozenset(map(read, items)) if "#set" in value else tuple(map(read, items))


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
                read(state[name])


def test_a_map_a_set_a_sequence_and_a_bag_are_told_apart() -> None:
    last = json.loads(itf_json(examples.figure_8()))["states"][-1]
    assert dict(read(last["votes_granted"]))["s3"] == frozenset({"s2", "s3"})
    assert dict(read(last["log"]))["s3"] == ((("term", 3), ("value", "v2")),)
    assert dict(dict(read(last["next_index"]))["s3"])["s1"] == 2
    assert dict(read(last["voted_for"]))["s1"] == "s1"
    assert read(json.loads(itf_json(examples.figure_8()))["states"][0]["voted_for"]) == frozenset(
        {("s1", "Nil"), ("s2", "Nil"), ("s3", "Nil")}
    )


def test_a_message_in_flight_twice_is_counted_twice() -> None:
    states = json.loads(itf_json(examples.rumour()))["states"]
    bag = dict(read(states[2]["network"]))
    assert sorted(bag.values()) == [1, 2]
    assert states[2]["#meta"]["action"] == "duplicate_message"


def test_without_declared_containers_an_object_of_members_is_a_map() -> None:
    from msgspec import structs

    whole = examples.two_leaders()
    unknown = structs.replace(whole, shape=structs.replace(whole.shape, containers={}))
    first = json.loads(itf_json(unknown))["states"][0]
    assert dict(read(first["role"]))["s1"] == "FOLLOWER"
    assert first["messages"] == {"#map": []}


def test_the_file_stays_as_it_is(golden) -> None:
    """Die Hard in the Informal Trace Format: integers are #bigint, and each state says which action led to it."""
    golden("puzzle.itf.json", itf_json(examples.puzzle()))
