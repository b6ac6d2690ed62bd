"""Reads that a leader answers from memory, without a new entry (§8; thesis §6.4). Its two rules are left to you.

    raftproof check docs/course/exercises/models/reads.py

Steps are large: an election and a write take one step each, and reach one follower, which is a majority of three. A
leader that was replaced knows nothing of it, and nobody tells it. Only one read is on its way at a time.
"""

from __future__ import annotations

from typing import Annotated

from raftproof.checker.language import Map, Members, Model, OrNil, Set, State, UpTo
from raftproof.model.vocabulary import NIL, Server

Term = Annotated[int, UpTo("max_term")]
Count = Annotated[int, UpTo("max_writes")]


class Cluster(State):
    """Three servers, and one read."""

    servers: Members[Server]
    current_term: Map[Server, Term]
    leads: Set[Server]  # who believes that it leads its term
    stored: Map[Server, Count]  # how many writes its log has
    commit_index: Map[Server, Count]  # how many of them it knows to be committed
    committed_own: Set[Server]  # the leaders that have committed a write of their own term
    reader: OrNil[Server]  # the leader that was asked for a read
    read_index: Count  # how many writes its answer will show
    confirmed: Set[Server]  # who has told the reader, after it was asked, that it knows of no later term
    floor: Count  # how many writes were committed when the read was asked
    stale: bool  # an answer has shown fewer


model = Model("reads", Cluster, bounds={"servers": 3, "max_term": 2, "max_writes": 2})


def may_begin(s: Cluster, leader: Server) -> bool:
    """Whether a leader may take its commit index for the read. Exercise 12 puts your rule here."""
    return True


def may_answer(s: Cluster, leader: Server) -> bool:
    """Whether a leader may answer the read. Exercise 12 puts your rule here."""
    return True


def most_committed(s: Cluster) -> int:
    """How many writes are committed, whoever knows of it."""
    most = 0
    for i in s.servers:
        most = max(most, s.commit_index[i])
    return most


@model.initial
def init(s: Cluster) -> None:
    """Nobody leads, and nothing is written."""


@model.action()
def elect(s: Cluster, i: Server, voter: Server) -> bool:
    """Server i is elected in the next term by its own vote and another's, whose log is not longer."""
    if i == voter or i in s.leads or s.current_term[voter] > s.current_term[i] or s.stored[voter] > s.stored[i]:
        return False
    s.current_term[i] += 1
    s.leads.add(i)
    s.committed_own.discard(i)
    s.current_term[voter] = s.current_term[i]
    s.leads.discard(voter)
    if s.reader == voter:
        s.reader = NIL
    return True


@model.action()
def write(s: Cluster, leader: Server, j: Server) -> bool:
    """A leader stores a write with follower j, and commits it, with all that its log has before it."""
    if leader == j or leader not in s.leads or s.current_term[j] > s.current_term[leader]:
        return False
    s.stored[leader] += 1
    s.commit_index[leader] = s.stored[leader]
    s.committed_own.add(leader)
    s.stored[j] = s.stored[leader]
    if s.current_term[j] < s.current_term[leader]:
        s.current_term[j] = s.current_term[leader]
        s.leads.discard(j)
        if s.reader == j:
            s.reader = NIL
    return True


@model.action()
def begin_read(s: Cluster, leader: Server) -> bool:
    """A client asks a leader, which takes its commit index for the read."""
    if leader not in s.leads or s.reader != NIL or not may_begin(s, leader):
        return False
    s.reader = leader
    s.read_index = s.commit_index[leader]
    s.floor = most_committed(s)
    s.confirmed.clear()
    s.confirmed.add(leader)
    return True


@model.action()
def confirm(s: Cluster, j: Server) -> bool:
    """A server answers the reader's heartbeat: it knows of no later term."""
    if s.reader == NIL or j in s.confirmed:
        return False
    if s.current_term[j] > s.current_term[s.reader]:
        return False
    s.confirmed.add(j)
    return True


@model.action()
def answer(s: Cluster, leader: Server) -> bool:
    """The reader answers."""
    if s.reader != leader or not may_answer(s, leader):
        return False
    s.reader = NIL
    if s.read_index < s.floor:
        s.stale = True
    return True


@model.invariant
def reads_are_current(s: Cluster) -> bool:
    """No answer shows less than was committed when it was asked for."""
    return not s.stale
