"""One term of Raft, votes only: at most one server can be elected in it, whatever the logs say.

`rounds` explores a term as a round of one leader, and rests on this. A term's election reads nothing of other terms:
who may ask, who votes for whom, and who has a quorum. The logs decide only who *may* refuse a vote, so any server may
refuse any candidate here, and every log is covered. A request that was sent stays deliverable, and so does a vote;
a crash takes nothing away that a server must keep.
"""

from __future__ import annotations

from raftproof.checker.language import Map, Members, Model, OrNil, Set, State
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Server


class Election(State):
    """What was asked and answered in one term."""

    servers: Members[Server]
    requested: Set[Server]  # the candidates that have asked for votes
    voted_for: Map[Server, OrNil[Server]]  # set once
    votes: Map[Server, Set[Server]]  # that were ever granted to a candidate


model = Model(
    "election",
    Election,
    bounds={"servers": 3},
    rules=Rule,
    covers="Stands for every election of {servers} servers, in any term, with any logs, any number of requests, "
    "answers, losses, duplicates and crash-restarts.",
)


def is_quorum(s: Election, members: int) -> bool:
    """A majority: any two of them share a server (§5.2)."""
    if s.upholds(Rule.QUORUM_MAJORITY):
        return 2 * members > len(s.servers)
    return 2 * members >= len(s.servers) - 1


@model.initial
def init(s: Election) -> None:
    """Nobody has asked for votes in this term."""


@model.action(Rule.ELECTION_TIMEOUT, Rule.REQUEST_VOTES)
def request_votes(s: Election, i: Server) -> bool:
    """Server i becomes a candidate and asks for votes, its own too."""
    if i in s.requested:
        return False
    s.requested.add(i)
    return True


@model.action(Rule.VOTE_ONCE)
def grant_vote(s: Election, i: Server, candidate: Server) -> bool:
    """Server i receives a request and votes for the candidate; it may refuse for what its log says, and then nothing is
    changed."""
    is_free = s.voted_for[i] == NIL or s.voted_for[i] == candidate or not s.upholds(Rule.VOTE_ONCE)
    if candidate not in s.requested or i in s.votes[candidate] or not is_free:
        return False
    s.voted_for[i] = candidate
    s.votes[candidate].add(i)
    return True


@model.action(Rule.VOTE_PERSISTED, fault="restart")
def restart(s: Election, i: Server) -> bool:
    """Server i crashes and starts again with its vote."""
    if not s.upholds(Rule.VOTE_PERSISTED):
        s.voted_for[i] = NIL
    return True


@model.invariant
def election_safety(s: Election) -> bool:
    """At most one server has the votes of a quorum (Figure 3, §5.2)."""
    for i in s.servers:
        for j in s.servers:
            if i < j and is_quorum(s, len(s.votes[i])) and is_quorum(s, len(s.votes[j])):
                return False
    return True


@model.witness
def leader_elected(s: Election) -> bool:
    """A server has the votes of a quorum."""
    for i in s.servers:
        if is_quorum(s, len(s.votes[i])):
            return True
    return False


@model.witness
def votes_split(s: Election) -> bool:
    """All have voted, and nobody is elected."""
    for i in s.servers:
        if s.voted_for[i] == NIL or is_quorum(s, len(s.votes[i])):
            return False
    return True
