"""What a server must still know after a crash: its term, its vote, its log. Each of the three can be switched off.

    raftproof check docs/course/exercises/models/persistence.py --faults restart
    raftproof check docs/course/exercises/models/persistence.py --faults restart --break vote_kept

Steps are large, so that the model is small: a request and its vote are one step; a leader stores an entry on its own
disk and on one follower's in one step, and two of three servers are a majority. A log has room for one entry.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from raftproof.checker.language import Map, Members, Model, OrNil, Set, State, UpTo
from raftproof.model.vocabulary import NIL, Role, Server


class Kept(IntEnum):
    """What survives a crash, and in which order a voter does what it must."""

    TERM_KEPT = 0
    VOTE_KEPT = 1
    LOG_KEPT = 2
    WRITTEN_FIRST = 3


Term = Annotated[int, UpTo("max_term")]


class Cluster(State):
    """Three servers."""

    servers: Members[Server]
    current_term: Map[Server, Term]
    voted_for: Map[Server, OrNil[Server]]  # in current_term
    role: Map[Server, Role]
    votes_granted: Map[Server, Set[Server]]  # that a candidate has
    entry: Map[Server, Term]  # the term of the one entry of its log, or 0
    committed: Term  # the term of the entry that was committed, or 0


model = Model("persistence", Cluster, bounds={"servers": 3, "max_term": 2}, rules=Kept)


def may_vote(s: Cluster, i: Server, candidate: Server) -> bool:
    """Figure 2, RequestVote RPC: a term that is not over, a vote that is free, a log that is up to date."""
    if s.role[candidate] != Role.CANDIDATE or s.current_term[i] > s.current_term[candidate]:
        return False
    is_free = s.current_term[i] < s.current_term[candidate] or s.voted_for[i] == NIL or s.voted_for[i] == candidate
    return is_free and s.entry[candidate] >= s.entry[i]


def enter_term(s: Cluster, i: Server, leader: Server) -> None:
    """Server i follows in the term of another."""
    if s.current_term[i] < s.current_term[leader]:
        s.current_term[i] = s.current_term[leader]
        s.voted_for[i] = NIL
    s.role[i] = Role.FOLLOWER
    s.votes_granted[i].clear()


def forget(s: Cluster, i: Server) -> None:
    """What a crash takes: all that is not on the disk."""
    s.role[i] = Role.FOLLOWER
    s.votes_granted[i].clear()
    if not s.upholds(Kept.TERM_KEPT):
        s.current_term[i] = 0
    if not s.upholds(Kept.VOTE_KEPT):
        s.voted_for[i] = NIL
    if not s.upholds(Kept.LOG_KEPT):
        s.entry[i] = 0


def count_vote(s: Cluster, candidate: Server, voter: Server) -> None:
    """A candidate with the votes of a majority leads."""
    s.votes_granted[candidate].add(voter)
    if 2 * len(s.votes_granted[candidate]) > len(s.servers):
        s.role[candidate] = Role.LEADER


@model.initial
def init(s: Cluster) -> None:
    """All servers are followers in term 0."""


@model.action()
def timeout(s: Cluster, i: Server) -> bool:
    """Server i is a candidate of the next term and votes for itself."""
    if s.role[i] == Role.LEADER:
        return False
    s.current_term[i] += 1
    s.role[i] = Role.CANDIDATE
    s.voted_for[i] = i
    s.votes_granted[i].clear()
    s.votes_granted[i].add(i)
    return True


@model.action()
def vote(s: Cluster, i: Server, candidate: Server) -> bool:
    """Server i votes for the candidate."""
    if i == candidate or not may_vote(s, i, candidate):
        return False
    enter_term(s, i, candidate)
    s.voted_for[i] = candidate
    count_vote(s, candidate, i)
    return True


@model.action()
def store(s: Cluster, leader: Server, j: Server) -> bool:
    """The leader's entry is on the disks of leader and follower j; a new one is then committed."""
    if leader == j or s.role[leader] != Role.LEADER or s.current_term[j] > s.current_term[leader]:
        return False
    if s.entry[leader] == 0:
        s.entry[leader] = s.current_term[leader]
    enter_term(s, j, leader)
    s.entry[j] = s.entry[leader]
    if s.entry[leader] == s.current_term[leader] and s.committed == 0:
        s.committed = s.entry[leader]
    return True


@model.action(fault="restart")
def restart(s: Cluster, i: Server) -> bool:
    """Server i crashes and starts again."""
    forget(s, i)
    return True


@model.action(fault="restart")
def vote_and_crash(s: Cluster, i: Server, candidate: Server) -> bool:
    """Server i crashes in the middle of a vote: it has written and not answered, or answered and not written."""
    if i == candidate or not may_vote(s, i, candidate):
        return False
    if s.upholds(Kept.WRITTEN_FIRST):
        enter_term(s, i, candidate)
        s.voted_for[i] = candidate
    else:
        count_vote(s, candidate, i)
    forget(s, i)
    return True


@model.invariant
def election_safety(s: Cluster) -> bool:
    """At most one server leads a term."""
    for i in s.servers:
        for j in s.servers:
            if (
                i < j
                and s.role[i] == Role.LEADER
                and s.role[j] == Role.LEADER
                and s.current_term[i] == s.current_term[j]
            ):
                return False
    return True


@model.invariant
def leader_completeness(s: Cluster) -> bool:
    """A leader has what was committed before it was elected."""
    for i in s.servers:
        is_later = s.role[i] == Role.LEADER and s.current_term[i] > s.committed
        if s.committed > 0 and is_later and s.entry[i] != s.committed:
            return False
    return True


@model.witness
def entry_committed(s: Cluster) -> bool:
    """An entry is committed."""
    return s.committed > 0
