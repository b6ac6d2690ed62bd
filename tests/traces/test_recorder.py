"""What the core's observer and the recorder write: etcd's form, etcd's order, and the identities beyond it."""

from __future__ import annotations

import gzip
import io
import os
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from raftproof.impl.core import Campaign, Raft, Settings, bootstrap
from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import World, parse, plan
from raftproof.traces.recorder import Recorder, append_to

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


def etcds_lines(file: str, nid: str) -> list[dict[str, Any]]:
    """What a real etcd's library logged of one server."""
    with gzip.open(f"{os.environ['RAFTPROOF_TRACES']}/good/{file}") as lines:
        events = [msgspec.json.decode(line)["event"] for line in lines]
    return [event for event in events if event["nid"] == nid]


@pytest.mark.real("traces")
def test_a_founding_server_begins_with_the_very_lines_of_etcd() -> None:
    ours = [event for event in recorded(1, "none", 300) if event["nid"] == "1"]
    assert ours[:11] == etcds_lines("stable3-s1-n120.ndjson.gz", "1")[:11]


@pytest.mark.real("traces")
def test_a_restarted_server_begins_with_the_lines_of_etcd() -> None:
    """The same events with the same fields; what the server had stored shows where it shows in etcd."""
    theirs = etcds_lines("snapshot3-s9-n1300.ndjson.gz", "1")
    begins = [place for place, event in enumerate(theirs) if event["name"] == "InitState"][-1]
    ours = recorded(2, "crash", 3000)
    restart = [place for place, event in enumerate(ours) if event["name"] == "InitState"][-1]
    nid = ours[restart]["nid"]
    mine = [event for event in ours[restart:] if event["nid"] == nid]
    for our, their in zip(mine[:3], theirs[begins : begins + 3], strict=True):
        assert our["name"] == their["name"]
        assert set(our) == {*their, "raftproof"}
        assert (our["state"]["term"] == 0) == (their["state"]["term"] == 0)
        assert our["conf"][0] == [] or our["name"] == "BecomeFollower"
    assert mine[0]["state"]["commit"] == mine[1]["state"]["commit"] <= mine[2]["state"]["commit"]


def test_every_proposal_is_answered_by_the_leaders_own_disk() -> None:
    """Between two Readys as well: Replicate with the old log, then the leader's answer to itself with the new one."""
    events: list[Any] = []
    raft = Raft(
        Settings(id=1), random=lambda _: 0, snapshot=bootstrap((1,)), hard_state=None, observer=Trace(events.append)
    )
    raft.step(Campaign())
    while (ready := raft.ready()) is not None:
        if ready.must_sync:
            raft.stored(ready.number)
    assert raft.role.name == "LEADER"
    del events[:]
    raft.propose(b"a")
    raft.propose(b"b")
    assert [(event["name"], event["log"]) for event in events] == [
        ("Replicate", 2),
        ("SendAppendEntriesResponse", 3),
        ("Replicate", 3),
        ("SendAppendEntriesResponse", 4),
    ]


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

    pairs = [(run(None), run(lambda *_: None)) for _ in range(7)]
    without, idle = (min(one) for one in zip(*pairs, strict=True))
    assert without[0] == idle[0] == run(Trace(lambda _: None))[0]
    assert idle[1] < 1.25 * without[1], "measured: 1.03"


def test_what_a_server_says_is_in_the_file_before_its_messages_leave(tmp_path: Path) -> None:
    """At every Ready the file on the disk holds all events up to it, so a kill takes nothing that others have seen."""
    path = tmp_path / "s1.ndjson"
    with append_to(path) as file:
        recorder = Recorder(file)
        recorder.write({"name": "BecomeFollower"})
        assert path.stat().st_size == 0
        recorder.write({"name": "Ready"})
        assert path.read_bytes().count(b"\n") == 2


def test_a_server_that_starts_again_goes_on_behind_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "s1.ndjson"
    path.write_bytes(b'{"event":1}\n{"event":2}\n{"eve' + b"n" * 200_000)
    with append_to(path) as file:
        file.write(b'{"event":3}\n')
    assert path.read_bytes() == b'{"event":1}\n{"event":2}\n{"event":3}\n'
    path.write_bytes(b'{"torn')
    append_to(path).close()
    assert path.read_bytes() == b""
