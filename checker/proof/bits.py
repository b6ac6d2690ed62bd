"""Truth values and elements over a finite instance, where some are known and some are unknowns of a solver.

A bit is True, False, or a Boolean unknown. An element of a sort with k members is a number below k, or, where unknown,
a table of bits: for each number, whether it is that one (exactly one is). Whatever is known is decided at once, so the
same code reads a formula over a concrete state, where no unknown is left, and over an arbitrary one.

Instead of one unknown state there may be many known ones: then a bit is an array of words with one bit for each state
(`many`), and the same code reads a formula over all of them at once. The two kinds do not meet.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import z3
from numpy.typing import NDArray

Many = np.ndarray
Bit: TypeAlias = bool | z3.BoolRef | NDArray[np.uint64]
Pick: TypeAlias = int | dict[int, Bit]


def all_of(bits: Iterable[Bit]) -> Bit:
    """True if all are; stops at the first that is known to be false."""
    unknown = []
    for bit in bits:
        if bit is False:
            return False
        if bit is not True:
            unknown.append(bit)
    if len(unknown) < 2:
        return unknown[0] if unknown else True
    return functools.reduce(operator.and_, unknown) if isinstance(unknown[0], Many) else z3.And(unknown)


def any_of(bits: Iterable[Bit]) -> Bit:
    """True if one is; stops at the first that is known to be true."""
    unknown = []
    for bit in bits:
        if bit is True:
            return True
        if bit is not False:
            unknown.append(bit)
    if len(unknown) < 2:
        return unknown[0] if unknown else False
    return functools.reduce(operator.or_, unknown) if isinstance(unknown[0], Many) else z3.Or(unknown)


def negation(bit: Bit) -> Bit:
    """True if it is not."""
    if isinstance(bit, bool):
        return not bit
    return ~bit if isinstance(bit, Many) else z3.Not(bit)


def same_truth(left: Bit, right: Bit) -> Bit:
    """True if both are, or neither."""
    if isinstance(left, bool):
        return right if left else negation(right)
    if isinstance(right, bool):
        return left if right else negation(left)
    return ~(left ^ right) if isinstance(left, Many) else left == right


def if_else(condition: Bit, then: Bit, otherwise: Bit) -> Bit:
    """One of two bits."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if isinstance(then, bool) or isinstance(otherwise, bool) or isinstance(condition, Many):
        return any_of((all_of((condition, then)), all_of((negation(condition), otherwise))))
    return z3.If(condition, then, otherwise)


def cases(pick: Pick) -> Iterator[tuple[int, Bit]]:
    """The numbers that it may be, each with the bit that says so."""
    if isinstance(pick, int):
        yield pick, True
    else:
        yield from pick.items()


def equal(left: Pick, right: Pick) -> Bit:
    """True if both are the same number."""
    if isinstance(left, int) and isinstance(right, int):
        return left == right
    if isinstance(left, int):
        left, right = right, left
    assert isinstance(left, dict)
    if isinstance(right, int):
        return left.get(right, False)
    return any_of(all_of((bit, right.get(number, False))) for number, bit in left.items())


def at_most(left: Pick, right: Pick) -> Bit:
    """True if the left number is not greater."""
    if isinstance(left, int) and isinstance(right, int):
        return left <= right
    return any_of(all_of((a, b)) for m, a in cases(left) for n, b in cases(right) if m <= n)


def pick_of(options: Iterable[tuple[Bit, Pick]]) -> Pick:
    """The element that the one true condition goes with."""
    table: dict[int, list[Bit]] = {}
    for condition, option in options:
        if condition is False:
            continue
        if condition is True and isinstance(option, int):
            return option
        for number, bit in cases(option):
            table.setdefault(number, []).append(all_of((condition, bit)))
    return next(iter(table)) if len(table) == 1 else {number: any_of(bits) for number, bits in table.items()}
