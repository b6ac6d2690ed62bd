# ruff: noqa: SIM110 -- the modelling language has no comprehensions
"""One term of Raft, votes only; a server's answer may be lost on its way. Whom it may vote for is left to you.

raftproof check docs/course/exercises/models/one_term.py
"""

from __future__ import annotations

from raftproof.checker.language import Map, Members, Model, OrNil, Set, State, Symmetric


class Server(Symmetric):
    """A member of the cluster."""


class OneTerm(State):
    """What was asked and answered in one term."""

    servers: Members[Server]
    asked: Set[Server]  # the candidates
    voted_for: Map[Server, OrNil[Server]]  # -1 stands for nobody
    votes: Map[Server, Set[Server]]  # whose votes have reached a candidate


model = Model("one_term", OneTerm, bounds={"servers": 3})


def may_vote(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Whether server i may vote for the candidate. Exercise 3 puts your rule here."""
    return True


@model.initial
def init(s: OneTerm) -> None:
    """Nobody has asked."""


@model.action()
def ask(s: OneTerm, i: Server) -> bool:
    """Server i becomes a candidate and asks all servers for their votes, itself too."""
    if i in s.asked:
        return False
    s.asked.add(i)
    return True


@model.action()
def vote(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Server i votes for the candidate, and the vote arrives."""
    if candidate not in s.asked or i in s.votes[candidate] or not may_vote(s, i, candidate):
        return False
    s.voted_for[i] = candidate
    s.votes[candidate].add(i)
    return True


@model.action()
def vote_in_vain(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Server i votes for the candidate, and the network loses the vote; the candidate may ask again."""
    if candidate not in s.asked or i in s.votes[candidate] or not may_vote(s, i, candidate):
        return False
    s.voted_for[i] = candidate
    return True


@model.invariant
def election_safety(s: OneTerm) -> bool:
    """At most one server has the votes of a majority (Figure 3, §5.2)."""
    for i in s.servers:
        for j in s.servers:
            if i < j and 2 * len(s.votes[i]) > len(s.servers) and 2 * len(s.votes[j]) > len(s.servers):
                return False
    return True


@model.witness
def leader_elected(s: OneTerm) -> bool:
    """A server has the votes of a majority."""
    for i in s.servers:
        if 2 * len(s.votes[i]) > len(s.servers):
            return True
    return False
