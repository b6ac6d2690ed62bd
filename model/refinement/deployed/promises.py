"""What the history of a deployed server takes, and when: what its disk is sure to hold, and what has left it.

The proved protocol has no disk: a server is in a term, has voted, has an entry, and no crash changes that. A deployed
server changes its memory first, and its disk at the next `ready`, or never. So the history of a server is what its disk
holds, and follows when the disk is written; until then nobody else can tell.

    memory     campaign   receive_vote_request   receive_append   receive_heartbeat   receive_snapshot
               ···········│ the history stands still, the answer waits in the outbox │···············
    disk       ready: the history takes the steps of the answers that leave now, and enters memory's term
    crash      restart: the history takes the steps of what the disk got of an interrupted write, and StepDown

One answer waits at a time (`max_held` is 1, and nothing is lost by that: docs/adr/deployed.md).

A leader alone runs ahead of its disk: what it appends, it may send at once (thesis §10.2.1). The history's log of a
leader is therefore the log in memory, and a crash may Lose the end of it, of which it has acknowledged nothing.
"""

from __future__ import annotations

from typing import Final

from raftproof.model.deployed.state import Answer, Deployed, Promise, Role
from raftproof.model.deployed.storage import is_clean
from raftproof.model.refinement.history import (
    History,
    conflict,
    send_all,
    take_acknowledge,
    take_append,
    take_become_leader,
    take_client_request,
    take_forget_commit,
    take_grant_vote,
    take_lose,
    take_observe_term,
    take_request_vote,
    take_restart,
    take_step_down,
    take_timeout,
    take_truncate,
)
from raftproof.model.vocabulary import Role as Standing
from raftproof.model.vocabulary import Server, Value

ANYTHING: Final = Value(0)
"""What a client asks for; deployed logs do not say."""


class Raft(Deployed):
    """A state of deployed Raft, and of the proved protocol beside it."""

    history: History


# Whether both agree.


def is_prefix(s: Raft, n: Server) -> bool:
    """Whether the disk's log is a prefix of the history's."""
    if len(s.disk_log[n]) > len(s.history.log[n]):
        return False
    for i in range(1, len(s.disk_log[n]) + 1):
        if s.disk_log[n][i].term != s.history.log[n][i].term:
            return False
    return True


def has_log(s: Raft, n: Server) -> bool:
    """Whether the history's log is the one in memory."""
    if len(s.log[n]) != len(s.history.log[n]):
        return False
    for i in range(1, len(s.log[n]) + 1):
        if s.log[n][i].term != s.history.log[n][i].term:
            return False
    return True


def disks_agree(s: Raft) -> bool:
    """The history of each server is in its disk's term, and its log begins with its disk's."""
    for n in s.servers:
        if s.history.current_term[n] != s.disk_term[n] or not is_prefix(s, n):
            return False
    return True


def leaders_agree(s: Raft) -> bool:
    """Who leads leads in its history, too, with the same term, log and commit index; and nobody else leads there in its
    own term."""
    for n in s.servers:
        leads = s.history.role[n] == Standing.LEADER and s.history.current_term[n] == s.current_term[n]
        if leads != (s.role[n] == Role.LEADER):
            return False
        if leads and (s.history.commit_index[n] != s.commit_index[n] or not has_log(s, n)):
            return False
    return True


def memories_agree(s: Raft) -> bool:
    """Where nothing waits for the disk, role, log and commit index are the history's."""
    for n in s.servers:
        if is_clean(s, n) and len(s.outbox[n]) == 0:
            if s.history.commit_index[n] != s.commit_index[n] or not has_log(s, n):
                return False
            if (s.history.role[n] == Standing.CANDIDATE) != (s.role[n] == Role.CANDIDATE):
                return False
    return True


# Elections, and what a leader does.


def enter(h: History, n: Server, t: int) -> None:
    """ObserveTerm, if the term is later; to go back to an earlier one is no step."""
    if t > h.current_term[n]:
        take_observe_term(h, n, t)
    elif t < h.current_term[n]:
        h.refused = True


def follow(h: History, n: Server) -> None:
    """StepDown, if need be."""
    if h.role[n] != Standing.FOLLOWER:
        take_step_down(h, n)


def follow_role(s: Raft, n: Server) -> None:
    """StepDown, where server n has become a follower in its history's term."""
    is_follower = s.role[n] == Role.FOLLOWER or s.role[n] == Role.PRE_CANDIDATE
    if is_follower and s.history.current_term[n] == s.current_term[n]:
        follow(s.history, n)


def take_campaign(h: History, n: Server, t: int) -> None:
    """Timeout, RequestVote, GrantVote (by itself)."""
    take_timeout(h, n, t)
    take_request_vote(h, n)
    take_grant_vote(h, n, n)


def take_lead(h: History, n: Server) -> None:
    """BecomeLeader, ClientRequest (the first entry of its term), SendAppend …."""
    take_become_leader(h, n)
    take_client_request(h, n, ANYTHING)
    send_all(h, n, h.commit_index[n])


# Answers, and what they promise.


def promised(s: Raft, n: Server, kind: Promise) -> int:
    """The place in the outbox of n's first answer of a kind that promises something; 0 if there is none."""
    for k in range(1, len(s.outbox[n]) + 1):
        answer = s.outbox[n][k]
        says_something = kind != Promise.APPEND or answer.log_index > 0
        if answer.kind == kind and not answer.reject and says_something:
            return k
    return 0


def store(h: History, n: Server, t: int, last: int) -> None:
    """Truncate, Append …: n's log has that of term t up to last, if its leader has sent it."""
    if h.sent[t][last] == 0:
        h.refused = True
        return
    i = conflict(h, n, t, 0, last)
    if i > 0:
        take_truncate(h, n, t, 0, last, i, i - 1)
    for k in range(len(h.log[n]) + 1, last + 1):
        take_append(h, n, t, 0, last, k)


def news(h: History, n: Server, commit: int) -> int:
    """A commit index that is above n's, or 0."""
    return commit if commit > h.commit_index[n] else 0


def keep_vote(h: History, n: Server, answer: Answer) -> None:
    """ObserveTerm, if need be; GrantVote."""
    enter(h, n, answer.term)
    take_grant_vote(h, n, answer.dest)


def keep_stored(h: History, n: Server, t: int, last: int, commit: int) -> None:
    """ObserveTerm or StepDown, if need be; Acknowledge."""
    enter(h, n, t)
    follow(h, n)
    take_acknowledge(h, n, t, 0, last, news(h, n, commit))


def keep_append(h: History, n: Server, answer: Answer, commit: int) -> None:
    """ObserveTerm or StepDown, if need be; Truncate, Append …, Acknowledge."""
    enter(h, n, answer.term)
    follow(h, n)
    store(h, n, answer.term, answer.log_index)
    take_acknowledge(h, n, answer.term, 0, answer.log_index, news(h, n, commit))


def reach_term(before: Raft, s: Raft, n: Server) -> None:
    """The term that n came to after its answer: Timeout, RequestVote, GrantVote; or ObserveTerm; or nothing."""
    t = before.current_term[n]
    if before.role[n] == Role.CANDIDATE and t > s.history.current_term[n]:
        take_campaign(s.history, n, t)
    else:
        enter(s.history, n, t)


def learns(s: Raft, n: Server) -> bool:
    """Whether n's answer is to a heartbeat that told it that more is committed."""
    return promised(s, n, Promise.HEARTBEAT) > 0 and s.commit_index[n] > s.history.commit_index[n]


def catch_up(before: Raft, s: Raft, n: Server) -> None:
    """All that n did since its disk was written last: its answer's promise, and the term that it came to."""
    vote, append = promised(before, n, Promise.VOTE), promised(before, n, Promise.APPEND)
    if vote > 0:
        keep_vote(s.history, n, before.outbox[n][vote])
    elif append > 0:
        keep_append(s.history, n, before.outbox[n][append], before.commit_index[n])
    elif learns(before, n):
        commit = before.commit_index[n]
        keep_stored(s.history, n, before.outbox[n][promised(before, n, Promise.HEARTBEAT)].term, commit, commit)
    reach_term(before, s, n)


# Crashes.


def is_whole(before: Raft, n: Server, latest: bool, kept: int) -> bool:
    """Whether a crash leaves all of the latest write on the disk."""
    end = len(before.log[n])
    has_all = kept == end or (kept == 0 and before.stored[n] == end and len(before.disk_log[n]) == end)
    return latest and has_all


def take_part(before: Raft, s: Raft, n: Server, kept: int) -> None:
    """ObserveTerm, Truncate, Append …: the disk got the term of an append, and its entries up to `kept`."""
    k = promised(before, n, Promise.APPEND)
    if kept == 0 or k == 0:
        return
    answer = before.outbox[n][k]
    last = min(answer.log_index, kept)
    enter(s.history, n, answer.term)
    store(s.history, n, answer.term, last)
    if news(s.history, n, s.commit_index[n]) > 0:
        take_acknowledge(s.history, n, answer.term, 0, last, s.commit_index[n])


def take_fall(s: Raft, n: Server) -> None:
    """Restart; or StepDown and ForgetCommit, where the disk knew of something committed."""
    if s.commit_index[n] == 0:
        take_restart(s.history, n)
    else:
        follow(s.history, n)
        take_forget_commit(s.history, n, s.commit_index[n])


def lose_rest(s: Raft, n: Server) -> None:
    """Lose, if the disk's log is shorter than the history's."""
    if len(s.history.log[n]) > len(s.log[n]):
        take_lose(s.history, n, len(s.log[n]))
