"""What the fields of a server promise, asserted all at once: too costly for every event of a server that runs, so it is
done only where `Settings.check_invariants` is set, before each Ready is given out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from raftproof.impl.core.entries import NONE
from raftproof.impl.core.log import Log
from raftproof.impl.core.progress import PROBE, REPLICATE
from raftproof.impl.core.roles import CANDIDATE, FOLLOWER, LEADER, PRE_CANDIDATE

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


def check(raft: Raft) -> None:
    """Every invariant that a field's comment states."""
    _check_log(raft.log)
    _check_indexes(raft)
    _check_configuration(raft)
    _check_role(raft)
    if raft.role is LEADER:
        _check_progress(raft)


def _check_log(log: Log) -> None:
    entries = log.entries
    assert log.last_index == log.base_index + len(entries), "last_index is not the last entry's"
    assert log.base_index <= log.offered_index <= log.last_index, "the marks of the log are out of order"
    assert log.stored_index <= log.offered_index, "an entry is stored that was never given to the disk"
    assert all(entry.index == place for place, entry in enumerate(entries, log.base_index + 1)), "the log has a gap"
    assert all(a.term <= b.term for a, b in pairwise(entries)), "terms fall along the log"
    assert not entries or log.base_term <= entries[0].term, "terms fall behind the snapshot"
    assert all(a[0] < b[0] for a, b in pairwise(log.writes)), "writes in flight are out of order"


def _check_indexes(raft: Raft) -> None:
    log = raft.log
    assert raft.applied_index <= raft.applying_index <= raft.commit_index <= log.last_index, "indexes are out of order"
    assert log.base_index <= raft.snapshot.index, "entries were discarded that no snapshot holds"
    assert log.last_term <= raft.current_term, "an entry is of a later term than the server"
    assert raft.stored_number <= raft.write_number, "a write is durable that was never given out"


def _check_configuration(raft: Raft) -> None:
    now = raft.configuration
    voting = {*now.voters, *now.outgoing}
    for servers in (now.voters, now.outgoing, now.learners, now.learners_next):
        assert list(servers) == sorted(set(servers)), "a configuration is not in order"
    assert not voting.intersection(now.learners), "a server both votes and learns"
    assert set(now.learners_next) <= set(now.outgoing), "a future learner does not vote now"
    assert now.outgoing or not now.auto_leave, "there is nothing to leave"


def _check_role(raft: Raft) -> None:
    if raft.role in (CANDIDATE, PRE_CANDIDATE):
        assert raft.leader == NONE, "a candidate knows a leader"
    else:
        assert not raft.votes or raft.role is LEADER, "votes are counted by no candidate"
    if raft.role is CANDIDATE or raft.role is LEADER:
        assert raft.voted_for == raft.id, "a candidate did not vote for itself"
    if raft.role is FOLLOWER:
        assert raft.leader != raft.id, "a follower follows itself"
    if raft.role is not LEADER:
        assert not (raft.reads_early or raft.reads_asked or raft.reads_waiting), "reads wait at no leader"


def _check_progress(raft: Raft) -> None:
    assert raft.leader == raft.id, "a leader follows another"
    assert set(raft.progress) == set(raft.configuration.servers), "a leader's progress is not of its servers"
    last = raft.log.last_index
    for server, progress in raft.progress.items():
        assert progress.match_index < progress.next_index <= last + 1, f"next_index of server {server} is out of place"
        assert len(progress.inflight) <= raft.settings.max_inflight, f"too much is ahead of server {server}"
        assert progress.flow is REPLICATE or not progress.inflight, f"server {server} is not sent ahead"
        assert progress.flow is PROBE or not progress.paused, f"server {server} is paused without a probe"
        assert list(progress.inflight) == sorted(progress.inflight), f"appends to server {server} are out of order"
