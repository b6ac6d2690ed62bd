"""Plausible wrong answers to lesson 9: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

from models.votes import Quorum, Server, Votes

from raftproof.checker.proof.logic import Formula, implies

VOTED__too_few = [(2, 2)]
VOTED__for_the_elected = [(1, 1), (2, 1)]
ELECTED__the_same = 2
NEXT__nobody_voted_for_it = 3


def vote_once__says_nothing(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """True of every state, so it excludes none."""
    return implies(s.voted(n, c) & s.voted(n, c), c == c)


def vote_once__only_itself(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """Not kept: servers vote for others."""
    return implies(s.voted(n, c), c == n)


def vote_once__one_vote_for_each(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """The wrong way round: a candidate has one voter at most."""
    return implies(s.voted(c, n) & s.voted(d, n), c == d)


def vote_once__somebody_voted(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """Does not hold at first."""
    return s.voted(n, c)


def elected_by_quorum__its_own_vote(s: Votes, c: Server, q: Quorum, v: Server) -> Formula:
    """Nobody has to vote for itself."""
    return implies(s.elected(c, q), s.voted(c, c))


def elected_by_quorum__all(s: Votes, c: Server, q: Quorum, v: Server) -> Formula:
    """Not all servers have to vote."""
    return implies(s.elected(c, q), s.voted(v, c))


NO_LONGER_KEPT__the_goal_too = {"vote_once", "ElectionSafety"}
NO_LONGER_KEPT__nothing: set[str] = set()
NO_LONGER_KEPT__all = {"vote_once", "ElectionSafety", "elected_by_quorum"}
ENOUGH__two = 2
ENOUGH__four = 4
