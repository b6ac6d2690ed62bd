"""A server's term only grows (§5.1)."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, iff, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import Raft, Server, Term


@lemma("terms", "§5.1")
def TermUnique(s: Raft, n: Server, a: Term, b: Term) -> Formula:
    """A server is in one term."""
    return implies(s.current(n, a) & s.current(n, b), a == b)


@lemma("terms", "§5.1")
def LeftIsBelow(s: Raft, n: Server, a: Term, b: Term) -> Formula:
    """A server has left exactly the terms below its own."""
    return implies(s.current(n, a), iff(s.left(n, b), b < a))


@lemma("terms", "§5.1")
def LeftDown(s: Raft, n: Server, a: Term, b: Term) -> Formula:
    """Who has left a term has left every term below it."""
    return implies(s.left(n, a) & (b <= a), s.left(n, b))


LEMMAS = (TermUnique, LeftIsBelow, LeftDown)
