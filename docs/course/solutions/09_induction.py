"""Lesson 9: induction and its counterexamples. One solution."""

from __future__ import annotations

from models.votes import Quorum, Server, Votes

from raftproof.checker.proof.logic import Formula, implies

# Servers 1 and 2 voted for 2 while somebody elected 1: nothing in Election Safety forbids it.
VOTED = [(1, 2), (2, 2)]
ELECTED = 1
NEXT = 2


def vote_once(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """A server votes for at most one candidate."""
    return implies(s.voted(n, c) & s.voted(n, d), c == d)


def elected_by_quorum(s: Votes, c: Server, q: Quorum, v: Server) -> Formula:
    """Who is elected by a quorum has the votes of all of its members."""
    return implies(s.elected(c, q) & s.member(v, q), s.voted(v, c))


# Vote can break vote_once; BecomeLeader keeps Election Safety where vote_once held before it.
NO_LONGER_KEPT = {"vote_once"}

# A few votes more, given before the last step, cost nothing.
ENOUGH = None
