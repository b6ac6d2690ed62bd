"""What the core's observer and the recorder write: etcd's form, etcd's order, and the identities beyond it."""

from __future__ import annotations

import io
import time
from collections import Counter, defaultdict
from typing import Any

import msgspec

from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import World, parse, plan
from raftproof.traces.recorder import Recorder

MESSAGE_KEYS = {
    "type", "term", "from", "to", "entries", "logTerm", "index", "commit", "vote", "reject", "rejectHint",
}  # fmt: skip


def recorded(seed: int, faults: str = "all", steps: int = 2000) -> list[dict[str, Any]]:
    file = io.BytesIO()
    recorder = Recorder(file)
    World(plan(seed, steps, parse(faults)), Trace(recorder.write)).run()
    lines = [msgspec.json.decode(line) for line in file.getvalue().splitlines()]
    assert recorder.events == len(lines)
    assert all(line["tag"] == "trace" for line in lines)
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    return [line["event"] for line in lines]


def test_every_event_has_the_fields_that_etcd_writes() -> None:
    for event in recorded(3):
        assert {"name", "nid", "state", "role", "log", "conf"} <= set(event)
        assert set(event["state"]) == {"term", "vote", "commit"}
        if "msg" in event:
            assert set(event["msg"]) == MESSAGE_KEYS
            own = event["msg"]["from"] if event["name"].startswith("Send") else event["msg"]["to"]
            assert own == event["nid"]


def test_every_received_message_was_sent_and_nothing_of_it_has_changed() -> None:
    sent: dict[tuple[str, int], dict[str, Any]] = {}
    received = 0
    for event in recorded(4):
        if "msg" not in event:
            continue
        identity = (event["msg"]["from"], event["raftproof"]["message"])
        if event["name"].startswith("Send"):
            assert identity not in sent, "a message's number is its identity, across restarts too"
            sent[identity] = event["msg"]
        else:
            assert event["msg"] == sent[identity]
            received += 1
    assert received > 300


def test_a_ready_of_the_sender_lies_between_sending_and_receiving() -> None:
    since: dict[str, set[int]] = defaultdict(set)
    for event in recorded(5):
        name, nid = event["name"], event["nid"]
        if name == "Ready" or name == "InitState":
            since[nid].clear()
        elif name.startswith("Send"):
            since[nid].add(event["raftproof"]["message"])
        elif "msg" in event:
            assert event["raftproof"]["message"] not in since[event["msg"]["from"]]


def test_a_founding_server_begins_as_in_etcd() -> None:
    events = [event for event in recorded(1, "none", 300) if event["nid"] == "1"]
    names = [event["name"] for event in events[:7]]
    assert names == ["InitState", "ApplyConfChange", "BecomeFollower", "BecomeFollower"] + ["ApplyConfChange"] * 3
    assert [event["log"] for event in events[:7]] == [0, 0, 0, 0, 3, 3, 3]


def test_a_campaign_is_written_in_etcds_order() -> None:
    events = recorded(1, "none", 300)
    first = next(place for place, event in enumerate(events) if event["name"] == "BecomeCandidate")
    nid = events[first]["nid"]
    names = [event["name"] for event in events[first:] if event["nid"] == nid][:12]
    assert sorted(names[1:4]) == ["SendRequestVoteRequest", "SendRequestVoteRequest", "SendRequestVoteResponse"]
    assert names[4:6] == ["Ready", "ReceiveRequestVoteResponse"]
    win = [event["name"] for event in events if event["nid"] == nid]
    won = win.index("BecomeLeader")
    assert win[won - 1] == "ReceiveRequestVoteResponse"
    assert win[won + 1 : won + 6] == [
        "Replicate",
        "SendAppendEntriesResponse",
        "SendAppendEntriesRequest",
        "SendAppendEntriesRequest",
        "Ready",
    ]


def test_a_vote_shows_at_the_next_event_and_an_append_after_it_is_taken() -> None:
    last: dict[str, dict[str, Any]] = {}
    checked = Counter[str]()
    for event in recorded(1, "none", 600):
        nid = event["nid"]
        if event["name"] == "SendRequestVoteResponse" and event["msg"]["to"] != nid:
            assert event["state"]["vote"] == "0"
            last[nid] = event
        elif nid in last:
            assert event["state"]["vote"] == last.pop(nid)["msg"]["to"]
            checked["vote"] += 1
        if event["name"] == "SendAppendEntriesResponse" and event["msg"]["type"] == "MsgAppResp":
            assert event["log"] >= event["msg"]["index"]
            checked["append"] += 1
    assert checked["vote"] >= 2
    assert checked["append"] > 20


def test_appends_carry_the_terms_of_their_entries() -> None:
    appends = [
        event
        for event in recorded(6)
        if event["name"] == "SendAppendEntriesRequest" and event["msg"]["type"] == "MsgApp"
    ]
    assert any(event["msg"]["entries"] for event in appends)
    for event in appends:
        assert len(event["raftproof"]["terms"]) == event["msg"]["entries"]
        assert set(event["prop"]) == {"match", "next"}


def test_an_observer_changes_nothing_and_an_idle_one_costs_nearly_nothing() -> None:
    def run(observer: Any) -> tuple[str, float]:
        began = time.process_time()
        digest = World(plan(8, 3000, parse("all")), observer).run().digest
        return digest, time.process_time() - began

    without = min(run(None) for _ in range(5))
    idle = min(run(lambda *_: None) for _ in range(5))
    assert without[0] == idle[0] == run(Trace(lambda _: None))[0]
    assert idle[1] < 1.5 * without[1]
