"""What a step may choose all at once, sequences that lose their first items, order-only values in messages: compiled as
interpreted."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import pytest
from comparing import compare

from raftproof.checker.language import (
    AtMost,
    Bag,
    Map,
    Members,
    Model,
    ModelError,
    OrderOnly,
    Seq,
    Set,
    State,
    Symmetric,
    Where,
    Within,
)
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.native.build import build
from raftproof.checker.run import Question, check

Ticket = Annotated[int, OrderOnly("servers + 2 * max_log + 2")]
Place = Annotated[int, Within("max_log")]


class Server(Symmetric):
    """Who holds tickets."""


class Note(NamedTuple):
    """Tells of a ticket."""

    ticket: Ticket
    dest: Server


class Board(State):
    """Tickets that are held, noted in messages, and lined up; and marks, more than a word has bits."""

    servers: Members[Server]
    held: Map[Server, Ticket]
    line: Annotated[Seq[Ticket], AtMost("max_log", over=0)]
    messages: Annotated[Bag[Note], AtMost("max_log", over=0)]
    marks: Set[Annotated[int, Within("40 * max_log")]]


def may_get(s: Board, i: Server, ticket: int) -> bool:
    """A server that holds a ticket may get none; another may get one or not."""
    return ticket == 0 or (ticket == 1 and s.held[i] == 0)


def room(s: Board, count: int) -> bool:
    """The line is as long as that, and there is something to drop."""
    return 0 < count <= len(s.line)


def init(s: Board) -> None:
    """Nobody holds a ticket."""


def hand_out(s: Board, given: Annotated[Map[Server, Place], Where(may_get)]) -> bool:
    """Some servers get the same ticket, above all that are held."""
    above = 0
    for i in s.servers:
        above = max(above, s.held[i])
    for i in s.servers:
        if given[i] > 0:
            s.held[i] = above + 1
    return True


def post(s: Board, i: Server) -> bool:
    """Server i notes its ticket, and gives it back."""
    if s.held[i] == 0 or len(s.messages) > 0:
        return False
    s.messages.send(Note(s.held[i], i))
    s.held[i] = 0
    return True


def line_up(s: Board, m: Note) -> bool:
    """A note joins the line, behind lower ones only."""
    if len(s.line) > 0 and s.line[len(s.line)] >= m.ticket:
        return False
    if len(s.line) == 2:
        return False
    s.messages.discard(m)
    s.line.append(m.ticket)
    return True


def call(s: Board, count: Annotated[Place, Where(room)]) -> bool:
    """The first of the line are called."""
    s.line.drop(count)
    if len(s.marks) > 1:
        s.marks.clear()
    s.marks.add(40 * (count + len(s.marks) - 1))
    return True


def in_line(s: Board) -> bool:
    """The line is in order."""
    return len(s.line) < 2 or s.line[1] < s.line[2]


def board(bounds: dict[str, int] | None = None) -> Question:
    """The question whether the line is in order."""
    model = Model("board", Board, bounds={"servers": 2, "max_log": 2})
    model.initial(init)
    for action in (hand_out, post, line_up, call):
        model.action()(action)
    model.invariant(in_line)
    return Question(model, bounds or {})


@pytest.mark.leg
def test_choices_order_and_dropped_items_are_the_same_compiled() -> None:
    run = compare(board())
    assert run.outcome.distinct > 20
    assert all(run.outcome.actions.values())


def test_too_many_order_only_values_are_refused() -> None:
    question = board({"max_log": 64})
    with pytest.raises(BoundsError, match="132 values of which only the order counts do not fit, at most 62 do"):
        build(question.model, question.layout())


def test_a_choice_is_shown_by_its_keys() -> None:
    question = board()
    system = question.interpreter(question.layout())
    choices = [c for c in system.actions(system.initial_states()[0]) if c.action.name == "hand_out"]
    assert [system.arguments(c)["given"] for c in choices] == [{"s1": a, "s2": b} for a in (0, 1) for b in (0, 1)]
    assert system.describe(choices[1]) == "hand_out((s1=0, s2=1))"


def takes_too_much(s: Board, i: Server, j: Server) -> bool:
    """Takes one parameter more than there is."""
    return i != j


def writes(s: Board, count: int) -> bool:
    """Writes where it should only read."""
    if count == 0:
        return False
    s.line.drop(0)
    return True


def call_two(s: Board, count: Annotated[Place, Where(takes_too_much)]) -> bool:
    """Restricted by a function that takes too much."""
    return True


def call_and_write(s: Board, count: Annotated[Place, Where(writes)]) -> bool:
    """Restricted by a function that writes."""
    return True


def any_ticket(s: Board, ticket: Ticket) -> bool:
    """Runs over values of which there is no end."""
    return True


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (call_two, "takes_too_much must take the state, the parameters before count, and a value"),
        (call_and_write, "what restricts a parameter only reads"),
        (any_ticket, "the parameter ticket has no sort"),
    ],
)
def test_a_wrong_choice_is_a_sentence(action: object, text: str) -> None:
    model = Model("board", Board, bounds={"servers": 2, "max_log": 2})
    with pytest.raises(ModelError, match=text):
        model.action()(action)  # type: ignore[type-var]


class Indexed(State):
    """Indexed by what has only an order."""

    seen: Map[Ticket, bool]


def test_an_order_only_value_indexes_nothing() -> None:
    with pytest.raises(ModelError, match="seen: values of which only the order counts index nothing"):
        check(Question(Model("indexed", Indexed, bounds={"servers": 2, "max_log": 1})))
