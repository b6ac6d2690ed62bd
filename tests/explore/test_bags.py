"""Messages that are in flight twice, and steps out of the bounds: compiled as interpreted."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, NamedTuple

import pytest
from comparing import compare

from raftproof.checker.language import AtMost, Bag, Map, Members, Model, State, Symmetric, UpTo
from raftproof.checker.run import Question, check


class Server(Symmetric):
    """Who gets post."""


class Rule(IntEnum):
    """What can be switched off."""

    FULL_BOX = 0  # a box may be fuller than its bound
    PILES = 1  # more than one letter may come at once


class Letter(NamedTuple):
    """A message."""

    is_thick: bool
    dest: Server


class Post(State):
    """Letters on their way, and how many have come."""

    servers: Members[Server]
    came: Map[Server, Annotated[int, UpTo("most")]]
    letters: Annotated[Bag[Letter], AtMost("max_in_flight", copies="max_copies")]


model = Model("post", Post, bounds={"servers": 2, "most": 2, "max_in_flight": 3, "max_copies": 2}, rules=Rule)


@model.initial
def begin(s: Post) -> None:
    """Nothing is sent."""


@model.action()
def send(s: Post, i: Server, is_thick: bool) -> bool:
    """A letter is sent."""
    s.letters.send(Letter(is_thick, i))
    return True


@model.action()
def deliver(s: Post, m: Letter) -> bool:
    """A letter comes, a thick one with another of its kind if there is one."""
    count = 1
    s.letters.discard(m)
    if m.is_thick and m in s.letters:
        s.letters.discard(m)
        count = 2
    s.came[m.dest] = min(s.came[m.dest] + count, 3)
    return True


@model.invariant
def box_is_not_too_full(s: Post, i: Server) -> bool:
    """Broken in states just outside the bounds alone."""
    return s.upholds(Rule.FULL_BOX) or s.came[i] < 3


@model.action_invariant
def letters_come_one_by_one(s: Post, t: Post, i: Server) -> bool:
    """Broken by two thick letters that fill the box too far."""
    return s.upholds(Rule.PILES) or t.came[i] < s.came[i] + 2 or t.came[i] < 3


@pytest.mark.parametrize(("symmetric", "distinct"), [((), 9 * 31), (("servers",), (9 * 31 + 3 * 3) // 2)])
def test_every_different_message_is_delivered_once_and_copies_have_a_bound(
    symmetric: tuple[str, ...], distinct: int
) -> None:
    run = compare(Question(model, symmetric=symmetric, workers=1))
    # Two boxes with up to two letters, and up to three letters of four kinds, up to two of each; up to names.
    assert run.outcome.distinct == distinct


def thick_letters_wait(s: Post, i: Server) -> bool:
    """Reads more than any one action writes."""
    return s.came[i] < 2 or Letter(True, i) not in s.letters


@pytest.mark.thorough
def test_a_constraint_is_asked_after_every_action_that_writes_some_of_what_it_reads() -> None:
    narrow = Model("narrow", Post, model.bounds)
    narrow.initial(begin)
    for action in (send, deliver):
        narrow.action()(action)
    narrow.constraint(thick_letters_wait)
    assert compare(Question(narrow, symmetric=(), workers=1)).outcome.distinct < 9 * 31


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (("full_box",), "BoxIsNotTooFull"),
        (("piles",), "LettersComeOneByOne"),
        (("full_box", "piles"), "BoxIsNotTooFull"),  # one step breaks both: the one that is declared first is told
    ],
)
def test_of_the_steps_out_of_the_bounds_the_least_is_told(broken: tuple[str, ...], told: str) -> None:
    question = Question(model, broken=broken, symmetric=(), workers=1)
    compare(question)
    violation = check(question).violation
    assert violation is not None
    assert (violation.property, violation.depth) == (told, 6)
    # The same state is reached from a box with two letters, which is a greater one.
    assert [change for place, change in violation.steps[-1].changes.items() if "came" in place] == [(1, 3)]
