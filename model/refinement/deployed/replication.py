"""How the steps of replication and commitment are matched (§5.3, §5.4.2), with heartbeats."""

from __future__ import annotations

from raftproof.model.deployed.parts import is_written
from raftproof.model.deployed.state import (
    AppendAnswer,
    AppendEntries,
    Few,
    Heartbeat,
    HeartbeatAnswer,
    Message,
    Role,
)
from raftproof.model.refinement.deployed.promises import ANYTHING, Raft, follow_role, news
from raftproof.model.refinement.history import (
    send_all,
    take_acknowledge,
    take_acknowledge_own,
    take_client_request,
    take_leader_commit,
    take_send_append,
)
from raftproof.model.vocabulary import Index, Server


def propose(before: Raft, s: Raft, i: Server) -> bool:
    """ClientRequest, SendAppend …: before the entry is on the leader's disk."""
    take_client_request(s.history, i, ANYTHING)
    send_all(s.history, i, s.history.commit_index[i])
    return True


def commits(before: Raft, s: Raft, n: Server) -> bool:
    """Whether the step moves leader n's commit index."""
    return s.role[n] == Role.LEADER and s.commit_index[n] > before.commit_index[n]


def take_commit(s: Raft, n: Server) -> None:
    """LeaderCommit, SendAppend …."""
    take_leader_commit(s.history, n, s.commit_index[n])
    send_all(s.history, n, s.commit_index[n])


def own_entries_commit(before: Raft, s: Raft, i: Server, index: Index) -> bool:
    """AcknowledgeOwn, LeaderCommit, SendAppend …."""
    if not commits(before, s, i):
        return False
    take_acknowledge_own(s.history, i, index)
    take_commit(s, i)
    return True


def count_own_entries(before: Raft, s: Raft, i: Server, index: Index) -> bool:
    """AcknowledgeOwn: the disk holds the entries."""
    take_acknowledge_own(s.history, i, index)
    return True


def send_append(before: Raft, s: Raft, i: Server, j: Server, prev: Index, count: Few) -> bool:
    """SendAppend."""
    take_send_append(s.history, i, prev + count, s.commit_index[i])
    return True


def yields(before: Raft, s: Raft, n: Server) -> bool:
    """Whether a candidate follows within its term, which its history is in."""
    was = before.role[n] == Role.CANDIDATE and s.role[n] == Role.FOLLOWER
    return was and s.current_term[n] == before.current_term[n] and s.current_term[n] == s.history.current_term[n]


def yield_to_leader(before: Raft, s: Raft, m: AppendEntries) -> bool:
    """StepDown: a candidate follows; its answer waits for the disk."""
    if not yields(before, s, m.dest):
        return False
    follow_role(s, m.dest)
    return True


def receive_append(before: Raft, s: Raft, m: AppendEntries) -> bool:
    """Nothing: the answer waits for the disk. One that accepts and does not wait must be Acknowledge at once."""
    i, last = m.dest, m.prev_log_index + m.entries
    told = AppendAnswer(
        term=s.current_term[i], reject=False, log_index=last, hint_index=0, hint_term=0, source=i, dest=m.source
    )
    if last > 0 and told in s.messages and told not in before.messages:
        if is_written(s, i):
            take_acknowledge(s.history, i, s.current_term[i], 0, last, news(s.history, i, s.commit_index[i]))
        else:
            s.history.refused = True
    return True


def answer_commits(before: Raft, s: Raft, m: AppendAnswer) -> bool:
    """LeaderCommit, SendAppend …."""
    if not commits(before, s, m.dest):
        return False
    take_commit(s, m.dest)
    return True


def receive_append_answer(before: Raft, s: Raft, m: AppendAnswer) -> bool:
    """Nothing: the proved protocol counts the acknowledgements themselves."""
    return True


# Heartbeats.


def send_heartbeat(before: Raft, s: Raft, i: Server, j: Server, commit: Index) -> bool:
    """SendAppend, of no entries, after the last one that the receiver is known to store."""
    take_send_append(s.history, i, commit, commit)
    return True


def receive_heartbeat(before: Raft, s: Raft, m: Heartbeat) -> bool:
    """Nothing, or StepDown: the answer waits for the disk."""
    follow_role(s, m.dest)
    return True


def receive_heartbeat_answer(before: Raft, s: Raft, m: HeartbeatAnswer) -> bool:
    """Nothing."""
    return True


# The network.


def duplicate_message(before: Raft, s: Raft, m: Message) -> bool:
    """Nothing: what was sent may be received again at any time."""
    return True


def drop_message(before: Raft, s: Raft, m: Message) -> bool:
    """Nothing: what was sent need never be received."""
    return True
