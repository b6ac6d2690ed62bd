"""A puzzle, the shortest model there is: measure four litres with a jug of three litres and one of five.

    raftproof check jugs

The invariant says that it cannot be done; the counterexample is the solution.
"""

from __future__ import annotations

from typing import Annotated

from raftproof.checker.language import Model, State, Within

SMALL_LITRES, LARGE_LITRES = 3, 5


class Jugs(State):
    """How much is in each jug, in litres."""

    small: Annotated[int, Within("3")]
    large: Annotated[int, Within("5")]


model = Model("jugs", Jugs, bounds={})


@model.initial
def both_empty(s: Jugs) -> None:
    """Both jugs are empty, as a new state's fields are."""


@model.action()
def fill_small(s: Jugs) -> bool:
    """Fill the small jug to the brim."""
    s.small = SMALL_LITRES
    return True


@model.action()
def fill_large(s: Jugs) -> bool:
    """Fill the large jug to the brim."""
    s.large = LARGE_LITRES
    return True


@model.action()
def empty_small(s: Jugs) -> bool:
    """Pour the small jug out."""
    s.small = 0
    return True


@model.action()
def empty_large(s: Jugs) -> bool:
    """Pour the large jug out."""
    s.large = 0
    return True


@model.action()
def small_to_large(s: Jugs) -> bool:
    """Pour the small jug into the large one until that is full."""
    poured = min(s.small, LARGE_LITRES - s.large)
    s.small = s.small - poured
    s.large = s.large + poured
    return True


@model.action()
def large_to_small(s: Jugs) -> bool:
    """Pour the large jug into the small one until that is full."""
    poured = min(s.large, SMALL_LITRES - s.small)
    s.large = s.large - poured
    s.small = s.small + poured
    return True


@model.invariant
def four_litres_cannot_be_measured(s: Jugs) -> bool:
    """The large jug never holds exactly four litres."""
    return s.large != 4
