"""A worker's memory: one array of words, so that a kernel needs one pointer to it.

numba counts references to arrays, by atomic instructions, wherever one is taken out of a tuple or passed on; in the
inner loop that took half of the time. A kernel therefore turns each array into a bare buffer as it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]

SCRATCH_STATES = 6


@dataclass(frozen=True)
class Plan:
    """Where everything lies in a worker's memory, in words; the generated kernels have these numbers as constants."""

    words: int
    """Words of a state."""
    actions: int
    size: int
    """The most successors of a batch."""
    maps: int = 0
    """The most Maps that an action takes."""

    def offsets(self) -> dict[str, int]:
        """The first word of each part."""
        record = 1 + 2 * self.words
        parts = {
            "BROKEN": 1,  # what is asked: rules that are off
            "FAULTS": 1,  # faults that are on
            "INVARIANTS": 1,  # properties that are watched …
            "STEP_INVARIANTS": 1,
            "WITNESSES": 1,  # … and witnesses not yet seen
            "STEP_WITNESSES": 1,
            "GOAL": 1,  # a fingerprint whose parents are looked for, or 0
            "FOUND": 1,  # the answers: 1 + the least parent of the goal, or 0
            "SEEN": 1,  # witnesses seen in states
            "STEP_SEEN": 1,  # and in steps
            "WORST_STATE": record,  # the least new state that breaks an invariant: [which, its words, zeros]
            "WORST_STEP": record,  # the least (state, predecessor) outside the bounds, or of a step
            "GENERATED": self.actions,  # successors so far, by action
            "MASKS": 8 * self.maps,  # for each key of a Map that is being chosen, which values are allowed
            "SPARE": SCRATCH_STATES * self.words,  # scratch of the canonical form
            "PRINTS": self.size,  # of each successor in the batch its fingerprint,
            "ACTIONS": self.size,  # the action that it came by,
            "PARENTS": self.size,  # its predecessor in the block,
            "BUFFER": (self.size + 1) * self.words,  # and itself
        }
        offsets, at = {}, 0
        for name, length in parts.items():
            offsets[name] = at
            at += length
        return offsets | {"END": at}

    def new(self) -> Batch:
        """Fresh memory for a worker."""
        return Batch(self)


class Batch:
    """A worker's memory, with names for its parts."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._at = plan.offsets()
        self.memory: Words = np.zeros(self._at["END"], np.uint64)

    def set(self, name: str, value: int) -> None:
        """Write one word."""
        self.memory[self._at[name]] = value

    def get(self, name: str) -> int:
        """Read one word."""
        return int(self.memory[self._at[name]])

    def part(self, name: str, length: int) -> Words:
        """Some words of a part."""
        return self.memory[self._at[name] : self._at[name] + length]

    def generated(self) -> Words:
        """Successors so far, by action."""
        return self.part("GENERATED", self.plan.actions)

    def record(self, name: str) -> Words:
        """The least violation noted: which properties, the state's words, its predecessor's."""
        return self.part(name, 1 + 2 * self.plan.words)
