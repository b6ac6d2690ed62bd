"""A model that keeps sets of members wherever a value may stand: shared, of a member, in a record, in a message."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from raftproof.checker.language import AtMost, Bag, Map, Members, Model, OrNil, Seq, State, SubsetOf, Symmetric


class Friend(Symmetric):
    """A member."""

    bound = "servers"


Friends = Annotated[int, SubsetOf(Friend)]


class Party(NamedTuple):
    """Who gives it, and who comes."""

    host: OrNil[Friend]
    guests: Friends


class Invitation(NamedTuple):
    """Who else is asked."""

    others: Friends
    source: Friend
    dest: Friend


class Hello(NamedTuple):
    """A message without a set."""

    source: Friend
    dest: Friend


class Circle(State):
    """Who knows whom."""

    friends: Members[Friend]
    known: Map[Friend, Friends]
    invited: Friends
    last: Party
    parties: Map[Friend, Annotated[Seq[Party], AtMost("max_log")]]
    messages: Annotated[Bag[Invitation | Hello], AtMost("max_in_flight", copies="max_in_flight")]


model = Model("circle", Circle, bounds={"servers": 3, "max_log": 1, "max_in_flight": 1})


@model.initial
def init(s: Circle) -> None:
    """Everybody knows themselves."""
    for i in s.friends:
        s.known[i] = 1 << i


@model.action()
def greet(s: Circle, i: Friend, j: Friend) -> bool:
    """A first word."""
    if i == j:
        return False
    s.messages.send(Hello(i, j))
    return True


@model.action()
def hear(s: Circle, m: Hello) -> bool:
    """Now j knows i."""
    s.known[m.dest] = s.known[m.dest] | 1 << m.source
    s.messages.discard(m)
    return True


@model.action()
def invite(s: Circle, i: Friend, j: Friend) -> bool:
    """Somebody that i knows is asked to come, and told who else is."""
    if i == j or s.known[i] >> j & 1 == 0 or len(s.parties[i]) > 0:
        return False
    s.invited = s.invited | 1 << j
    s.messages.send(Invitation(s.invited & ~(1 << j), i, j))
    return True


@model.action()
def come(s: Circle, m: Invitation) -> bool:
    """A guest comes, and knows all the others from then on."""
    s.known[m.dest] = s.known[m.dest] | m.others
    s.parties[m.source].append(Party(m.source, s.invited))
    s.last = Party(m.dest, m.others)
    s.messages.discard(m)
    return True


@model.invariant
def everybody_knows_themselves(s: Circle) -> bool:
    """Nobody is forgotten."""
    kept = True
    for i in s.friends:
        kept = kept and s.known[i] >> i & 1 == 1
    return kept
