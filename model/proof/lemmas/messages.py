"""What an AppendEntries request says is true of its term's leader, whenever it arrives (§5.3)."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, iff, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import Index, Message, Raft, Term


@lemma("messages", "§5.3")
def MsgFromLeader(s: Raft, m: Message) -> Formula:
    """Who sent an append was elected in the message's term."""
    return implies(s.sent(m), s.elected(s.source(m), s.term_of(m)))


@lemma(
    "messages", "§5.3: the leader includes the index and term of the entry that immediately precedes the new entries"
)
def MsgSlice(s: Raft, m: Message, i: Index, a: Term) -> Formula:
    """An append is a slice of its term's log, with the entry before it."""
    t, prev, last = s.term_of(m), s.prev_log_index(m), s.last_index(m)
    return implies(
        s.sent(m),
        s.term_log(t, prev, s.prev_log_term(m))
        & (prev <= last)
        & (last <= s.term_length(t))
        & implies(
            (prev < i) & (i <= last),
            iff(s.carries(m, i, a), s.term_log(t, i, a)) & (s.carried(m, i) == s.term_value(t, i)),
        ),
    )


LEMMAS = (MsgFromLeader, MsgSlice)
