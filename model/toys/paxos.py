"""Paxos: acceptors choose one value, though proposers with ever higher ballots compete for ever.

    raftproof check paxos
    raftproof check paxos --reduce live

There are two lessons in it. Ballots are only compared and copied, so they are *order-only*: a state keeps their ranks,
and all of the infinitely many ballots are explored. And what a proposer has gathered is *live* only while it gathers:
with `--reduce live` states that differ in what nobody will read are one.

An answer to a proposer is a step of the acceptor; it may never come, or come late. A proposer that starts takes a
ballot above all in use, as clocks or rounds of numbers would give it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final

from raftproof.checker.language import Map, Members, Model, OrderOnly, OrNil, Set, State, Symmetric

Ballot = Annotated[int, OrderOnly("2 * servers + 2 * proposers + 1")]
"""The number of an attempt; 0 is before the first. The bound is how many a state can hold, and one more."""


class Acceptor(Symmetric):
    """One of those that vote."""

    bound = "servers"


class Proposer(Symmetric):
    """One of those that want a value chosen."""


class Value(Symmetric):
    """What may be chosen."""


class Phase(IntEnum):
    """What a proposer is at."""

    IDLE = 0
    ASKING = 1
    PROPOSING = 2


class Rule(IntEnum):
    """What can be left out, to see what it is for."""

    KEEP_PROMISE = 0
    ADOPT_HIGHEST = 1


NOTHING: Final = Value(-1)
"""No value."""


class Paxos(State):
    """Acceptors and proposers."""

    acceptors: Members[Acceptor]
    proposers: Members[Proposer]
    promised: Map[Acceptor, Ballot]  # votes in no lower ballot
    voted: Map[Acceptor, Ballot]  # the last ballot that it voted in, <= promised …
    vote: Map[Acceptor, OrNil[Value]]  # … and what for
    phase: Map[Proposer, Phase]
    ballot: Map[Proposer, Ballot]
    heard: Map[Proposer, Set[Acceptor]]  # who has promised, while it asks
    highest: Map[Proposer, Ballot]  # the highest ballot that any of them has voted in …
    value: Map[Proposer, OrNil[Value]]  # … and the value there; while it proposes, its own
    chosen: Set[Value]  # that a quorum ever voted for in one ballot


model = Model("paxos", Paxos, bounds={"servers": 3, "proposers": 2, "values": 2}, rules=Rule)


@model.live("ballot")
def while_at_work(s: Paxos, p: Proposer) -> bool:
    """A proposer that starts takes a new ballot."""
    return s.phase[p] != Phase.IDLE


@model.live("value")
def while_it_knows(s: Paxos, p: Proposer) -> bool:
    """A proposer that starts knows of no value."""
    return s.phase[p] != Phase.IDLE


@model.live("heard", "highest")
def while_it_asks(s: Paxos, p: Proposer) -> bool:
    """Once it proposes, a proposer needs no more answers; when it starts anew, it forgets them."""
    return s.phase[p] == Phase.ASKING


def newest(s: Paxos) -> int:
    """The highest ballot in use."""
    found = 0
    for a in s.acceptors:
        found = max(found, s.promised[a], s.voted[a])
    for p in s.proposers:
        found = max(found, s.ballot[p], s.highest[p])
    return found


def votes_in(s: Paxos, ballot: int) -> int:
    """How many acceptors voted last in a ballot."""
    count = 0
    for a in s.acceptors:
        if s.voted[a] == ballot:
            count += 1
    return count


@model.initial
def start(s: Paxos) -> None:
    """Nobody has asked for anything."""


@model.action()
def ask(s: Paxos, p: Proposer) -> bool:
    """A proposer asks all for promises in a new ballot, and gives up what it was at."""
    s.ballot[p] = newest(s) + 1
    s.phase[p] = Phase.ASKING
    s.heard[p].clear()
    s.highest[p] = 0
    s.value[p] = NOTHING
    return True


@model.action()
def give_up(s: Paxos, p: Proposer) -> bool:
    """A proposer stops."""
    if s.phase[p] == Phase.IDLE:
        return False
    s.phase[p] = Phase.IDLE
    return True


@model.action()
def promise(s: Paxos, p: Proposer, a: Acceptor) -> bool:
    """An acceptor promises to vote in no lower ballot, and says what it voted for last."""
    if s.phase[p] != Phase.ASKING or a in s.heard[p] or s.promised[a] > s.ballot[p]:
        return False
    s.promised[a] = s.ballot[p]
    s.heard[p].add(a)
    if s.voted[a] > s.highest[p]:
        s.highest[p] = s.voted[a]
        s.value[p] = s.vote[a]
    return True


@model.action()
def propose(s: Paxos, p: Proposer, v: Value) -> bool:
    """With promises of a quorum, a proposer proposes the value of the highest ballot that it heard of, or any."""
    is_free = s.value[p] == NOTHING or not s.upholds(Rule.ADOPT_HIGHEST)
    if s.phase[p] != Phase.ASKING or 2 * len(s.heard[p]) <= len(s.acceptors) or not (is_free or s.value[p] == v):
        return False
    s.value[p] = v
    s.phase[p] = Phase.PROPOSING
    return True


@model.action()
def accept(s: Paxos, p: Proposer, a: Acceptor) -> bool:
    """An acceptor votes for a proposal, unless it has promised not to."""
    if s.phase[p] != Phase.PROPOSING or (s.promised[a] > s.ballot[p] and s.upholds(Rule.KEEP_PROMISE)):
        return False
    s.promised[a] = max(s.promised[a], s.ballot[p])
    s.voted[a] = s.ballot[p]
    s.vote[a] = s.value[p]
    if 2 * votes_in(s, s.ballot[p]) > len(s.acceptors):
        s.chosen.add(s.value[p])
    return True


@model.invariant
def agreement(s: Paxos) -> bool:
    """At most one value is chosen."""
    return len(s.chosen) <= 1


@model.witness
def value_chosen(s: Paxos) -> bool:
    """A value is chosen."""
    return len(s.chosen) > 0


@model.witness
def vote_overruled(s: Paxos, t: Paxos) -> bool:
    """An acceptor votes for another value than before."""
    for a in s.acceptors:
        if s.vote[a] != NOTHING and t.vote[a] != s.vote[a]:
            return True
    return False
