"""Log compaction (§7): a durable snapshot takes the place of the log before it, here and on a follower far behind.

A snapshot is sent whole. While the state machine of a follower does not hold it yet, nothing is applied and no election
is started; the answer to the leader waits for the disk as any other does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import membership, replication
from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import Configuration, Snapshot
from raftproof.impl.core.progress import Progress
from raftproof.impl.core.rules import SNAPSHOT_NOT_OLDER

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


def compact(raft: Raft, snapshot: Snapshot, index: int) -> None:
    """The application has stored a snapshot of what it has applied."""
    assert index <= snapshot.index <= raft.applied_index, "a snapshot holds what is not applied"
    if snapshot.index > raft.snapshot.index:
        raft.snapshot = snapshot
    raft.log.compact(min(index, raft.snapshot.index))


def send(raft: Raft, server: int, progress: Progress) -> bool:
    """The entry before next_index is discarded: send the snapshot (§7), but only to a server that answers at all."""
    if not progress.recent_active:
        return False
    assert raft.snapshot.index >= raft.log.base_index, "entries were discarded that no snapshot holds"
    raft.send_now(m.InstallSnapshot(raft.current_term, raft.id, server, raft.snapshot))
    progress.become_snapshot()
    return True


def install(raft: Raft, message: m.InstallSnapshot) -> None:
    """The receiver's rules (Figure 13); answered like an append, with the index that is now known to match."""
    replication.follow(raft, message.source)
    snapshot = message.snapshot
    index = _install(raft, snapshot)
    raft.send(m.AppendEntriesResponse(raft.current_term, raft.id, message.source, index, True))


def _install(raft: Raft, snapshot: Snapshot) -> int:
    if snapshot.index <= raft.commit_index and SNAPSHOT_NOT_OLDER not in raft.broken:
        return raft.commit_index  # all of it is here already
    if raft.log.term(snapshot.index) == snapshot.term and SNAPSHOT_NOT_OLDER not in raft.broken:
        # The existing entry has the same index and term: keep what follows it (Figure 13, rule 6). All up to it is
        # committed, which is all that the snapshot tells.
        raft.commit_index = snapshot.index
        return snapshot.index
    raft.log.restore(snapshot)
    raft.snapshot = snapshot
    raft.commit_index = snapshot.index
    raft.pending_snapshot = snapshot
    raft.configuration = Configuration()  # the one before has nothing to do with it; a trace shows it so, as etcd's
    membership.switch(raft, snapshot.configuration)
    return snapshot.index


def finish_install(raft: Raft) -> None:
    """The snapshot is durable and in the state machine: go on from it."""
    raft.snapshot_number = 0
    if raft.pending_snapshot is not None:
        return  # a newer one has come meanwhile
    log, index = raft.log, raft.snapshot.index
    log.stored_index = max(log.stored_index, log.base_index)
    raft.applied_index = raft.applying_index = index
