"""Every log is made of pieces of leaders' logs (§5.3)."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, iff, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import INDEX_0, NIL, TERM_0, Index, Raft, Server, Term


@lemma("logs", "§5.3")
def EntryUnique(s: Raft, n: Server, i: Index, a: Term, b: Term) -> Formula:
    """A place in a server's log holds one term."""
    return implies(s.entry(n, i, a) & s.entry(n, i, b), a == b)


@lemma("logs", "§5.3")
def LeaderEntryUnique(s: Raft, t: Term, i: Index, a: Term, b: Term) -> Formula:
    """A place in the log of a term's leader holds one term."""
    return implies(s.term_log(t, i, a) & s.term_log(t, i, b), a == b)


@lemma("logs", "§5.3")
def Bounds(s: Raft, n: Server, t: Term, i: Index, a: Term) -> Formula:
    """Entries lie within the log's length."""
    return implies(s.entry(n, i, a), s.has(n, i)) & implies(s.term_log(t, i, a), i <= s.term_length(t))


@lemma("logs", "§5.3")
def Cuts(s: Raft, n: Server, i: Index, j: Index) -> Formula:
    """A log's length and a commit index are cuts: what holds of an index holds of all below it."""
    return implies(j <= i, implies(s.has(n, i), s.has(n, j)) & implies(s.committed(n, i), s.committed(n, j)))


@lemma("logs", "§5.3; Figure 2, State: first index is 1")
def Sentinel(s: Raft, n: Server, t: Term, i: Index, a: Term) -> Formula:
    """Index 0 holds term 0 and no value, and no other index holds term 0."""
    return (
        iff(s.entry(n, INDEX_0, a), a == TERM_0)
        & iff(s.term_log(t, INDEX_0, a), a == TERM_0)
        & implies(s.entry(n, i, TERM_0), i == INDEX_0)
        & implies(s.term_log(t, i, TERM_0), i == INDEX_0)
        & (s.value(n, INDEX_0) == NIL)
        & (s.term_value(t, INDEX_0) == NIL)
    )


@lemma("logs", "§5.3")
def LeaderEntryPast(s: Raft, t: Term, i: Index, a: Term) -> Formula:
    """The entries in the log of a term's leader are of that term or earlier ones."""
    return implies(s.term_log(t, i, a), a <= t)


@lemma("logs", "§5.3")
def EntryStarted(s: Raft, n: Server, i: Index, a: Term) -> Formula:
    """A term that has an entry in a server's log has started (or is 0, the sentinel's)."""
    return implies(s.entry(n, i, a), s.started(a) | (a == TERM_0))


@lemma("logs", "§5.3")
def LeaderEntryStarted(s: Raft, t: Term, i: Index, a: Term) -> Formula:
    """A term that has an entry in a leader's log has started, and so has the leader's own (or the entry is the
    sentinel)."""
    return implies(s.term_log(t, i, a), (a == TERM_0) | (s.started(a) & s.started(t)))


@lemma("logs", "§5.3: a leader never overwrites or deletes entries in its log; it only appends new entries")
def LeaderLog(s: Raft, n: Server, t: Term, i: Index, a: Term) -> Formula:
    """A leader's log is its term's log."""
    return implies(
        s.leads(n) & s.current(n, t),
        iff(s.entry(n, i, a), s.term_log(t, i, a))
        & (s.value(n, i) == s.term_value(t, i))
        & iff(s.has(n, i), i <= s.term_length(t)),
    )


@lemma("logs", "§5.3: the consistency check acts as an induction step")
def PrefixOfLeader(s: Raft, n: Server, i: Index, a: Term, j: Index, b: Term) -> Formula:
    """A server whose log has an entry of term a has, up to that entry, the log of term a's leader."""
    return implies(
        s.entry(n, i, a) & (j <= i),
        iff(s.entry(n, j, b), s.term_log(a, j, b)) & implies(s.entry(n, j, b), s.value(n, j) == s.term_value(a, j)),
    )


@lemma("logs", "§5.3: the consistency check acts as an induction step")
def LeaderPrefixOfLeader(s: Raft, t: Term, i: Index, a: Term, j: Index, b: Term) -> Formula:
    """A leader whose log has an entry of term a has, up to that entry, the log of term a's leader."""
    return implies(
        s.term_log(t, i, a) & (j <= i),
        iff(s.term_log(t, j, b), s.term_log(a, j, b))
        & implies(s.term_log(t, j, b), s.term_value(t, j) == s.term_value(a, j)),
    )


LEMMAS = (
    EntryUnique,
    LeaderEntryUnique,
    Bounds,
    Cuts,
    Sentinel,
    LeaderEntryPast,
    EntryStarted,
    LeaderEntryStarted,
    LeaderLog,
    PrefixOfLeader,
    LeaderPrefixOfLeader,
)
