"""One election as a theory: votes, and who was elected by which quorum. What is proved of it holds for every cluster.

A state is made of relations, a step has guards and updates, and a claim is a formula. There is no size anywhere.
"""

from __future__ import annotations

from raftproof.checker.proof.logic import Element, Formula, Relation, Update, every, implies, some
from raftproof.checker.proof.theory import Axiom, Step, Theory, Vocabulary, action, fixed, lemma, state


class Server(Element):
    """A member of the cluster."""


class Quorum(Element):
    """A set of servers."""


class Votes(Vocabulary):
    """What happened in one term."""

    member: Relation[Server, Quorum] = fixed("the server belongs to the quorum")
    voted: Relation[Server, Server] = state("the first voted for the second")
    elected: Relation[Server, Quorum] = state("the server was elected, by the votes of the quorum")


def initial(s: Votes) -> list[Update]:
    """Nobody has voted, and nobody is elected: relations are empty unless said otherwise."""
    return []


@action("§5.2")
def Vote(s: Votes, n: Server, c: Server) -> Step:
    """Server n votes for c, if it has voted for nobody else."""
    return Step(
        when={"vote_once": every(Server, lambda d: implies(s.voted(n, d), d == c))},
        then=[s.voted.insert(n, c)],
    )


@action("§5.2")
def BecomeLeader(s: Votes, c: Server, q: Quorum) -> Step:
    """Server c, for which all members of q have voted, is elected."""
    return Step(
        when={"votes_of_quorum": every(Server, lambda v: implies(s.member(v, q), s.voted(v, c)))},
        then=[s.elected.insert(c, q)],
    )


@lemma("goals", "§5.2, Figure 3")
def ElectionSafety(s: Votes, a: Server, b: Server, p: Quorum, q: Quorum) -> Formula:
    """At most one server is elected."""
    return implies(s.elected(a, p) & s.elected(b, q), a == b)


def quorums_intersect(s: Votes) -> Formula:
    """Any two quorums share a server."""
    return every(Quorum, lambda p: every(Quorum, lambda q: some(Server, lambda n: s.member(n, p) & s.member(n, q))))


THEORY = Theory(
    vocabulary=Votes,
    axioms=(Axiom("quorum_majority", "Any two quorums share a server.", quorums_intersect),),
    initial=initial,
    actions=(Vote, BecomeLeader),
    lemmas=(ElectionSafety,),
)
