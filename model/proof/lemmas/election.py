"""Votes, and what a vote commits its voter and its candidate to (§5.2)."""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, implies
from raftproof.checker.proof.theory import lemma
from raftproof.model.proof.vocabulary import TERM_0, Index, Raft, Server, Term, is_last, reached


@lemma("election", "§5.2: each server will vote for at most one candidate in a given term")
def VoteOnce(s: Raft, n: Server, t: Term, c: Server, d: Server) -> Formula:
    """A server votes for at most one candidate in a term."""
    return implies(s.voted(n, t, c) & s.voted(n, t, d), c == d)


@lemma("election", "§5.2")
def VotePast(s: Raft, n: Server, t: Term, c: Server) -> Formula:
    """Who voted in a term has reached it."""
    return implies(s.voted(n, t, c), reached(s, n, t))


@lemma("election", "§5.2")
def VoteRequested(s: Raft, n: Server, t: Term, c: Server) -> Formula:
    """Who was voted for in a term has reached it."""
    return implies(s.voted(n, t, c), reached(s, c, t))


@lemma("election", "§5.2: a candidate wins an election if it receives votes from a majority of the servers")
def ElectedByQuorum(s: Raft, n: Server, t: Term, v: Server) -> Formula:
    """The elected of a term have the votes of a quorum, the one that is written down for the term."""
    return implies(s.elected(n, t) & s.member(v, s.voters(t)), s.voted(v, t, n))


@lemma("election", "§5.2")
def LeaderElected(s: Raft, n: Server, t: Term) -> Formula:
    """Who leads was elected in its term."""
    return implies(s.leads(n) & s.current(n, t), s.elected(n, t))


@lemma("election", "§5.2")
def ElectedStarted(s: Raft, n: Server, t: Term) -> Formula:
    """A term in which someone was elected has started, and the elected has reached it; term 0 is none of these."""
    return implies(s.elected(n, t), s.started(t) & reached(s, n, t) & (t != TERM_0))


@lemma("election", "§5.2")
def StartedElected(s: Raft, t: Term) -> Formula:
    """The leader of a term that has started was elected in it."""
    return implies(s.started(t), s.elected(s.leader_of(t), t))


@lemma("election", "§5.2")
def CandidateNotElected(s: Raft, n: Server, t: Term) -> Formula:
    """A candidate is not elected in its term yet, and the term is not 0."""
    return implies(s.candidate(n) & s.current(n, t), ~s.elected(n, t) & (t != TERM_0))


@lemma("election", "§5.2")
def RequestVotePast(s: Raft, c: Server, t: Term, i: Index, a: Term) -> Formula:
    """Who asked for votes in a term has reached it."""
    return implies(s.requested(c, t, i, a), reached(s, c, t))


@lemma("election", "§5.4.1: the RPC includes information about the candidate's log")
def RequestVoteLog(s: Raft, c: Server, t: Term, i: Index, a: Term) -> Formula:
    """While a candidate is one, its log ends as its request says."""
    return implies(s.requested(c, t, i, a) & s.current(c, t) & s.candidate(c), is_last(s, c, i) & s.entry(c, i, a))


@lemma("election", "§5.1, §5.2")
def ElectorsDoNotGoBack(s: Raft, c: Server, t: Term, i: Index, a: Term, v: Server) -> Formula:
    """A candidate with an entry of a later term, which it found after a crash, has no vote of those who elected that
    term's leader."""
    return implies(
        s.candidate(c) & s.current(c, t) & s.entry(c, i, a) & (t < a) & s.member(v, s.voters(a)), ~s.voted(v, t, c)
    )


LEMMAS = (
    VoteOnce,
    VotePast,
    VoteRequested,
    ElectedByQuorum,
    LeaderElected,
    ElectedStarted,
    StartedElected,
    CandidateNotElected,
    RequestVotePast,
    RequestVoteLog,
    ElectorsDoNotGoBack,
)
