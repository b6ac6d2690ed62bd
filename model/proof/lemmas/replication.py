"""Why an entry that a quorum stores, or may still come to store, is in every later leader's log (§5.4.1, §5.4.3).

An entry of term t is *choosable* with a quorum if each member stores it or may still do so: it acknowledged the log of
term t up to the entry, or has not left term t. Once a member leaves term t without it, it never acknowledges it, and
the entry is lost for that quorum. The paper's proof of Leader Completeness looks at one voter that both stored the
committed entry and voted for the new leader; these four lemmas are that argument, for entries that are not committed
yet.

        term t:   leader appends ──▶ quorum acknowledges         AckPast, AckKept
        term T:   a member votes for c, after it left term t     VoterPassesOn: c has the entry
                  c leads term T                                 ChoosableKept: so T's log has it
"""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import Index, Quorum, Raft, Server, Term, choosable, reached


@lemma("replication", "§5.3")
def AckPast(s: Raft, n: Server, t: Term, i: Index) -> Formula:
    """Who acknowledged something of a term has reached it; the term has started, and its log goes that far."""
    return implies(s.acked(n, t, i), reached(s, n, t) & s.started(t) & (i <= s.term_length(t)))


@lemma("replication", "§5.4.3")
def AckKept(s: Raft, q: Quorum, n: Server, t: Term, i: Index) -> Formula:
    """Who acknowledged a term's own entry has it as long as the entry is choosable."""
    return implies(s.acked(n, t, i) & s.term_log(t, i, t) & choosable(s, q, i, t), s.entry(n, i, t))


@lemma("replication", "§5.4.1, §5.4.3 (3)–(5): the voter must have accepted the entry before voting")
def VoterPassesOn(s: Raft, q: Quorum, n: Server, c: Server, t: Term, u: Term, i: Index) -> Formula:
    """Who acknowledged a choosable entry, and later votes, gives its vote only to a candidate that has the entry."""
    return implies(
        s.acked(n, t, i)
        & s.term_log(t, i, t)
        & choosable(s, q, i, t)
        & (t < u)
        & s.voted(n, u, c)
        & s.candidate(c)
        & s.current(c, u),
        s.entry(c, i, t),
    )


@lemma("replication", "§5.4.3 (6)–(8)")
def ChoosableKept(s: Raft, q: Quorum, t: Term, u: Term, i: Index) -> Formula:
    """The log of every later term has every entry that is still choosable in its own."""
    return implies(
        s.term_log(t, i, t) & choosable(s, q, i, t) & (t < u) & s.started(u),
        s.term_log(u, i, t),
    )


LEMMAS = (AckPast, AckKept, VoterPassesOn, ChoosableKept)
