"""All states that a search finds, in memory: for questions that no invariant asks."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import numpy as np

from raftproof.checker.native.batch import Words
from raftproof.checker.run import Question, search_of


@dataclass(frozen=True)
class Found:
    """The states inside the bounds, one of each class of states that differ in names."""

    words: Words
    levels: list[int]
    """How many states each level has; the words are in this order."""
    is_all: bool
    """Whether there are no more: the search met no violation, after whose level it ends, and no limit."""

    def __len__(self) -> int:
        return sum(self.levels)

    def depth(self, row: int) -> int:
        """The level of a state; the first is 1."""
        return int(np.searchsorted(np.cumsum(self.levels), row, side="right")) + 1


def every_state(question: Question) -> Found:
    """Search, and keep what is found."""
    with tempfile.TemporaryFile() as kept:
        outcome = search_of(question, keep=kept).run()
        kept.seek(0)
        words: Words = np.frombuffer(kept.read(), np.uint64)
    levels = [sum(count for _, count in pieces) for pieces in outcome.levels]
    return Found(words, levels, outcome.worst is None and not outcome.reason)
