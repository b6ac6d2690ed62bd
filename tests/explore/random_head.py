"""What a model drawn at random begins with: sorts, records, helpers; and the fields that it may have."""

from __future__ import annotations

HEAD = '''"""A model drawn at random."""

from enum import IntEnum
from typing import Annotated, Final, NamedTuple

from raftproof.checker.language import *


class Server(Symmetric):
    """A member."""


class Value(Symmetric):
    """A value."""


class Color(IntEnum):
    RED = 0
    GREEN = 1
    BLUE = 2


class Only(IntEnum):
    ONE = 0


class Rule(IntEnum):
    CARE = 0
    MORE_CARE = 1


NIL: Final = Server(-1)
Small = Annotated[int, UpTo("max_n")]
Wide = Annotated[int, Within("2 * max_n + 1")]
Far = Annotated[int, Within("40 * max_n + 30")]
Group = Annotated[int, SubsetOf(Server)]
Ticket = Annotated[int, OrderOnly("servers + 2")]


class Entry(NamedTuple):
    n: Small
    v: Value


class Ask(NamedTuple):
    n: Small
    source: Server
    dest: Server


class Tell(NamedTuple):
    ok: bool
    dest: Server
    e: Entry
    crowd: Group


class Inner(State):
    k: Small
    tally: Map[Server, Small]


def entry_at(s: "S", i: Server, k: int) -> int:
    """The number in an entry of a log; 0 beyond its end."""
    if k < 1 or k > len(s.log[i]):
        return 0
    return s.log[i][k].n


def newest(s: "S") -> Color:
    """The last color of the queue; red if there is none."""
    n = len(s.queue)
    return s.queue[n] if n > 0 else Color.RED


def above(s: "S") -> int:
    """A ticket above all."""
    highest = 0
    for i in s.servers:
        highest = max(highest, s.ticket[i])
    return highest + 1


def is_fresh(s: "S", i: Server) -> bool:
    """What restricts a parameter."""
    return i in s.up or len(s.log[i]) > 0


def may_have(s: "S", i: Server, c: Color) -> bool:
    """What restricts the values of a Map that a step chooses."""
    return c == newest(s) or (c == Color.GREEN and i in s.up)


def forget(s: "S", i: Server) -> None:
    """A helper that writes."""
    s.log[i].truncate(len(s.log[i]) // 2)
    s.up.discard(i)

'''

ALWAYS = {
    "log": 'Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]',
    "queue": 'Annotated[Seq[Color], AtMost("max_log")]',
}
ALWAYS |= {"up": "Set[Server]", "n": "Small"}
SOMETIMES = {
    "wide": "Wide",
    "flag": "bool",
    "color": "Color",
    "owner": "OrNil[Server]",
    "chosen": "OrNil[Value]",
    "last": "Entry",
    "count": "Map[Server, Small]",
    "marks": "Map[Server, Map[Server, Wide]]",
    "votes": "Map[Server, Set[Server]]",
    "leader": "Map[Server, OrNil[Server]]",
    "tint": "Map[Server, Color]",
    "owned": "Map[Value, bool]",
    "place": "Map[Color, Wide]",
    "seen": "Set[Value]",
    "paints": "Set[Color]",
    "table": "Map[Color, Map[Server, bool]]",
    "held": "Map[Server, Map[Value, Small]]",
    "far": 'Map[Color, Annotated[Seq[Wide], AtMost("12", over=2)]]',
    "big": "Set[Far]",
    "group": "Group",
    "teams": "Map[Server, Group]",
    "ticket": "Map[Server, Ticket]",
    "ones": 'Annotated[Seq[Only], AtMost("max_log")]',
    "inner": "Inner",
    "messages": 'Annotated[Bag[Ask | Tell], AtMost("max_in_flight", copies="max_copies")]',
}
LIVE = {
    "color": "",
    "wide": "",
    "place": "",
    "far": "",
    "queue": "",
    "big": "",
    "tint": "i",
    "marks": "i",
    "votes": "i",
}
"""Fields that may be dead, and the key for which they are."""
SORTS = {"i": "Server", "j": "Server", "v": "Value", "c": "Color", "b": "bool", "k": "Small"}
