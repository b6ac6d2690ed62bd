"""The set of fingerprints: open addressing over memory that grows in place, shared by all workers without locks.

A fingerprint's home is the upper half of its product with the table's size, so fingerprints lie nearly in their own
order, and doubling the table needs no second table beside it: at its emptiest, just after it grew, the table takes
8 / 0.35 = 23 bytes a state.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from concurrent.futures import Executor

import numpy as np

from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import Kernels

FULLEST = 0.7
"""The share of cells that is filled before the table grows: beyond it probes get long."""
SMALLEST = 1 << 16
CELL = 8
SHARE = 1 << 16
"""Cells that a worker takes at a time while the table grows."""


class FingerprintTable:
    """Cells of 8 bytes, 0 where empty."""

    def __init__(self, kernels: Kernels, cells: int = SMALLEST) -> None:
        self._kernels = kernels
        self._memory = mmap.mmap(-1, cells * CELL, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.cells: Words = np.frombuffer(self._memory, dtype=np.uint64)

    @property
    def bytes(self) -> int:
        """How much memory the cells take."""
        return len(self._memory)

    def room(self, filled: int) -> int:
        """How many more fingerprints fit before it has to grow."""
        return int(len(self.cells) * FULLEST) - filled

    def grow(self, executor: Executor) -> None:
        """Double the table; nobody may use `cells` meanwhile."""
        old = len(self.cells)
        # The memory cannot move while an array looks at it.
        self.cells = np.zeros(0, np.uint64)
        self._memory.resize(2 * old * CELL)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self.cells = np.frombuffer(self._memory, dtype=np.uint64)
        spread(self._kernels, self.cells, old, executor)


def spread(kernels: Kernels, cells: Words, old: int, executor: Executor) -> None:
    """After a table was lengthened from `old` cells to twice as many, bring every fingerprint home, in place.

    The order of homes is the order of fingerprints, and no fingerprint lies more than `far` cells from home, so those
    from cell `first` on move to cells from 2 * (first - far) on. Workers may empty them in any order while that is
    beyond the last of them: a stretch of upper cells at a time. Below 2 * far, cells move too little: they wait aside.
    """
    far = max(executor.map(lambda part: kernels.reach(cells, old, *part), _shares(0, old)))
    low = min(old, 2 * far + 2)
    aside = cells[:low].copy()
    cells[:low] = 0
    last = old
    while last > low:
        # One worker goes downwards through all that is left: what it fills, it has emptied before.
        first = last // 2 + far + 1 if last - low > SHARE else low
        parts = _shares(first, last) if first > low else [(low, last)]
        for _ in executor.map(lambda part: kernels.rehome(cells, *part, cells), parts):
            pass
        last = first
    kernels.rehome(aside, 0, low, cells)


def _shares(first: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last, SHARE):
        yield start, min(start + SHARE, last)
