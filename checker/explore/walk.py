"""Random behaviors: each step is taken by the compiled kernel, one state at a time, to one of the successors inside."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import numpy as np

from raftproof.checker.explore.compiled import (
    STEP_ERRORS,
    Piece,
    Search,
    Statistics,
    nothing_to_check,
    peak_memory_bytes,
)
from raftproof.checker.language.model import Property
from raftproof.checker.native.build import from_words, to_words
from raftproof.checker.native.generate import BATCH


class Walk:
    """Random behaviors of a system, until one violates what the search watches."""

    def __init__(self, search: Search) -> None:
        self.search, self.kernels = search, search.kernels
        self.steps, self.longest = 0, 0
        self.path: list[int] = []
        """The states of the behavior that violates a property, first to last; empty if none does."""
        system = search.system
        states = system.initial_states()
        self._initial = [self.kernels.canonical(state)[0] for state in states if system.inside(state)]
        self._worst = search.worst_initial(states)
        if not self._initial and self._worst is None:
            raise nothing_to_check(system.model)

    def run(self, behaviors: int, length: int, seed: int, progress: Callable[[Statistics], None] | None) -> str:
        """Walk; why it ended early, if it did."""
        self._started = time.perf_counter()
        if self._worst is not None:
            self.path, self.longest = [self._worst.state], 1
            return ""
        try:
            for number in range(behaviors):
                if self._one(random.Random(f"{seed}:{number}"), length):
                    return ""
                if reason := self._gives_up():
                    return reason
                if progress and number % 64 == 0:
                    seconds = time.perf_counter() - self._started
                    progress(Statistics(self.generated(), self.steps, self.longest, 0, seconds, peak_memory_bytes()))
        except KeyboardInterrupt:
            return "interrupted"
        return ""

    def _gives_up(self) -> str:
        """The limit that was reached, if one was."""
        limits = self.search.limits
        if limits.seconds is not None and time.perf_counter() - self._started >= limits.seconds:
            return "seconds"
        return "states" if limits.states is not None and self.steps >= limits.states else ""

    def _one(self, chance: random.Random, length: int) -> bool:
        """One behavior; whether it violates a property. Its states are then in `path`."""
        state = chance.choice(self._initial)
        path = [state]
        while len(path) < length:
            successors = self._successors(state)
            self._worst = self.search.worst()
            if self._worst is not None:
                self.path = [*path, self._worst.state]
                self.longest = max(self.longest, len(self.path))
                return True
            if not successors:
                break
            state = chance.choice(successors)
            path.append(state)
            self.steps += 1
        self.longest = max(self.longest, len(path))
        return False

    def _successors(self, state: int) -> list[int]:
        """The different successors inside the bounds, in order."""
        kernels, worker, words = self.kernels, self.search.workers[0], self.kernels.words
        table = np.zeros(4 * (kernels.branch + 1), np.uint64)
        target = np.zeros((BATCH + 2 * kernels.branch + 2) * words, np.uint64)
        block = to_words(state, words)
        try:
            _, filled = kernels.explore(block, 0, 1, target, 0, table, 1 << 40, worker.batch.memory)
        except STEP_ERRORS as fault:
            raise self.search.named(Piece(block, 0, 1), fault) from fault
        return [from_words(target[k * words : (k + 1) * words]) for k in range(filled)]

    def generated(self) -> int:
        """Successors so far."""
        return int(self.search.workers[0].batch.generated().sum())

    def violated(self) -> Property:
        """What the last behavior violates."""
        assert self._worst is not None
        return self.search.violated(self._worst)
