"""Counters that go up: one kernel for many questions, since rules that are off are chosen at run time."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from raftproof.checker.language import AtMost, Map, Members, Model, OrNil, Seq, State, Symmetric, UpTo, Within


class Server(Symmetric):
    """Who counts."""


class Rule(IntEnum):
    """What can be switched off."""

    SHORT = 0  # the total stays small
    IN_RANGE = 1  # a counter stays in its range
    HONEST = 2  # nobody lies
    DIVISOR = 3  # nothing is divided by zero
    GOOD_START = 4  # no initial state lies
    NEAR_START = 5  # some initial state is inside the bounds
    TWO_STARTS = 6  # (asked by the initial state alone)
    MONOTONE = 7  # no counter falls
    IDLE = 8  # a step need not change whose turn it is (asked by a property alone)
    SOMEBODY = 9  # nobody's counter is left alone
    IN_LINE = 10  # no item is asked for beyond the end
    STRIDE = 11  # a loop moves on


class Grid(State):
    """Counters."""

    servers: Members[Server]
    count: Map[Server, Annotated[int, UpTo("max_n")]]
    lied: bool
    turn: bool
    nobody: OrNil[Server]
    line: Annotated[Seq[Annotated[int, Within("max_n")]], AtMost("max_n")]


model = Model("grid", Grid, bounds={"servers": 6, "max_n": 9}, rules=Rule)


def total(s: Grid) -> int:
    """The sum of all counters."""
    n = 0
    for i in s.servers:
        n += s.count[i]
    return n


@model.initial
def init(s: Grid, turn: bool) -> None:
    """All counters are zero; whose turn it is, is open."""
    s.turn = turn
    s.lied = not s.upholds(Rule.GOOD_START)
    if not s.upholds(Rule.NEAR_START):
        for i in s.servers:
            s.count[i] = 10
    if not s.upholds(Rule.TWO_STARTS):
        s.turn = False


@model.action(Rule.SHORT)
def up(s: Grid, i: Server) -> bool:
    """A counter goes up."""
    if s.upholds(Rule.SHORT) and total(s) >= 6:
        return False
    s.count[i] += 1
    return True


@model.action(Rule.IN_RANGE)
def leap(s: Grid, i: Server) -> bool:
    """A counter leaves its range."""
    if s.upholds(Rule.IN_RANGE) or s.count[i] < 3:
        return False
    s.count[i] = 12
    return True


@model.action(Rule.DIVISOR)
def share(s: Grid, i: Server) -> bool:
    """What is divided by nothing."""
    if s.upholds(Rule.DIVISOR) or s.count[i] < 3:
        return False
    s.count[i] = 6 // (s.count[i] - 3)
    return True


@model.action(Rule.SOMEBODY)
def count_for_nobody(s: Grid, i: Server) -> bool:
    """The counter of none is set."""
    if s.upholds(Rule.SOMEBODY) or s.count[i] < 3:
        return False
    s.count[s.nobody] = 1
    return True


@model.action(Rule.IN_LINE)
def look_beyond(s: Grid, i: Server) -> bool:
    """An item is read that a sequence does not have."""
    if s.upholds(Rule.IN_LINE) or s.count[i] < 3 or s.line[s.count[i]] > 0:
        return False
    s.count[i] = 0
    return True


@model.action(Rule.STRIDE)
def tread(s: Grid, i: Server) -> bool:
    """A loop takes steps of nothing."""
    if s.upholds(Rule.STRIDE) or s.count[i] < 3:
        return False
    for k in range(0, 9, s.count[i] - 3):
        s.count[i] = k
    return True


@model.action(Rule.HONEST)
def lie(s: Grid, i: Server) -> bool:
    """Somebody who counted to two lies."""
    if s.upholds(Rule.HONEST) or s.count[i] != 2:
        return False
    s.lied = True
    return True


@model.action(Rule.MONOTONE)
def fall(s: Grid, i: Server) -> bool:
    """A counter falls."""
    if s.upholds(Rule.MONOTONE) or s.count[i] < 2:
        return False
    s.count[i] = 0
    return True


@model.invariant
def nobody_lied(s: Grid) -> bool:
    """Nobody ever lies."""
    return not s.lied


@model.action_invariant
def counters_grow(s: Grid, t: Grid, i: Server) -> bool:
    """No counter falls."""
    return t.count[i] >= s.count[i]


@model.action_invariant
def turns_change(s: Grid, t: Grid) -> bool:
    """Where nobody may idle, every step changes whose turn it is; none ever does."""
    return s.upholds(Rule.IDLE) or s.turn != t.turn


@model.witness
def turn_kept(s: Grid, t: Grid) -> bool:
    """A step that leaves the turn as it is."""
    return s.turn and t.turn


@model.witness
def total_of_four(s: Grid) -> bool:
    """Four in all."""
    return total(s) == 4


@model.witness
def third_step(s: Grid, t: Grid) -> bool:
    """A step from two to three."""
    return total(s) == 2 and total(t) == 3
