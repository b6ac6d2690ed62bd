"""Section 7: snapshots; thesis §10.2 and etcd: pipelining, windows, probing; and the log's bookkeeping of the disk."""

from __future__ import annotations

import pytest

from raftproof.impl.core import Configuration, Entry, Settings, Snapshot, Unreachable, bootstrap
from raftproof.impl.core import messages as m
from raftproof.impl.core.log import Log
from raftproof.impl.core.progress import PROBE, REPLICATE, SNAPSHOT
from tests.impl.core.cluster import Cluster, entries


def lagging(compact_to: int) -> Cluster:
    """Server 3 lacks what server 1 has discarded."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b", b"c")
    cluster.deliver(cluster.between(1, 2))
    cluster.drop()
    cluster[1].compact(compact_to)
    return cluster


def test_a_follower_that_lacks_discarded_entries_is_sent_the_snapshot() -> None:
    """§7: "the leader must occasionally send snapshots to followers that lag behind"."""
    cluster = lagging(7)
    cluster.tick(1)
    cluster.deliver()
    assert cluster[3].snapshot.data == b"state at 7"
    assert (cluster.raft(3).log.base_index, cluster.raft(3).commit_index) == (7, 7)
    cluster.propose(1, b"d")
    cluster.deliver()
    assert [entry.data for entry in cluster[3].applied] == [b"", b"d"]


def test_entries_kept_behind_a_snapshot_spare_the_snapshot() -> None:
    cluster = lagging(4)
    cluster.tick(1)
    cluster.deliver()
    assert cluster[3].log[-1] == (7, 2)
    assert cluster[3].snapshot.data == b""


def test_nothing_is_applied_or_campaigned_for_until_a_snapshot_is_durable() -> None:
    cluster = lagging(7)
    cluster[3].held = True
    cluster.tick(1)
    cluster.deliver()
    assert cluster.raft(3).applied_index == 4
    cluster.campaign(3)
    assert cluster.take(m.RequestVote) == []
    cluster[3].store()
    assert cluster.raft(3).applied_index == 7


def test_an_old_snapshot_is_ignored_and_its_commit_acknowledged() -> None:
    """§7: a snapshot that describes a prefix of the log changes nothing (willemt/raft#118)."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.receive(m.InstallSnapshot(2, 1, 2, Snapshot(3, 1, Configuration((1, 2, 3)), b"old")))
    (answer,) = cluster.take(m.AppendEntriesResponse, source=2)
    assert answer == m.AppendEntriesResponse(2, 2, 1, 4, True)
    assert cluster[2].snapshot.data == b""


def test_a_snapshot_of_entries_that_are_here_only_commits_them() -> None:
    """Figure 13, rule 6: "If existing log entry has same index and term as snapshot's last included entry, retain"."""
    cluster = Cluster()
    cluster[2].entries = entries(2, 2, 2)
    cluster.restart(2)
    cluster.receive(m.InstallSnapshot(2, 1, 2, Snapshot(5, 2, Configuration((1, 2, 3)), b"s")))
    assert cluster.raft(2).commit_index == 5
    assert cluster[2].log == [(4, 2), (5, 2), (6, 2)]


def test_a_lost_snapshot_is_sent_again_after_a_while() -> None:
    cluster = lagging(7)
    cluster.raft(1).progress[3].recent_active = True
    cluster.raft(1).progress[3].become_probe()
    cluster.tick(1)
    cluster.deliver(lambda message: not isinstance(message, m.InstallSnapshot))
    assert cluster.raft(1).progress[3].flow is SNAPSHOT
    assert len(cluster.take(m.InstallSnapshot)) == 1
    for _ in range(20):
        cluster.tick(1)
        cluster.deliver(lambda message: not isinstance(message, m.InstallSnapshot))
    assert cluster.take(m.InstallSnapshot) != []


def test_one_append_goes_to_a_follower_that_has_not_answered_and_many_to_one_that_has() -> None:
    cluster = Cluster()
    cluster.campaign(1)
    cluster.deliver(lambda message: not isinstance(message, m.AppendEntries))
    cluster.propose(1, b"a", b"b")
    assert len(cluster.take(m.AppendEntries, dest=2)) == 1
    assert cluster.raft(1).progress[2].flow is PROBE
    cluster.tick(1)
    cluster.deliver()
    cluster.propose(1, b"c", b"d")
    assert cluster.raft(1).progress[2].flow is REPLICATE
    assert [len(a.entries) for a in cluster.take(m.AppendEntries, dest=2) if isinstance(a, m.AppendEntries)] == [1, 1]


def test_no_more_appends_are_ahead_than_the_window_holds() -> None:
    cluster = Cluster(max_inflight=2)
    cluster.elect(1)
    for _ in range(5):
        cluster.propose(1, b"x")
    sent = [a for a in cluster.take(m.AppendEntries, dest=2) if isinstance(a, m.AppendEntries)]
    assert sum(bool(a.entries) for a in sent) == 2
    cluster.tick(1)
    cluster.deliver()
    cluster.tick(1)
    cluster.deliver()
    assert cluster[2].log == cluster[1].log


def test_an_append_holds_no_more_bytes_than_allowed_but_one_entry_at_least() -> None:
    log = Log(bootstrap((1, 2, 3)), [Entry(2, index, b"xxxx") for index in range(4, 10)])
    assert [len(log.slice_bytes(4, limit)) for limit in (0, 4, 8, 11, 1000)] == [1, 1, 2, 2, 6]


def test_a_leader_without_a_quorum_does_not_grow_without_bound() -> None:
    cluster = Cluster(max_uncommitted_bytes=10)
    cluster.elect(1)
    for id in (1, 2, 3):
        cluster.raft(1).propose(b"xxxxxx", id)
    cluster[1].drain()
    assert cluster[1].dropped == [2, 3]
    cluster.deliver()
    cluster.raft(1).propose(b"xxxxxx", 4)
    cluster[1].drain()
    assert cluster[1].dropped == [2, 3], "what is applied makes room again"


def test_after_a_failed_send_nothing_more_is_sent_ahead() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"x")
    cluster.drop()
    cluster[1].step(Unreachable(2))
    progress = cluster.raft(1).progress[2]
    assert (progress.flow, progress.next_index) == (PROBE, progress.match_index + 1)


def test_a_cut_entry_never_counts_as_stored_even_if_it_comes_back() -> None:
    """The disk may cut it after storing it: writes are done in order, and the cut is one of them."""
    log = Log(bootstrap((1, 2, 3)), [])
    log.extend(entries(2, 2))
    log.take_unoffered(1)
    log.cut(4)
    log.extend(entries(3))
    log.take_unoffered(2)
    log.cut(4)
    log.extend(entries(2, 2))
    log.take_unoffered(3)
    log.stored(1)
    assert log.stored_index == 3
    log.stored(2)
    assert log.stored_index == 3
    log.stored(3)
    assert log.stored_index == 5


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"id": 0}, "server ids are positive"),
        ({"id": 1, "election_timeout_ticks": 1}, "longer than a heartbeat"),
        ({"id": 1, "heartbeat_ticks": 0}, "at least one tick"),
        ({"id": 1, "max_inflight": 0}, "at least one append"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, int], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings(**settings)  # type: ignore[arg-type]
