"""Where every value lies: what is written is read again, at every size."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raftproof.checker.language import (
    AtMost,
    Bag,
    BoundsError,
    Interpreter,
    Layout,
    Map,
    Members,
    Model,
    OrNil,
    Seq,
    Set,
    State,
    Symmetric,
    UpTo,
    Within,
)
from raftproof.checker.run import Question


class Server(Symmetric):
    """A member."""


class Value(Symmetric):
    """A thing."""


class Phase(IntEnum):
    """Where something is."""

    IDLE = 0
    BUSY = 1
    DONE = 2


class Item(NamedTuple):
    """A record in a record's reach."""

    term: Annotated[int, UpTo("max_term")]
    owner: OrNil[Server]
    is_last: bool


class Note(NamedTuple):
    """A message."""

    item: Item
    source: Server
    dest: Server


class Ping(NamedTuple):
    """Another message."""

    phase: Phase
    source: Server
    dest: Server


class Everything(State):
    """A field of every kind."""

    servers: Members[Server]
    values: Members[Value]
    term: Map[Server, Annotated[int, UpTo("max_term")]]
    leader: OrNil[Server]
    chosen: Map[Value, bool]
    phase: Map[Server, Map[Phase, Annotated[int, Within("max_term")]]]
    seen: Map[Server, Set[Server]]
    ready: Set[Server]
    log: Map[Server, Annotated[Seq[Item], AtMost("max_log", over=2)]]
    last: Map[Server, Item]
    net: Annotated[Bag[Note | Ping], AtMost("max_in_flight", copies="max_copies")]


SECOND: Final = Server(1)
BOUNDS = {"servers": 3, "values": 2, "max_term": 3, "max_log": 2, "max_in_flight": 2, "max_copies": 2}
LONG = BOUNDS | {"max_log": 40, "max_term": 900, "max_in_flight": 5}


def layouts() -> list[Layout]:
    """The same state in narrow words, in long logs, with its symmetries, and wide."""
    return [
        Layout(Everything, BOUNDS),
        Layout(Everything, BOUNDS, frozenset({"servers", "values"})),
        Layout(Everything, LONG),
        Layout(Everything, LONG, wide=True),
    ]


def fill(layout: Layout, data: st.DataObject) -> Everything:
    """A state with a value drawn for every place."""
    s: Everything = layout.new()
    bounds = layout.bounds
    term = st.integers(0, bounds["max_term"])
    server = st.integers(0, bounds["servers"] - 1).map(Server)
    item = st.builds(Item, term, st.integers(-1, bounds["servers"] - 1).map(Server), st.booleans())
    s.leader = data.draw(st.integers(-1, bounds["servers"] - 1).map(Server))
    for v in s.values:
        s.chosen[v] = data.draw(st.booleans())
    for i in s.servers:
        s.term[i] = data.draw(term)
        s.last[i] = data.draw(item)
        for phase in Phase:
            s.phase[i][phase] = data.draw(term)
        for j in data.draw(st.sets(server)):
            s.seen[i].add(j)
        for one in data.draw(st.lists(item, max_size=bounds["max_log"])):
            s.log[i].append(one)
    for i in data.draw(st.sets(server)):
        s.ready.add(i)
    note = st.builds(Note, item, server, server) | st.builds(Ping, st.sampled_from(Phase), server, server)
    for message in data.draw(st.lists(note, max_size=bounds["max_in_flight"])):
        s.net.send(message)
    return s


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data(), st.integers(0, 3))
def test_a_state_is_read_again_as_it_was_written(data: st.DataObject, which: int) -> None:
    layout = layouts()[which]
    state = fill(layout, data)
    bits = layout.encode(state)
    assert bits < 1 << 64 * layout.words
    assert layout.show(layout.decode(bits)) == layout.show(state)
    assert layout.encode(layout.decode(bits)) == bits
    assert layout.encode(layout.copy(state)) == bits


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data(), st.permutations(range(3)))
def test_relabelling_back_gives_the_state_back(data: st.DataObject, order: list[int]) -> None:
    layout = layouts()[1]
    state = fill(layout, data)
    there = layout.relabel(state, Server, order.__getitem__)
    back = layout.relabel(there, Server, order.index)
    assert layout.encode(back) == layout.encode(state)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_no_two_places_share_a_bit(data: st.DataObject) -> None:
    """Emptying one field leaves every other one as it was."""
    layout = layouts()[data.draw(st.integers(0, 3))]
    state = fill(layout, data)
    shown = layout.show(state)
    empty = layout.show(layout.new())
    for name, node in layout.fields.items():
        other = layout.copy(state)
        other.__dict__[name] = node.fresh()
        assert layout.show(layout.decode(layout.encode(other))) == shown | {name: empty[name]}


class First(State):
    """A state in which one server can be told apart from the start."""

    servers: Members[Server]
    leader: OrNil[Server]


def test_a_state_that_tells_symmetric_members_apart_from_the_start_is_refused() -> None:
    model = Model("first", First, bounds={"servers": 3})

    @model.initial
    def init(s: First) -> None:
        s.leader = SECOND

    question = Question(model)
    with pytest.raises(BoundsError, match="tell the members of Server apart"):
        question.interpreter(question.layout())
    alone = Question(model, symmetric=())
    assert isinstance(alone.interpreter(alone.layout()), Interpreter)
