"""The words of the proof: sorts, and what a state is made of.

Sorts stand in an order without cycles, so that every question put to the solver has an answer that it can find
(`checker/proof/stratification.py`): message → term → quorum → index → server, and value at the end of all. A function
from servers to indexes would close a cycle with the quorums' choice of a server. Therefore the length of a log and the
commit index are cuts, relations that hold of every index up to them; and a server's term is a relation, with the terms
below it beside it.

    log of server n      index   0    1    2    3    4
                         entry  [0]  [1]  [1]  [3]         entry(n, 3, term 3); value(n, 3)
                         has     ✓    ✓    ✓    ✓          i <= the log's length
                     committed   ✓    ✓                    i <= commit_index

Index 0 holds no entry: it is a sentinel of term 0, so that the first entry has a previous one, as in Figure 2.
"""

from __future__ import annotations

from raftproof.checker.proof.logic import Element, Formula, Function, Ordered, Relation, every, iff, implies
from raftproof.checker.proof.theory import Vocabulary, fixed, ghost, state


class Server(Element):
    """A member of the cluster."""


class Quorum(Element):
    """A set of servers of which any two share one: majorities, and whatever else intersects."""


class Term(Ordered):
    """A term (§5.1). Term 0 comes before every election."""

    constant = "term_0"


class Index(Ordered):
    """A place in a log. The first entry has index 1."""

    constant = "index_0"


class Value(Element):
    """What a client asks for."""

    constant = "nil"

    @classmethod
    def show(cls, number: int) -> str:
        """nil, a, b, …"""
        return "abcdefgh"[number - 1] if number else "nil"


class Message(Element):
    """An AppendEntries request with all its contents; whether it was sent is part of the state."""


class Raft(Vocabulary):
    """One state of the cluster and of a network that never forgets: it loses, duplicates, reorders at will."""

    member: Relation[Server, Quorum] = fixed("the server belongs to the quorum")

    source: Function[Server, Message] = fixed("the leader that sends it")
    term_of: Function[Term, Message] = fixed("the leader's term")
    prev_log_index: Function[Index, Message] = fixed("index of the entry before the new ones")
    prev_log_term: Function[Term, Message] = fixed("term of that entry")
    last_index: Function[Index, Message] = fixed("index of the last new entry; prev_log_index in a heartbeat")
    leader_commit: Function[Index, Message] = fixed("the leader's commit index, or less")
    carries: Relation[Message, Index, Term] = fixed("the new entry at the index has this term")
    carried: Function[Value, Message, Index] = fixed("the new entry's value at the index")

    sent: Relation[Message] = state("the request is in the network")
    requested: Relation[Server, Term, Index, Term] = state(
        "a candidate's RequestVote: term, last_log_index, last_log_term"
    )
    voted: Relation[Server, Term, Server] = state("the vote that a server persisted, which is also its reply")
    acked: Relation[Server, Term, Index] = state("a server told the term's leader that it stores the log up to here")

    current: Relation[Server, Term] = state("current_term of the server")
    left: Relation[Server, Term] = state("the terms below it, which the server has left for ever")
    entry: Relation[Server, Index, Term] = state("the server's log has an entry of this term at the index")
    value: Function[Value, Server, Index] = state("the value of that entry")
    has: Relation[Server, Index] = state("the index is within the server's log")
    candidate: Relation[Server] = state("the server is a candidate")
    leads: Relation[Server] = state("the server is a leader")
    committed: Relation[Server, Index] = state("the index is at most the server's commit_index")

    elected: Relation[Server, Term] = ghost("the server was elected in the term")
    started: Relation[Term] = ghost("the term had a leader")
    leader_of: Function[Server, Term] = ghost("that leader")
    voters: Function[Quorum, Term] = ghost("the quorum that elected it")
    term_log: Relation[Term, Index, Term] = ghost("the log of the term's leader, as it was when it last led")
    term_value: Function[Value, Term, Index] = ghost("the values in that log")
    term_length: Function[Index, Term] = ghost("the length of that log")
    commit_mark: Function[Index, Term] = ghost("the highest index that the term's leader committed")
    commit_quorum: Function[Quorum, Term] = ghost("the quorum that acknowledged it")
    basis: Relation[Server, Term] = ghost("the term whose leader committed what this server takes for committed")
    commit_basis: Function[Term, Message] = fixed("the same, of the message's leader_commit")


TERM_0 = Term.distinguished()
INDEX_0 = Index.distinguished()
NIL = Value.distinguished()


def reached(s: Raft, n: Server, t: Term) -> Formula:
    """Server n is in term t, or has left it."""
    return s.left(n, t) | s.current(n, t)


def is_last(s: Raft, n: Server, i: Index) -> Formula:
    """Index i is the end of server n's log."""
    return s.has(n, i) & every(Index, lambda j: implies(s.has(n, j), j <= i))


def is_next(s: Raft, n: Server, i: Index) -> Formula:
    """Index i follows the end of server n's log."""
    return every(Index, lambda j: iff(s.has(n, j), j < i))


def choosable(s: Raft, q: Quorum, i: Index, t: Term) -> Formula:
    """Every member of q stores the log of term t up to i, or is not past the term and may still come to store it."""
    return every(Server, lambda v: implies(s.member(v, q), s.acked(v, t, i) | ~s.left(v, t)))
