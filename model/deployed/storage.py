"""What is on disk, and when: the point of persistence (etcd's Ready), restarts, compaction and snapshots (§7)."""

from __future__ import annotations

from raftproof.model.deployed.parts import (
    become_follower,
    cut,
    enter_term,
    has,
    has_change,
    is_member,
    post,
    release,
    take,
    term_at,
)
from raftproof.model.deployed.replication import follow
from raftproof.model.deployed.state import Answer, Deployed, InstallSnapshot, Promise, Role, Snapshot, everything
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Index, Server


def is_clean(s: Deployed, i: Server) -> bool:
    """Whether the disk holds all that must not be lost; a commit index alone is no reason to write."""
    same_log = s.stored[i] == len(s.log[i]) and len(s.disk_log[i]) == len(s.log[i])
    same_state = s.disk_term[i] == s.current_term[i] and s.disk_vote[i] == s.voted_for[i]
    return same_log and same_state and s.snapshot[i] == s.disk_snapshot[i]


def write(s: Deployed, i: Server) -> None:
    """The disk takes term, vote, commit index, log and snapshot."""
    s.disk_term[i] = s.current_term[i]
    s.disk_vote[i] = s.voted_for[i]
    s.disk_commit[i] = s.commit_index[i]
    s.disk_snapshot[i] = s.snapshot[i]
    s.disk_log[i].truncate(s.stored[i])
    for k in range(s.stored[i] + 1, len(s.log[i]) + 1):
        s.disk_log[i].append(s.log[i][k])
    s.stored[i] = len(s.log[i])


@everything.action(Rule.TERM_PERSISTED, Rule.VOTE_PERSISTED, Rule.LOG_PERSISTED)
def ready(s: Deployed, i: Server) -> bool:
    """Server i writes to its disk, and only then sends its answers: etcd's Ready."""
    if is_clean(s, i) and len(s.outbox[i]) == 0:
        return False
    write(s, i)
    for k in range(1, len(s.outbox[i]) + 1):
        release(s, i, s.outbox[i][k])
    s.outbox[i].truncate(0)
    return True


def may_be_left(s: Deployed, i: Server, latest: bool, keep: int) -> bool:
    """Whether a crash may leave this on the disk: of the latest state all, nothing, the hard state alone, or entries up
    to any place; a snapshot that is not on the disk yet comes whole or not at all."""
    if keep > len(s.log[i]) or (keep > 0 and keep <= s.stored[i]):
        return False
    if s.snapshot[i] != s.disk_snapshot[i]:
        return keep == (len(s.log[i]) if latest else 0)
    return keep > 0 or not latest or not (s.disk_term[i] == s.current_term[i] and s.disk_vote[i] == s.voted_for[i])


def begin(s: Deployed, i: Server) -> None:
    """Server i starts from what it found: a follower of nobody, with its snapshot applied and nothing beyond it."""
    enter_term(s, i, s.current_term[i])
    s.role[i] = Role.FOLLOWER
    s.commit_index[i] = max(min(s.commit_index[i], len(s.log[i])), s.snapshot[i].last_index)
    s.compacted[i] = min(s.compacted[i], s.snapshot[i].last_index)
    s.applied[i] = s.snapshot[i].last_index
    s.configuration[i] = s.snapshot[i].configuration
    s.outbox[i].truncate(0)
    write(s, i)


@everything.action(Rule.TERM_PERSISTED, Rule.VOTE_PERSISTED, Rule.LOG_PERSISTED, fault="restart")
def restart(s: Deployed, i: Server, latest: bool, keep: Index) -> bool:
    """Server i crashes and starts again from its disk, or from a write that the crash interrupted.

    Of that it finds the hard state if `latest`, and the entries up to `keep` if not 0; answers that waited are gone.
    A commit index comes with the entries that it speaks of, or not at all: a log is written before it.
    """
    if not may_be_left(s, i, latest, keep):
        return False
    if not latest or keep < s.commit_index[i]:
        s.commit_index[i] = s.disk_commit[i]
    if keep > 0:
        cut(s, i, keep)
    else:
        cut(s, i, s.stored[i])
        for k in range(s.stored[i] + 1, len(s.disk_log[i]) + 1):
            s.log[i].append(s.disk_log[i][k])
    if not latest:
        s.current_term[i] = s.disk_term[i]
        s.voted_for[i] = s.disk_vote[i]
        s.snapshot[i] = s.disk_snapshot[i]
    if not s.upholds(Rule.TERM_PERSISTED):
        s.current_term[i] = 1
        s.voted_for[i] = NIL
    begin(s, i)
    return True


# --------------------------------------------------------------------------------------------------- snapshots


@everything.action(Rule.APPLY_COMMITTED)
def compact(s: Deployed, i: Server, index: Index) -> bool:
    """Server i stores a snapshot of what it has applied, and discards the entries that it stands for (§7)."""
    if index <= s.snapshot[i].last_index or index > min(s.commit_index[i], s.stored[i]) or index < s.applied[i]:
        return False
    if has_change(s, i, s.applied[i] + 1, index) or s.snapshot[i] != s.disk_snapshot[i]:
        return False
    s.snapshot[i] = Snapshot(index, s.configuration[i])
    s.disk_snapshot[i] = Snapshot(index, s.configuration[i])
    s.compacted[i] = index
    return True


@everything.action(Rule.SEND_ENTRIES)
def send_snapshot(s: Deployed, i: Server, j: Server) -> bool:
    """Leader i sends j its snapshot where the entries that j lacks are discarded (§7)."""
    index = s.disk_snapshot[i].last_index
    if s.role[i] != Role.LEADER or i == j or not is_member(s, i, j) or index == 0:
        return False
    if s.match_index[i][j] >= s.compacted[i] and s.upholds(Rule.SEND_ENTRIES):
        return False
    s.messages.send(
        InstallSnapshot(
            term=s.current_term[i],
            last_index=index,
            last_term=term_at(s, i, index),
            configuration=s.disk_snapshot[i].configuration,
            source=i,
            dest=j,
        )
    )
    return True


def install(s: Deployed, i: Server, m: InstallSnapshot) -> None:
    """A snapshot takes the place of the log. Its entries are those of its sender, who keeps them for ever."""
    for k in range(1, min(m.last_index, len(s.log[m.source])) + 1):
        take(s, i, k, s.log[m.source][k], False)
    cut(s, i, min(m.last_index, len(s.log[i])))
    s.commit_index[i] = m.last_index
    s.compacted[i] = m.last_index
    s.snapshot[i] = Snapshot(m.last_index, m.configuration)
    s.applied[i] = m.last_index
    s.configuration[i] = m.configuration


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN, Rule.REFUSE_STALE, Rule.YIELD_TO_LEADER, Rule.SNAPSHOT_NOT_OLDER)
def receive_snapshot(s: Deployed, m: InstallSnapshot) -> bool:
    """Follower i takes a snapshot that tells it something, and answers with what is now known to match (Figure 13).

    If it has the snapshot's last entry, all that it learns is that everything up to there is committed. As in etcd,
    a snapshot of a configuration that i is no member of is ignored.
    """
    i = m.dest
    s.messages.discard(m)
    if m.term < s.current_term[i]:
        return True
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, m.source)
    if s.role[i] == Role.LEADER:
        return True
    follow(s, i, m.source)
    there = m.configuration.voters | m.configuration.outgoing | m.configuration.learners
    is_news = m.last_index > s.commit_index[i] or not s.upholds(Rule.SNAPSHOT_NOT_OLDER)
    if is_news and has(there, i):
        if term_at(s, i, m.last_index) == m.last_term and s.upholds(Rule.SNAPSHOT_NOT_OLDER):
            s.commit_index[i] = m.last_index
        else:
            install(s, i, m)
    post(s, i, Answer(Promise.APPEND, m.source, s.current_term[i], False, s.commit_index[i], 0, 0))
    return True
