"""The protocol that is proved, step by step: `abstract` with every handler taken apart.

Its actions are those of `proof.protocol`, one for one and by the same names, so that their successors can be compared;
their guards are functions of their own, so that the steps of other models can be held against them. What is true of
these loose steps is true of whatever is made of them: a handler of `abstract` is some of them in a row, and so is a
step of the published specification (`refinement`).

A send is a step of its own here. What was sent is kept as it matters: for each term and each last index, the highest
leader_commit with which the leader sent a slice that ends there (and 1 more, so that 0 means none was sent). Slices
that begin elsewhere, and lower commit indexes, could have been sent at the same moment, and so they were.
"""

from __future__ import annotations

from raftproof.checker.language import LogView, Map, Model
from raftproof.model import abstract, properties
from raftproof.model.abstract import (
    Sent,
    acknowledgements,
    add_entry,
    ask_for_votes,
    commit_up_to,
    count_own,
    enter_term,
    forget,
    has_previous,
    is_quorum,
    is_up_to_date,
    lead,
    may_vote,
    tell_stored,
    votes_for,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Index, Role, Server, Term, Value


class Raft(abstract.Raft):
    """A state of the cluster, with its network and its history."""

    sent: Map[Term, Map[Index, Index]]  # by last index: 1 + leader_commit, or 0


model = Model(
    "loose",
    Raft,
    bounds={"servers": 3, "values": 1, "max_term": 2, "max_log": 1},
    rules=Rule,
    view=LogView(log="log", commit_index="commit_index", current_term="current_term", role="role"),
)
for _invariant in properties.INVARIANTS:
    model.invariant(_invariant)
for _action_invariant in properties.ACTION_INVARIANTS:
    model.action_invariant(_action_invariant)
for _witness in (properties.leader_elected, properties.entry_committed, properties.log_truncated):
    model.witness(_witness)


# The guards, and below each what its step writes.


def become_candidate(s: Raft, n: Server, t: int) -> None:
    """Server n is a candidate in term t."""
    s.current_term[n] = t
    s.role[n] = Role.CANDIDATE


def may_request_vote(s: Raft, n: Server) -> bool:
    """Server n is a candidate."""
    return s.role[n] == Role.CANDIDATE


def may_grant_vote(s: Raft, n: Server, c: Server) -> bool:
    """Candidate c asked for votes in n's term, its log is as up to date as n's, and n has voted for no other."""
    t = s.current_term[n]
    if t not in s.requested[c] or not may_vote(s, n, t, c):
        return False
    end = s.request[c][t]
    return is_up_to_date(s, n, end.last_log_term, end.last_log_index)


def vote(s: Raft, n: Server, c: Server) -> None:
    """Server n votes for c in its term."""
    s.voted[n][s.current_term[n]].add(c)


def may_lead(s: Raft, n: Server) -> bool:
    """Server n is a candidate with the votes of a quorum."""
    return s.role[n] == Role.CANDIDATE and is_quorum(s, votes_for(s, n, s.current_term[n]))


def may_send(s: Raft, n: Server, last: int, commit: int) -> bool:
    """Server n leads, its log goes as far as last, and it has committed as far as commit."""
    return s.role[n] == Role.LEADER and last <= len(s.log[n]) and commit <= s.commit_index[n]


def send(s: Raft, n: Server, last: int, commit: int) -> None:
    """Leader n has sent every slice that ends at last, with every leader_commit up to this one."""
    t = s.current_term[n]
    s.sent[t][last] = max(s.sent[t][last], commit + 1)


def receives(s: Raft, n: Server, t: int, prev: int, last: int, commit: int) -> bool:
    """Follower n receives a slice of the log of term t, its own or a later one, and has the entry before the slice."""
    if prev > last or s.sent[t][last] <= commit or s.leader[t] == n:
        return False
    if t < s.current_term[n] and s.upholds(Rule.REFUSE_STALE):
        return False
    return s.role[n] == Role.FOLLOWER and has_previous(s, n, t, prev)


def may_truncate(s: Raft, n: Server, t: int, prev: int, last: int, i: int, end: int) -> bool:
    """Server n's entry at i conflicts with the slice; entries from end on are to go, and none below i."""
    if not receives(s, n, t, prev, last, 0) or i <= prev or i > last or i > len(s.log[n]) or end < i - 1:
        return False
    conflicts = s.log[n][i].term != s.term_log[t][i].term or not s.upholds(Rule.TRUNCATE_ON_CONFLICT)
    return conflicts and end <= len(s.log[n])


def agrees(s: Raft, n: Server, t: int, prev: int, last: int) -> bool:
    """Server n's log goes as far as last, and has there the terms of the slice after prev."""
    if last > len(s.log[n]):
        return False
    for i in range(prev + 1, last + 1):
        if s.log[n][i].term != s.term_log[t][i].term:
            return False
    return True


def may_append(s: Raft, n: Server, t: int, prev: int, last: int, i: int) -> bool:
    """Server n's log ends where the slice's entry i belongs, and agrees with the slice so far."""
    if not receives(s, n, t, prev, last, 0) or i <= prev or i > last or i != len(s.log[n]) + 1:
        return False
    return agrees(s, n, t, prev, i - 1)


def may_acknowledge(s: Raft, n: Server, t: int, prev: int, last: int, commit: int) -> bool:
    """Server n's log has all of the slice, which is of its own term."""
    if t != s.current_term[n] and s.upholds(Rule.REFUSE_STALE):
        return False
    return receives(s, n, t, prev, last, commit) and agrees(s, n, t, prev, last)


def may_acknowledge_own(s: Raft, n: Server, i: int) -> bool:
    """Leader n's log goes as far as i."""
    return s.role[n] == Role.LEADER and i <= len(s.log[n])


def may_commit(s: Raft, n: Server, i: int) -> bool:
    """Leader n has an entry of its own term at i, above its commit index, and a quorum stores it."""
    if s.role[n] != Role.LEADER or i > len(s.log[n]) or i <= s.commit_index[n]:
        return False
    t = s.current_term[n]
    if s.log[n][i].term != t and s.upholds(Rule.COMMIT_OWN_TERM):
        return False
    return is_quorum(s, acknowledgements(s, t, i))


def lower_commit(s: Raft, n: Server, i: int) -> None:
    """Server n takes no more than the entries up to i for committed."""
    s.commit_index[n] = min(s.commit_index[n], i)


def may_lose(s: Raft, n: Server, end: int) -> bool:
    """Follower n neither acknowledged an entry beyond `end`, in the entry's term, nor takes one for committed."""
    if s.role[n] != Role.FOLLOWER or end > len(s.log[n]) or end < s.commit_index[n]:
        return False
    for i in range(end + 1, len(s.log[n]) + 1):
        if s.acked[n][s.log[n][i].term] >= i and s.upholds(Rule.LOG_PERSISTED):
            return False
    return True


# The steps.


@model.initial
def init(s: Raft) -> None:
    """Every server is a follower in term 0 with an empty log, and nothing was ever sent."""


@model.action(Rule.ELECTION_TIMEOUT, Rule.INCREMENT_TERM)
def timeout(s: Raft, n: Server, t: Term) -> bool:
    """Server n becomes a candidate in a term t above its own."""
    if t <= s.current_term[n]:
        return False
    become_candidate(s, n, t)
    return True


@model.action(Rule.REQUEST_VOTES)
def request_vote(s: Raft, n: Server) -> bool:
    """Candidate n asks for votes, and says where its log ends."""
    if not may_request_vote(s, n):
        return False
    ask_for_votes(s, n)
    return True


@model.action(Rule.HIGHER_TERM_STEPS_DOWN)
def observe_term(s: Raft, n: Server, t: Term) -> bool:
    """Server n learns of a later term t, and is a follower in it."""
    if t <= s.current_term[n]:
        return False
    enter_term(s, n, t)
    return True


@model.action(Rule.VOTE_OLDER_TERM, Rule.VOTE_ONCE, Rule.LOG_UP_TO_DATE, Rule.LAST_TERM_FIRST)
def grant_vote(s: Raft, n: Server, c: Server) -> bool:
    """Server n votes in its term for candidate c."""
    if not may_grant_vote(s, n, c):
        return False
    vote(s, n, c)
    return True


@model.action(Rule.QUORUM_MAJORITY)
def become_leader(s: Raft, n: Server) -> bool:
    """Candidate n leads its term."""
    if not may_lead(s, n):
        return False
    lead(s, n)
    return True


@model.action(Rule.YIELD_TO_LEADER)
def step_down(s: Raft, n: Server) -> bool:
    """Candidate or leader n becomes a follower in its term, for whatever reason."""
    if s.role[n] == Role.FOLLOWER:
        return False
    s.role[n] = Role.FOLLOWER
    return True


@model.action(Rule.CLIENT_REQUEST)
def client_request(s: Raft, n: Server, v: Value) -> bool:
    """Leader n appends an entry to its log."""
    if s.role[n] != Role.LEADER:
        return False
    add_entry(s, n, v)
    return True


@model.action(Rule.SEND_ENTRIES, Rule.HEARTBEATS)
def send_append(s: Raft, n: Server, last: Sent, commit: Sent) -> bool:
    """Leader n sends slices of its log that end at last."""
    if not may_send(s, n, last, commit):
        return False
    send(s, n, last, commit)
    return True


@model.action(Rule.TRUNCATE_ON_CONFLICT)
def truncate(s: Raft, n: Server, t: Term, prev: Sent, last: Sent, i: Sent, end: Sent) -> bool:
    """Server n cuts its log to end at `end`, since its entry at i conflicts."""
    if not may_truncate(s, n, t, prev, last, i, end):
        return False
    s.log[n].truncate(end)
    return True


@model.action(Rule.APPEND_NEW_ENTRIES)
def append(s: Raft, n: Server, t: Term, prev: Sent, last: Sent, i: Sent) -> bool:
    """Server n appends the entry at i of the slice."""
    if not may_append(s, n, t, prev, last, i):
        return False
    s.log[n].append(s.term_log[t][i])
    return True


@model.action(Rule.COMMIT_UP_TO_LAST_NEW, Rule.ACK_MATCHED_ONLY)
def acknowledge(s: Raft, n: Server, t: Term, prev: Sent, last: Sent, commit: Sent) -> bool:
    """Server n says that it stores the slice, and commits what the leader has committed of it."""
    if not may_acknowledge(s, n, t, prev, last, commit):
        return False
    tell_stored(s, n, t, last, commit)
    return True


@model.action(Rule.LOG_PERSISTED)
def acknowledge_own(s: Raft, n: Server, i: Sent) -> bool:
    """Leader n counts itself among those that store its log up to i."""
    if not may_acknowledge_own(s, n, i):
        return False
    count_own(s, n, i)
    return True


@model.action(Rule.COMMIT_QUORUM, Rule.COMMIT_OWN_TERM)
def leader_commit(s: Raft, n: Server, i: Sent) -> bool:
    """Leader n commits its log up to index i."""
    if not may_commit(s, n, i):
        return False
    commit_up_to(s, n, i)
    return True


@model.action()
def forget_commit(s: Raft, n: Server, i: Sent) -> bool:
    """Server n lowers its commit index to i."""
    if s.commit_index[n] <= i:
        return False
    lower_commit(s, n, i)
    return True


@model.action(Rule.LOG_PERSISTED)
def restart(s: Raft, n: Server) -> bool:
    """Server n loses everything but its term, its votes and its log."""
    forget(s, n)
    return True


@model.action(Rule.LOG_PERSISTED)
def lose(s: Raft, n: Server, end: Sent) -> bool:
    """Follower n, after a crash, finds its log to end at `end`."""
    if not may_lose(s, n, end):
        return False
    s.log[n].truncate(end)
    return True
