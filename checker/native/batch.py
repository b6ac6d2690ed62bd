"""What passes between the driver and a kernel: a worker's arrays, and what is asked of it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
Numbers: TypeAlias = npt.NDArray[np.int64]


class Batch(NamedTuple):
    """A worker's own arrays; nobody else writes to them."""

    prints: Words  # the fingerprints of the successors in the buffer
    actions: npt.NDArray[np.uint8]  # by which action each came
    parents: npt.NDArray[np.int32]  # from which state of the block
    generated: Numbers  # successors so far, by action
    seen: Numbers  # witnesses seen: masks of those of states, of those of steps
    goal: Words  # a fingerprint whose parents are looked for, or 0
    found: Numbers  # the least parent of the goal, or -1
    worst_state: Words  # the least new state that breaks an invariant: [which, its words, zeros]
    worst_step: Words  # the least (state, predecessor) that breaks one outside the bounds, or of steps
    spare: Words  # scratch states of the canonical form


class Ask(NamedTuple):
    """What is asked of a kernel: masks, chosen at run time."""

    broken: int  # rules that are off
    faults: int  # faults that are on
    invariants: int  # properties that are watched …
    step_invariants: int
    witnesses: int  # … and witnesses not yet seen
    step_witnesses: int
    batch: int  # successors at a time


def new_batch(words: int, actions: int, size: int) -> Batch:
    """Arrays for batches of at most `size` successors."""
    return Batch(
        prints=np.zeros(size, np.uint64),
        actions=np.zeros(size, np.uint8),
        parents=np.zeros(size, np.int32),
        generated=np.zeros(max(actions, 1), np.int64),
        seen=np.zeros(2, np.int64),
        goal=np.zeros(1, np.uint64),
        found=np.full(1, -1, np.int64),
        worst_state=np.zeros(1 + 2 * words, np.uint64),
        worst_step=np.zeros(1 + 2 * words, np.uint64),
        spare=np.zeros(6 * words, np.uint64),
    )
