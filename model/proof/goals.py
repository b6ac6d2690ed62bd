"""Figure 3, and what else is promised: derived from the lemmas, or proved of every step."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, iff, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import Index, Raft, Server, Term, is_last

# Of every state.


@lemma("goals", "§5.2, Figure 3", kind="goal")
def ElectionSafety(s: Raft, n: Server, k: Server, t: Term) -> Formula:
    """At most one leader can be elected in a given term."""
    return implies(s.elected(n, t) & s.elected(k, t), n == k)


@lemma("goals", "§5.3, Figure 3", kind="goal")
def LogMatching(s: Raft, n: Server, k: Server, i: Index, a: Term, j: Index, b: Term) -> Formula:
    """If two logs contain an entry with the same index and term, then the logs are identical in all entries up through
    the given index."""
    return implies(
        s.entry(n, i, a) & s.entry(k, i, a) & (j <= i),
        iff(s.entry(n, j, b), s.entry(k, j, b)) & implies(s.entry(n, j, b), s.value(n, j) == s.value(k, j)),
    )


@lemma("goals", "§5.4, Figure 3", kind="goal")
def LeaderCompleteness(s: Raft, t: Term, u: Term, i: Index, a: Term) -> Formula:
    """What is committed in a term is in the logs of the leaders of all higher terms."""
    return implies(
        (i <= s.commit_mark(t)) & (t < u) & s.started(u),
        iff(s.term_log(u, i, a), s.term_log(t, i, a))
        & implies(s.term_log(t, i, a), s.term_value(u, i) == s.term_value(t, i)),
    )


@lemma("goals", "§5.4.3, Figure 3", kind="goal")
def StateMachineSafety(s: Raft, n: Server, k: Server, t: Term, u: Term, i: Index, a: Term) -> Formula:
    """No two servers commit different entries at the same index."""
    return implies(
        s.basis(n, t) & s.basis(k, u) & s.committed(n, i) & s.committed(k, i),
        iff(s.entry(n, i, a), s.entry(k, i, a)) & implies(s.entry(n, i, a), s.value(n, i) == s.value(k, i)),
    )


# Of every step, of the state before (s) and after (z).


@lemma("steps", "§5.3, Figure 3", kind="step")
def LeaderAppendOnly(s: Raft, z: Raft, n: Server, t: Term, i: Index, a: Term) -> Formula:
    """A leader never overwrites or deletes entries in its log; it only appends new entries."""
    return implies(
        s.leads(n) & z.leads(n) & s.current(n, t) & z.current(n, t) & s.entry(n, i, a),
        z.entry(n, i, a) & (z.value(n, i) == s.value(n, i)),
    )


@lemma("steps", "§5.1", kind="step")
def TermsNeverFall(s: Raft, z: Raft, n: Server, t: Term) -> Formula:
    """A term that a server has left stays left."""
    return implies(s.left(n, t), z.left(n, t))


@lemma("steps", "§5.4.3", kind="step")
def CommitIsForEver(s: Raft, z: Raft, t: Term, i: Index, a: Term) -> Formula:
    """What a term's leader committed stays committed, and the log of a term that has started only grows."""
    return (s.commit_mark(t) <= z.commit_mark(t)) & implies(
        s.started(t) & s.term_log(t, i, a), z.term_log(t, i, a) & (z.term_value(t, i) == s.term_value(t, i))
    )


@lemma("steps", "§5.4.3", kind="step")
def CommittedIsNotTruncated(s: Raft, z: Raft, n: Server, i: Index, a: Term, t: Term) -> Formula:
    """An entry that a server takes for committed stays in its log."""
    return implies(
        s.basis(n, t) & s.committed(n, i) & s.entry(n, i, a), z.entry(n, i, a) & (z.value(n, i) == s.value(n, i))
    )


# What exists in every state, so that no guard which asks for it ever blocks a step.


@lemma("witnesses", "§5.1", kind="witness")
def HasTerm(s: Raft, n: Server, t: Term) -> Formula:
    """Every server is in some term."""
    return s.current(n, t)


@lemma("witnesses", "§5.3", kind="witness")
def HasBasis(s: Raft, n: Server, t: Term) -> Formula:
    """Some term justifies every server's commit index."""
    return s.basis(n, t)


@lemma("witnesses", "§5.3", kind="witness")
def HasLast(s: Raft, n: Server, i: Index) -> Formula:
    """Every server's log has an end."""
    return is_last(s, n, i)


GOALS = (ElectionSafety, LogMatching, LeaderCompleteness, StateMachineSafety)
STEPS = (LeaderAppendOnly, TermsNeverFall, CommitIsForEver, CommittedIsNotTruncated)
WITNESSES = (HasTerm, HasBasis, HasLast)
