"""Departures that no mutation of a legal trace reaches: each check is shown to be able to fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from raftproof.traces.conformance import follow
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure, Mixed
from raftproof.traces.conformance.machine import Machine
from raftproof.traces.conformance.server import Server
from raftproof.traces.conformance.storage import Fixed
from raftproof.traces.events import Change, Event, Placed
from raftproof.traces.reading import in_file_order, opened

GOOD = Path(__file__).parent / "corpus" / "good"
OWN = GOOD.parent / "own"


def trace(name: str, folder: Path = GOOD) -> list[Placed]:
    path = str(folder / f"{name}.ndjson.gz")
    with opened(path) as file:
        return list(in_file_order(path, file))


def receives_snapshot(event: Event) -> bool:
    return event.name == "ReceiveAppendEntriesRequest" and event.msg is not None and event.msg.type == "MsgSnap"


def server(cluster: Cluster, nid: str, terms: list[int]) -> Server:
    s = Server(nid, cluster.machine.add(nid))
    s.log, s.last = [0, *(cluster.entry(term, None) for term in terms)], len(terms)
    return s


def test_two_entries_committed_at_one_index_break_state_machine_safety() -> None:
    cluster = Cluster(strict=False)
    cluster.commit(server(cluster, "1", [1, 1, 2]), 3)
    with pytest.raises(Departure, match="commits an entry of term 3 at index 3") as caught:
        cluster.commit(server(cluster, "2", [1, 1, 3]), 3)
    assert (caught.value.rule, caught.value.cause) == ("StateMachineSafety", "safety")


def test_two_leaders_of_a_term_break_election_safety() -> None:
    cluster = Cluster(strict=False)
    for nid in ("1", "2"):
        s = server(cluster, nid, [1])
        s.term = 4
        if nid == "1":
            cluster.lead(s)
    with pytest.raises(Departure, match="which server 1 led before"):
        cluster.lead(s)


def test_a_leader_without_a_committed_entry_breaks_leader_completeness() -> None:
    cluster = Cluster(strict=False)
    first = server(cluster, "1", [1, 2])
    first.term = 2
    cluster.commit(first, 2)
    late, new = server(cluster, "2", [1]), server(cluster, "3", [1])
    late.term, new.term = 1, 3
    cluster.lead(late)  # of an older term than the commitment: it may lack the entry
    with pytest.raises(Departure, match="without the committed entry 2 of term 2"):
        cluster.lead(new)


def test_founders_know_the_same_first_voters() -> None:
    cluster = Cluster(strict=False)
    s = server(cluster, "1", [])
    cluster.found(s, ("1", "2", "3"))
    cluster.found(s, ("1", "2", "3"))
    with pytest.raises(Departure, match="same voters"):
        cluster.found(s, ("1", "2", "4"))
    with pytest.raises(Mixed):
        cluster.found(s, ("7", "8"))


def test_a_change_is_entered_in_one_way_by_all() -> None:
    cluster = Cluster(strict=False)
    s = server(cluster, "1", [1])
    s.log[1] = cluster.entry(1, (Change("2", "AddNewServer"),))
    cluster.commit(s, 1)
    cluster.enters(0, joint=False)
    with pytest.raises(Departure, match="is joint here"):
        cluster.enters(0, joint=True)


def test_a_message_to_oneself_does_not_survive_a_restart() -> None:
    items = trace("crash3-s4-n800")
    sent = {i.event.nid: i.event for i in items[:200] if i.event.msg and i.event.msg.source == i.event.msg.dest}
    starts = [k for k, i in enumerate(items) if i.event.name == "InitState" and i.event.nid in sent and k > 200]
    at = starts[0] + 2
    loaded: Event = items[at].event
    old = sent[loaded.nid]
    name = old.name.replace("Send", "Receive")
    ghost = msgspec.structs.replace(loaded, name=name, msg=old.msg)
    outcome = follow([*items[: at + 1], Placed("t", 9999, ghost), *items[at + 1 :]])
    assert (outcome.verdict, outcome.line) == ("rejected", 9999)
    assert outcome.departure is not None
    assert "before it restarted" in outcome.departure.condition


def test_strict_demands_the_commit_that_is_possible() -> None:
    items = trace("stable3-s1-n1000")
    moving = next(
        k
        for k, i in enumerate(items)
        if i.event.name == "Commit" and i.event.state.commit > items[k - 1].event.state.commit
    )
    without = [*items[:moving], *items[moving + 1 :]]
    lagging = follow(without, strict=True)
    assert lagging.verdict == "rejected"
    assert lagging.departure is not None
    assert lagging.departure.rule == "commit_quorum"
    assert follow(without).verdict == "rejected"  # the next line shows a commit index that nobody moved


def test_a_message_is_received_before_the_ready_that_carries_it_only_without_strict() -> None:
    items = trace("stable3-s1-n120")
    ready = next(
        k
        for k, i in enumerate(items)
        if i.event.name == "Ready"
        and items[k - 1].event.name.startswith("Send")
        and i.event.nid == items[k - 1].event.nid
    )
    without = [*items[:ready], *items[ready + 1 :]]
    assert follow(without).verdict == "accepted"
    strict = follow(without, strict=True)
    assert strict.verdict == "rejected"
    assert strict.departure is not None
    assert "before the Ready" in strict.departure.condition


def test_a_message_of_ours_is_received_with_the_entries_that_were_sent() -> None:
    items = trace("torture-s5-n600", OWN)
    at = next(
        k
        for k, i in enumerate(items)
        if i.event.name == "ReceiveAppendEntriesRequest" and i.event.raftproof and i.event.raftproof.terms
    )
    event = items[at].event
    assert event.raftproof is not None
    assert event.raftproof.terms is not None
    other = msgspec.structs.replace(event.raftproof, terms=tuple(term + 1 for term in event.raftproof.terms))
    changed = msgspec.structs.replace(event, raftproof=other)
    outcome = follow([*items[:at], Placed("t", items[at].number, changed), *items[at + 1 :]])
    assert (outcome.verdict, outcome.line) == ("rejected", items[at].number)
    assert outcome.departure is not None
    assert outcome.departure.rule == "log_matching"


def test_a_change_of_membership_waits_until_a_restored_snapshot_is_on_disk() -> None:
    items = trace("torture-s15-n600", OWN)
    snapshot = next(k for k, i in enumerate(items) if receives_snapshot(i.event))
    restored = items[snapshot].event.nid
    _, apply, *_ = (
        k for k, i in enumerate(items) if k > snapshot and (i.event.nid, i.event.name) == (restored, "ApplyConfChange")
    )
    unwritten = [
        item
        for k, item in enumerate(items)
        if not snapshot < k < apply or (item.event.nid, item.event.name) != (restored, "Ready")
    ]
    outcome = follow(unwritten)
    assert outcome.line == items[apply].number
    assert outcome.departure is not None
    assert outcome.departure.refused == ("membership.apply_change: s.snapshot[i] != s.disk_snapshot[i]",)


def test_the_model_decides_what_a_change_of_membership_leads_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of a trace show one thing, and the model another, if its rule of membership is another."""
    assert follow(trace("conf3-s7-n1000")).verdict == "accepted"
    act = Machine.act

    def forgetful(machine: Machine, name: str, *arguments: Any, off: int = 0) -> bool:
        if name != "apply_change":
            return act(machine, name, *arguments, off=off)
        machine.put(arguments[0], "applied", machine.get(arguments[0], "applied") + 1)
        return True

    monkeypatch.setattr(Machine, "act", forgetful)
    outcome = follow(trace("conf3-s7-n1000"))
    assert outcome.departure is not None
    assert outcome.departure.rule == "apply_change"
    assert "leads to" in outcome.departure.condition


def test_the_log_of_an_older_leader_shares_what_is_committed() -> None:
    committed = [0, 11, 12, 13]
    fixed = Fixed([0, 11, 12, 23, 24], committed)
    committed += [14, 15]
    assert [fixed[k] for k in range(5)] == [0, 11, 12, 23, 24]
    for first in range(6):
        for end in range(first, 7):
            assert fixed.part(first, end) == [0, 11, 12, 23, 24][first:end]
