"""What a commit index stands on (§5.3, §5.4.2)."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, iff, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import INDEX_0, Index, Message, Raft, Server, Term, reached


@lemma("commit", "§5.4.2: only log entries from the leader's current term are committed by counting replicas")
def CommitQuorum(s: Raft, t: Term, n: Server) -> Formula:
    """What a term's leader committed ends with an entry of the term that every member of a quorum acknowledged."""
    mark = s.commit_mark(t)
    return implies(
        mark != INDEX_0,
        s.term_log(t, mark, t) & implies(s.member(n, s.commit_quorum(t)), s.acked(n, t, mark)),
    )


@lemma("commit", "§5.3")
def CommitBasis(s: Raft, n: Server, t: Term, i: Index, a: Term) -> Formula:
    """What a server takes for committed was committed by the leader of a term that it has reached, and is the same."""
    return implies(
        s.basis(n, t),
        reached(s, n, t)
        & implies(
            s.committed(n, i),
            (i <= s.commit_mark(t))
            & iff(s.entry(n, i, a), s.term_log(t, i, a))
            & implies(s.entry(n, i, a), s.value(n, i) == s.term_value(t, i)),
        ),
    )


@lemma("commit", "§5.3: the leader includes the highest index it knows to be committed in future AppendEntries RPCs")
def MsgCommitBasis(s: Raft, m: Message, i: Index, a: Term) -> Formula:
    """What a message says is committed was committed by the leader of its term or an earlier one, and is the same."""
    t, u = s.commit_basis(m), s.term_of(m)
    return implies(
        s.sent(m),
        (t <= u)
        & (s.leader_commit(m) <= s.commit_mark(t))
        & implies(
            i <= s.leader_commit(m),
            iff(s.term_log(t, i, a), s.term_log(u, i, a))
            & implies(s.term_log(t, i, a), s.term_value(t, i) == s.term_value(u, i)),
        ),
    )


LEMMAS = (CommitQuorum, CommitBasis, MsgCommitBasis)
