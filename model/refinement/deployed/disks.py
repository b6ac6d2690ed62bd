"""How the steps that write to a disk, and those that lose what is not on it, are matched."""

from __future__ import annotations

from raftproof.model.deployed.parts import is_written
from raftproof.model.deployed.state import InstallSnapshot, Promise, Role
from raftproof.model.refinement.deployed.promises import (
    Raft,
    catch_up,
    enter,
    follow_role,
    is_whole,
    keep_append,
    keep_stored,
    keep_vote,
    learns,
    lose_rest,
    promised,
    reach_term,
    store,
    take_campaign,
    take_fall,
    take_part,
)
from raftproof.model.refinement.history import conflict, take_acknowledge, take_observe_term, take_send_append
from raftproof.model.vocabulary import Index, Server

# The disk takes what is in memory. Each kind may begin with ObserveTerm or StepDown, and end in a later term.


def is_cut(s: Raft, n: Server, last: int) -> bool:
    """Whether n's answer, to an append, promises entries up to last that conflict with those on the disk."""
    k = promised(s, n, Promise.APPEND)
    if k == 0:
        return False
    answer = s.outbox[n][k]
    return conflict(s.history, n, answer.term, 0, min(answer.log_index, last)) > 0


def is_longer(s: Raft, n: Server, last: int) -> bool:
    """Whether n's answer, to an append, promises entries up to last that the disk has none in the place of."""
    k = promised(s, n, Promise.APPEND)
    return k > 0 and min(s.outbox[n][k].log_index, last) > len(s.history.log[n])


def ready_vote(before: Raft, s: Raft, i: Server) -> bool:
    """GrantVote."""
    k = promised(before, i, Promise.VOTE)
    if k == 0:
        return False
    keep_vote(s.history, i, before.outbox[i][k])
    reach_term(before, s, i)
    return True


def ready_truncate(before: Raft, s: Raft, i: Server) -> bool:
    """Truncate, Append …, Acknowledge."""
    if not is_cut(before, i, len(before.log[i])):
        return False
    keep_append(s.history, i, before.outbox[i][promised(before, i, Promise.APPEND)], before.commit_index[i])
    reach_term(before, s, i)
    return True


def ready_append(before: Raft, s: Raft, i: Server) -> bool:
    """Append …, Acknowledge."""
    if not is_longer(before, i, len(before.log[i])):
        return False
    keep_append(s.history, i, before.outbox[i][promised(before, i, Promise.APPEND)], before.commit_index[i])
    reach_term(before, s, i)
    return True


def ready_acknowledge(before: Raft, s: Raft, i: Server) -> bool:
    """Acknowledge: of entries that the disk has already."""
    k = promised(before, i, Promise.APPEND)
    if k == 0:
        return False
    answer = before.outbox[i][k]
    keep_stored(s.history, i, answer.term, answer.log_index, before.commit_index[i])
    reach_term(before, s, i)
    return True


def ready_campaign(before: Raft, s: Raft, i: Server) -> bool:
    """Timeout, RequestVote, GrantVote."""
    if before.role[i] != Role.CANDIDATE or before.current_term[i] == before.history.current_term[i]:
        return False
    if learns(before, i):
        return False
    take_campaign(s.history, i, before.current_term[i])
    return True


def ready_term(before: Raft, s: Raft, i: Server) -> bool:
    """ObserveTerm."""
    if before.current_term[i] == before.history.current_term[i] or learns(before, i):
        return False
    take_observe_term(s.history, i, before.current_term[i])
    return True


def ready(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing: the answers promise nothing, or the entries are a leader's own. Of a heartbeat's commit index,
    Acknowledge."""
    if learns(before, i):
        commit = before.commit_index[i]
        keep_stored(s.history, i, before.outbox[i][promised(before, i, Promise.HEARTBEAT)].term, commit, commit)
        reach_term(before, s, i)
    return True


# A crash.


def restart_torn(before: Raft, s: Raft, i: Server, latest: bool, keep: Index) -> bool:
    """Restart; Truncate, Append …: the disk got entries, and not the term that they were sent in."""
    k = promised(before, i, Promise.APPEND)
    if keep == 0 or k == 0 or before.outbox[i][k].term <= s.current_term[i]:
        return False
    take_fall(s, i)
    store(s.history, i, before.outbox[i][k].term, min(before.outbox[i][k].log_index, keep))
    lose_rest(s, i)
    return True


def restart_loses(before: Raft, s: Raft, i: Server, latest: bool, keep: Index) -> bool:
    """Restart, Lose: the disk lacks the end of a leader's log."""
    if len(before.history.log[i]) <= len(s.log[i]) or promised(before, i, Promise.APPEND) > 0:
        return False
    take_fall(s, i)
    enter(s.history, i, s.current_term[i])
    lose_rest(s, i)
    return True


def restart_written(before: Raft, s: Raft, i: Server, latest: bool, keep: Index) -> bool:
    """The steps of ready, Restart: the disk got all of the latest write, and nobody an answer."""
    if not is_whole(before, i, latest, keep):
        return False
    catch_up(before, s, i)
    take_fall(s, i)
    return True


def restart(before: Raft, s: Raft, i: Server, latest: bool, keep: Index) -> bool:
    """Restart; after it, maybe, what the disk got of an interrupted write: ObserveTerm, Truncate, Append …, Lose."""
    take_fall(s, i)
    take_part(before, s, i, keep)
    enter(s.history, i, s.current_term[i])
    lose_rest(s, i)
    return True


# Snapshots.


def compact_learns(before: Raft, s: Raft, i: Server, index: Index) -> bool:
    """Acknowledge: the snapshot makes it last that the entries are committed."""
    if not is_written(s, i) or index <= s.history.commit_index[i]:
        return False
    take_acknowledge(s.history, i, s.current_term[i], 0, index, index)
    return True


def compact(before: Raft, s: Raft, i: Server, index: Index) -> bool:
    """Nothing.

    Only what the disk holds is followed: etcd applies an entry, and compacts it, after the disk has the term in which
    it is known to be committed. The model may do so before, and such a step is left out here.
    """
    return is_written(s, i) or index <= s.history.commit_index[i]


def send_snapshot(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """SendAppend, of all entries that the snapshot stands for."""
    index = s.disk_snapshot[i].last_index
    take_send_append(s.history, i, index, index)
    return True


def receive_snapshot(before: Raft, s: Raft, m: InstallSnapshot) -> bool:
    """Nothing, or StepDown: the answer waits for the disk."""
    follow_role(s, m.dest)
    return True
