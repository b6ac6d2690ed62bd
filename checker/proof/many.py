"""Truth in many states at once: one bit for each state, 64 to a word, so that a formula is read once for all of them.

A bit that is the same in all states is a plain True or False, as everywhere; so the states of one row are plain ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raftproof.checker.proof.bits import Bit, Many, Pick, negation
from raftproof.checker.proof.finite import State
from raftproof.checker.proof.theory import Lemma, Theory


def bit_of(mask: NDArray[np.bool_]) -> Bit:
    """Whether it is true in each state."""
    if mask.all():
        return True
    if not mask.any():
        return False
    packed = np.packbits(mask, bitorder="little")
    whole = np.zeros(-(-len(mask) // 64) * 8, np.uint8)
    whole[: len(packed)] = packed
    return whole.view(np.uint64)


def pick_of_column(column: NDArray[np.int64], size: int) -> Pick:
    """Which member of a sort it is in each state."""
    bits = {number: bit_of(column == number) for number in range(size)}
    known = [number for number, bit in bits.items() if bit is True]
    return known[0] if known else {number: bit for number, bit in bits.items() if bit is not False}


def rows_of(bit: Bit, count: int) -> NDArray[np.int64]:
    """The states in which it is true."""
    if isinstance(bit, bool):
        return np.arange(count if bit else 0)
    assert isinstance(bit, Many)
    return np.flatnonzero(np.unpackbits(bit.view(np.uint8), count=count, bitorder="little"))


def failing(theory: Theory[Any], lemma: Lemma, state: State, count: int) -> NDArray[np.int64]:
    """The states, of so many, in which a lemma fails."""
    holds = state.truth(lemma.formula(theory.vocabulary()))
    return rows_of(negation(holds), count)
