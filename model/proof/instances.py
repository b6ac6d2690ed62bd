"""Small clusters in which counterexamples to induction are looked for, growing; and what makes their states look
real."""

from __future__ import annotations

from itertools import combinations

from raftproof.checker.proof.finite import Instance
from raftproof.checker.proof.logic import Formula, implies, some
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import INDEX_0, NIL, Index, Message, Quorum, Raft, Server, Term, Value


def instance(servers: int, terms: int, indexes: int, values: int = 2, *, quorum_size: int | None = None) -> Instance:
    """So many servers, terms (0 among them), indexes (0 among them) and values (nil among them), and one message.

    Quorums are the sets of `quorum_size` servers, which is the smallest majority unless said otherwise.
    """
    size = servers // 2 + 1 if quorum_size is None else quorum_size
    quorums = [set(members) for members in combinations(range(servers), size)]
    sizes = {Server: servers, Term: terms, Index: indexes, Value: values, Quorum: len(quorums), Message: 1}
    return Instance(sizes, {"member": lambda n, q: n in quorums[q]})


GROWING = tuple(
    instance(*sizes) for sizes in ((1, 2, 2), (2, 2, 2), (2, 3, 2), (3, 3, 2), (3, 3, 3), (3, 4, 3), (3, 5, 3))
)


@lemma("tidy")
def LogIsWhole(s: Raft, n: Server, i: Index) -> Formula:
    """Every place within a server's log has an entry."""
    return implies(s.has(n, i), some(Term, lambda a: s.entry(n, i, a)))


@lemma("tidy")
def TermLogIsWhole(s: Raft, t: Term, i: Index) -> Formula:
    """Every place within a leader's log has an entry."""
    return implies(i <= s.term_length(t), some(Term, lambda a: s.term_log(t, i, a)))


@lemma("tidy")
def MessageIsWhole(s: Raft, m: Message, i: Index) -> Formula:
    """Every new entry of a message has a term."""
    new = (s.prev_log_index(m) < i) & (i <= s.last_index(m))
    return implies(s.sent(m) & new, some(Term, lambda a: s.carries(m, i, a)))


@lemma("tidy")
def InATerm(s: Raft, n: Server) -> Formula:
    """Every server is in a term."""
    return some(Term, lambda t: s.current(n, t))


@lemma("tidy")
def NothingBeyond(s: Raft, n: Server, t: Term, i: Index) -> Formula:
    """Beyond the end of a log there is no value, and nothing is committed; before its first entry everything is."""
    return (
        implies(~s.has(n, i), (s.value(n, i) == NIL) & ~s.committed(n, i))
        & implies(s.term_length(t) < i, s.term_value(t, i) == NIL)
        & s.committed(n, INDEX_0)
    )


TIDY = (LogIsWhole, TermLogIsWhole, MessageIsWhole, InATerm, NothingBeyond)
