"""Logs of several servers, put together by what they sent each other, whatever their clocks say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import World, parse, plan
from raftproof.traces.merging import Mark, MissingLog, merge, together
from raftproof.traces.merging import mark_of as read_mark
from raftproof.traces.reading import Malformed
from raftproof.traces.recorder import Recorder

Event = dict[str, Any]


def simulated(seed: int, faults: str = "all", steps: int = 2000) -> list[Event]:
    """What a cluster did, in the order in which it did it; `ts` is the true time."""
    events: list[Event] = []
    World(plan(seed, steps, parse(faults)), Trace(events.append)).run()
    for time, event in enumerate(events):
        event["ts"] = float(time)
    return events


def mark_of(event: Event) -> Mark:
    name, nid, message = event["name"], event["nid"], event.get("msg")
    if message is None:
        return Mark(nid, event["ts"], is_ready=name == "Ready")
    number = event["raftproof"]["message"]
    if name.startswith("Send"):
        return Mark(nid, event["ts"], sends=number)
    return Mark(nid, event["ts"], source=message["from"] if message["from"] != nid else "", receives=number)


def by_server(events: Iterable[Event]) -> dict[str, list[Event]]:
    logs: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        logs[event["nid"]].append(event)
    return logs


def merged(logs: Iterable[Iterable[Event]]) -> list[Event]:
    return list(merge(logs, mark_of))


def assert_could_have_been(events: list[Event]) -> int:
    """Every message is received after a Ready that follows its sending; how many were."""
    left: dict[str, set[int]] = defaultdict(set)
    sent: dict[str, set[int]] = defaultdict(set)
    received = 0
    for event in events:
        mark = mark_of(event)
        if mark.sends:
            sent[mark.server].add(mark.sends)
        elif mark.is_ready:
            left[mark.server] |= sent[mark.server]
        elif mark.source:
            assert mark.receives in left[mark.source]
            received += 1
    return received


@pytest.mark.parametrize("seed", [0, 7, 11])
def test_clocks_that_agree_give_the_true_order_back(seed: int) -> None:
    events = simulated(seed)
    assert merged(by_server(events).values()) == events


@pytest.mark.parametrize("seed", [0, 7, 11, 23])
def test_clocks_that_disagree_give_an_order_that_could_have_been(seed: int) -> None:
    """Each clock is off by its own amount and runs at its own speed; one stands still."""
    events = simulated(seed)
    logs = by_server(events)
    chance = Random(seed)
    for place, log in enumerate(logs.values()):
        offset, speed = chance.uniform(-5000, 5000), chance.uniform(0.2, 5) if place else 0.0
        for event in log:
            event["ts"] = offset + speed * event["ts"]
    found = merged(logs.values())
    assert by_server(found) == logs, "no line is lost, and every log keeps its order"
    assert assert_could_have_been(found) > 300
    assert found != events


def test_the_time_decides_only_between_lines_that_may_both_come() -> None:
    sender = [{"nid": "1", "ts": 9.0, "name": "SendA", "msg": {"from": "1"}, "raftproof": {"message": 1}}]
    sender += [{"nid": "1", "ts": 9.0, "name": "Ready"}]
    receiver = [{"nid": "2", "ts": 1.0, "name": "ReceiveA", "msg": {"from": "1"}, "raftproof": {"message": 1}}]
    idle = [{"nid": "3", "ts": 5.0, "name": "Commit"}]
    assert [event["ts"] for event in merged([receiver, idle, sender])] == [5.0, 9.0, 9.0, 1.0]


def test_what_was_never_sent_comes_last_and_is_for_others_to_judge() -> None:
    events = simulated(3, "none", 600)
    logs = by_server(events)
    forged = next(event for event in logs["2"] if mark_of(event).source == "1")
    forged["raftproof"] = {**forged["raftproof"], "message": 1 << 50}
    found = merged(logs.values())
    assert len(found) == len(events)
    assert by_server(found) == logs


def test_messages_that_were_sent_because_of_each_other_do_not_stop_it() -> None:
    def log(nid: str, other: str) -> list[Event]:
        receives = {"nid": nid, "ts": 1.0, "name": "Receive", "msg": {"from": other}, "raftproof": {"message": 5}}
        sends = {"nid": nid, "ts": 2.0, "name": "Send", "msg": {"from": nid}, "raftproof": {"message": 5}}
        return [receives, sends, {"nid": nid, "ts": 3.0, "name": "Ready"}]

    found = merged([log("1", "2"), log("2", "1")])
    assert [event["nid"] for event in found] == ["1", "1", "1", "2", "2", "2"]


def test_a_log_that_is_not_there_is_named_with_the_first_line_that_needs_it() -> None:
    logs = by_server(simulated(3, "none", 600))
    del logs["1"]
    with pytest.raises(MissingLog) as missing:
        merged(logs.values())
    assert missing.value.server == "1"
    assert mark_of(missing.value.line).source == "1"  # type: ignore[arg-type]


def test_a_message_that_never_left_its_sender_is_not_waited_for_in_a_later_life() -> None:
    """Its sender died before the Ready; numbers of the next life are higher or lower, and tell nothing about it."""
    sends = {"nid": "1", "ts": 1.0, "name": "Send", "msg": {"from": "1"}, "raftproof": {"message": (9 << 32) + 1}}
    again = {"nid": "1", "ts": 3.0, "name": "Send", "msg": {"from": "1"}, "raftproof": {"message": (4 << 32) + 1}}
    takes = {"nid": "2", "ts": 2.0, "name": "Receive", "msg": {"from": "1"}, "raftproof": {"message": (4 << 32) + 1}}
    found = merged([[sends, again, {"nid": "1", "ts": 4.0, "name": "Ready"}], [takes]])
    assert [event["ts"] for event in found] == [1.0, 3.0, 4.0, 2.0]


def written(path: Path, events: Iterable[Event]) -> str:
    with path.open("wb") as file:
        recorder = Recorder(file)
        for event in events:
            recorder.write(event)
    return str(path)


def test_files_are_put_together_and_every_event_keeps_its_place(tmp_path: Path) -> None:
    events = simulated(5)
    for event in events:
        del event["ts"]
    logs = by_server(events)
    paths = [written(tmp_path / f"s{nid}.ndjson", log) for nid, log in logs.items()]
    found = list(together(paths))
    assert len(found) == len(events)
    for nid, log in logs.items():
        own = [line for line in found if line.event.nid == nid]
        assert [line.number for line in own] == list(range(1, len(log) + 1))
        assert [(line.event.name, line.event.state.term) for line in own] == [
            (event["name"], event["state"]["term"]) for event in log
        ]
    left: set[tuple[str, int]] = set()
    for mark in map(read_mark, found):
        if mark.sends:
            left.add((mark.server, mark.sends))
        assert not mark.source or (mark.source, mark.receives) in left


def test_a_missing_file_a_doubled_one_and_a_message_without_a_number_are_malformed(tmp_path: Path) -> None:
    logs = by_server(simulated(3, "none", 600))
    paths = [written(tmp_path / f"s{nid}.ndjson", log) for nid, log in logs.items()]
    with pytest.raises(Malformed, match=r"a message of server 1 is received, whose log is missing; name the files"):
        list(together(paths[1:]))
    again = written(tmp_path / "again.ndjson", logs["1"])
    with pytest.raises(Malformed, match=r"again.ndjson:1: server 1 is in .*s1.ndjson too"):
        list(together([*paths, again]))
    next(event for event in logs["2"] if "msg" in event)["raftproof"]["message"] = 0
    paths[1] = written(tmp_path / "s2.ndjson", logs["2"])
    with pytest.raises(Malformed, match=r"s2.ndjson:\d+: the message has no number; start every server with --trace"):
        list(together(paths))
