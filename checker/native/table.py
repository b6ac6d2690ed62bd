"""The set of fingerprints: open addressing over memory that grows in place, shared by all workers without locks.

A fingerprint's home is the upper half of its product with the table's size, so fingerprints lie nearly in their own
order and doubling the table is one sweep (`kernels.spread`) without a second table beside it: at its emptiest, just
after it grew, the table takes 8 / 0.35 = 23 bytes a state.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable

import numpy as np

from raftproof.checker.native.batch import Words

FULLEST = 0.7
"""The share of cells that is filled before the table grows: beyond it probes get long."""
SMALLEST = 1 << 16
CELL = 8


class FingerprintTable:
    """Cells of 8 bytes, 0 where empty."""

    def __init__(self, spread: Callable[[Words, int, Words], int], cells: int = SMALLEST) -> None:
        self._spread = spread
        self._memory = mmap.mmap(-1, cells * CELL, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.cells: Words = np.frombuffer(self._memory, dtype=np.uint64)

    @property
    def bytes(self) -> int:
        """How much memory the cells take."""
        return len(self._memory)

    def room(self, filled: int) -> int:
        """How many more fingerprints fit before it has to grow."""
        return int(len(self.cells) * FULLEST) - filled

    def grow(self) -> None:
        """Double the table; nobody may use `cells` meanwhile."""
        old = len(self.cells)
        # The memory cannot move while an array looks at it.
        self.cells = np.zeros(0, np.uint64)
        self._memory.resize(2 * old * CELL)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            self._memory.madvise(mmap.MADV_HUGEPAGE)
        self.cells = np.frombuffer(self._memory, dtype=np.uint64)
        needed = SMALLEST
        while (used := self._spread(self.cells, old, np.zeros(needed, np.uint64))) > needed:
            needed = used
