"""The compiled search: breadth-first, a level at a time, by threads that share one set of fingerprints.

A level is a list of blocks of states. Workers take pieces of blocks, expand them without holding Python's lock, and
fill blocks of the next level. When the set has no more room, all stop, it grows, and they go on. Because every level
is finished before the next one begins, what is found (counts, depth, the least violating state) does not depend on how
many workers there are.
"""

from __future__ import annotations

import functools
import operator
import resource
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from raftproof.checker.language.errors import BoundsError, ModelError
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.language.model import Model, Property
from raftproof.checker.native.batch import Batch, Words
from raftproof.checker.native.build import Kernels, from_words, to_words
from raftproof.checker.native.generate import BATCH, bits_where
from raftproof.checker.native.table import FingerprintTable

BLOCK_STATES = 1 << 14
"""The states of a block; more where one state may have as many successors."""
SMALL_LEVEL = 512
"""States below which a level is not worth waking other workers."""
BASE_BYTES = 300 << 20
"""What Python, numba and the kernels take before the first state."""
STEP_ERRORS = (ArithmeticError, LookupError, ValueError, ModelError)
"""What a compiled step raises: a value or an index outside its range, a division by zero, a range without a step."""


@dataclass(frozen=True)
class Limits:
    """When to give up; None is never."""

    states: int | None = None
    memory_bytes: int | None = None
    seconds: float | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Piece:
    """Some states of a block."""

    block: Words
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class Worst:
    """A violating state (as its class's representative), and its predecessor where that is known."""

    state: int
    before: int | None
    properties: int

    def key(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The order in which the least is taken."""
        return order_of(self.state), order_of(self.before or 0)


def order_of(state: int) -> tuple[int, ...]:
    """The order of states, the same here as in the kernels: their words are compared from the first word on."""
    words = []
    while state:
        words.append(state & (1 << 64) - 1)
        state >>= 64
    return tuple(words)


@dataclass
class Statistics:
    """What a search has counted so far; the progress line is made of it."""

    generated: int = 0
    distinct: int = 0
    depth: int = 0
    queue: int = 0
    seconds: float = 0.0
    memory_bytes: int = 0


class Keeper(Protocol):
    """Where levels are written to: a file."""

    def tell(self) -> int:
        """How many bytes were written."""

    def write(self, data: bytes, /) -> object:
        """Write the states of a level."""


@dataclass
class Outcome:
    """What a search found."""

    reason: str
    """Empty if every state was explored or a violation ended the search; else why it gave up."""
    generated: int
    distinct: int
    depth: int
    seconds: float
    cpu_seconds: float
    actions: dict[str, int]
    witnesses: dict[str, int]
    worst: Worst | None
    levels: list[list[tuple[int, int]]] = field(default_factory=list)
    """Where the states of each level were kept: (offset in words, number of states) of each block."""


def nothing_to_check(model: Model) -> BoundsError:
    """A search without a state would find that all holds."""
    return BoundsError(f"{model.name} has no initial state inside the bounds, so there is nothing to check")


class Worker:
    """A thread's memory and its share of the work."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.inserted = 0


class Search:
    """One search; `run` may be called once."""

    def __init__(
        self,
        kernels: Kernels,
        system: Interpreter,
        workers: int = 1,
        limits: Limits = NO_LIMITS,
        watch: frozenset[str] | None = None,
        keep: Keeper | None = None,
    ) -> None:
        self.kernels, self.system, self.limits, self.keep = kernels, system, limits, keep
        self.words = kernels.words
        self.block_states = max(BLOCK_STATES, 2 * (BATCH + kernels.branch))
        self.table = FingerprintTable(kernels)
        self.statistics = Statistics()
        self.watch = watch
        self.state_witnesses = [w for w in system.model.witnesses if w.states == 1]
        self.step_witnesses = [w for w in system.model.witnesses if w.states == 2]
        self.workers = [Worker(self.new_batch()) for _ in range(workers)]
        self._reason = ""
        self._pool: list[Words] = []
        self._blocks_bytes = 0
        self._lock = threading.Lock()

    def new_batch(self) -> Batch:
        """A worker's memory, with what is asked of it written in."""
        model = self.system.model
        faults = {a.fault for a in self.system.enabled_actions}
        batch = self.kernels.batch()
        batch.set("BROKEN", self.system.broken)
        batch.set("FAULTS", bits_where(f in faults for f in model.faults()))
        batch.set("INVARIANTS", _watched(model.invariants, self.watch))
        batch.set("STEP_INVARIANTS", _watched(model.action_invariants, self.watch))
        batch.set("WITNESSES", (1 << len(self.state_witnesses)) - 1)
        batch.set("STEP_WITNESSES", (1 << len(self.step_witnesses)) - 1)
        return batch

    # ------------------------------------------------------------------------------------------------ the whole run

    def run(self, progress: Callable[[Statistics], None] | None = None, most_levels: int | None = None) -> Outcome:
        """Explore, so many levels at most; Ctrl-C ends the search with what it has, like a limit."""
        self._started, cpu = time.perf_counter(), time.process_time()
        self._progress = progress
        witnesses: dict[str, int] = {}
        levels: list[list[tuple[int, int]]] = []
        worst: Worst | None = None
        depth = 0
        with self._interruptible(), ThreadPoolExecutor(len(self.workers)) as self._executor:
            level, initial = self._first_level(witnesses)
            worst = initial
            while level and worst is None and not self._reason:
                depth += 1
                self.statistics.depth = depth
                levels.append(self._store(level))
                if depth == most_levels:
                    break
                following = self._next_level(level)
                self._note_witnesses(witnesses, depth + 1)
                worst = self.worst()
                self._pool += [piece.block for piece in level]
                level = following
        self._refresh(0)
        return Outcome(
            reason="" if worst else self._reason,
            generated=self.statistics.generated,
            distinct=self.statistics.distinct,
            depth=depth + (worst is not None),
            seconds=time.perf_counter() - self._started,
            cpu_seconds=time.process_time() - cpu,
            actions=self._actions(),
            witnesses=witnesses,
            worst=worst,
            levels=levels,
        )

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let the first Ctrl-C end the search where it is safe to; a second one is Python's own."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: object) -> None:
            self._reason = self._reason or "interrupted"
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _first_level(self, witnesses: dict[str, int]) -> tuple[list[Piece], Worst | None]:
        """The initial states, checked interpreted: they are few."""
        block, count = self._new_block(), 0
        self._initial = 0
        seen: set[int] = set()
        initial = self.system.initial_states()
        for state in initial:
            self._initial += 1
            same, fingerprint = self.kernels.canonical(state)
            if fingerprint in seen or not self.system.inside(state):
                continue
            seen.add(fingerprint)
            if count == self.block_states:
                name = self.system.model.name
                raise BoundsError(f"{name} has more than {count:,} initial states; lower a bound")
            block[count * self.words : (count + 1) * self.words] = to_words(same, self.words)
            self._insert(fingerprint)
            count += 1
            for witness in self.system.witnessed(state):
                witnesses.setdefault(witness.name, 1)
        self._forget_witnesses(witnesses)
        self.workers[0].inserted += count
        return [Piece(block, 0, count)] if count else [], self.worst_initial(initial)

    def worst_initial(self, states: list[int]) -> Worst | None:
        """The least of some initial states that breaks an invariant."""
        invariants, watched = self.system.model.invariants, self.workers[0].batch.get("INVARIANTS")
        broken = {state: self.system.violated(state) for state in states}
        found = [(state, watched & bits_where(p in bad for p in invariants)) for state, bad in broken.items() if bad]
        worst = [Worst(self.kernels.canonical(state)[0], None, bits) for state, bits in found if bits]
        return min(worst, key=Worst.key, default=None)

    def _insert(self, fingerprint: int) -> None:
        cells = self.table.cells
        place = fingerprint * len(cells) >> 64
        while cells[place]:
            place = (place + 1) % len(cells)
        cells[place] = fingerprint

    # ------------------------------------------------------------------------------------------------ one level

    def _next_level(self, level: list[Piece]) -> list[Piece]:
        """Expand a level; what it leads to."""
        work = deque(self._pieces(level))
        following: list[Piece] = []
        while work and not self._reason:
            while self.table.room(self._inserted()) < self._least_room():
                if self._over_memory(self.table.bytes):
                    self._reason = "memory"
                    return following
                self.table.grow(self._executor)
            self._run_workers(work, following)
        return following

    def _pieces(self, level: list[Piece]) -> Iterator[Piece]:
        """The level's blocks, cut where there are fewer than workers could share."""
        total = sum(map(len, level))
        size = max(SMALL_LEVEL, -(-total // (8 * len(self.workers))))
        for piece in level:
            for first in range(piece.first, piece.last, size):
                yield Piece(piece.block, first, min(first + size, piece.last))

    def _least_room(self) -> int:
        return 2 * len(self.workers) * (BATCH + self.kernels.branch + 1)

    def _run_workers(self, work: deque[Piece], following: list[Piece]) -> None:
        """Let workers run until the work is done, the set is full, or the search gives up."""
        room = self.table.room(self._inserted())
        if sum(map(len, work)) <= SMALL_LEVEL:
            self._work(self.workers[0], room, work, following)
            return
        share = room // len(self.workers)
        futures = [self._executor.submit(self._work, w, share, work, following) for w in self.workers]
        while wait(futures, timeout=0.2).not_done:
            self._refresh(sum(map(len, list(work))))
            if self._progress:
                self._progress(self.statistics)
        for future in futures:
            future.result()

    def _work(self, worker: Worker, share: int, work: deque[Piece], following: list[Piece]) -> None:
        """A worker's loop. Blocks that it fills, and what it leaves undone, go back to the driver."""
        target, filled = self._take_block(), 0
        explore, memory = self.kernels.explore, worker.batch.memory
        capacity = self.block_states - BATCH - self.kernels.branch
        while share > BATCH + self.kernels.branch and not self._gives_up():
            try:
                piece = work.popleft()
            except IndexError:
                break
            before = filled
            try:
                x, filled = explore(
                    piece.block, piece.first, piece.last, target, filled, self.table.cells, share, memory
                )
            except STEP_ERRORS as fault:
                self._reason = "error"
                raise self.named(piece, fault) from fault
            share -= filled - before
            worker.inserted += filled - before
            if x < piece.last:
                work.appendleft(Piece(piece.block, x, piece.last))
            if filled >= capacity:
                following.append(Piece(target, 0, filled))
                target, filled = self._take_block(), 0
        if filled:
            following.append(Piece(target, 0, filled))
        else:
            self._pool.append(target)

    def named(self, piece: Piece, fault: Exception) -> ModelError:
        """The error of a compiled step, found again by taking the piece's steps interpreted."""
        system = self.system
        try:
            for k in range(piece.first, piece.last):
                state = from_words(piece.block[k * self.words : (k + 1) * self.words])
                for choice in system.actions(state):
                    after = system.next_state(state, choice)
                    if after is not None:
                        system.inside(after)
                        system.violated(after)
                        system.witnessed(after)
                        system.violated_step(state, after)
                        system.witnessed_step(state, after)
        except ModelError as found:
            return found
        return ModelError(f"{system.model.name}: {fault}, in a step that no interpreted run takes")

    def _gives_up(self) -> bool:
        """Whether a limit was reached; the first reason stays."""
        if self._reason:
            return True
        limits = self.limits
        if limits.states is not None and self._inserted() >= limits.states:
            self._reason = "states"
        elif limits.seconds is not None and time.perf_counter() - self._started >= limits.seconds:
            self._reason = "seconds"
        elif self._over_memory(0):
            self._reason = "memory"
        return bool(self._reason)

    # ------------------------------------------------------------------------------------------------ what was found

    def worst(self) -> Worst | None:
        """The least violation that any worker noted."""
        found = []
        for worker in self.workers:
            for name in ("WORST_STATE", "WORST_STEP"):
                record = worker.batch.record(name)
                if record[0]:
                    state = from_words(record[1 : 1 + self.words])
                    before = from_words(record[1 + self.words :]) if name == "WORST_STEP" else None
                    found.append(Worst(state, before, int(record[0])))
        if not found:
            return None
        least = min(found, key=Worst.key)
        same = [w.properties for w in found if w.key() == least.key()]
        return Worst(least.state, least.before, functools.reduce(operator.or_, same))

    def violated(self, worst: Worst) -> Property:
        """The property that a violation is reported under."""
        properties = [*self.system.model.invariants, *self.system.model.action_invariants]
        return next(p for k, p in enumerate(properties) if worst.properties >> k & 1)

    def _note_witnesses(self, witnesses: dict[str, int], depth: int) -> None:
        seen = [0, 0]
        for worker in self.workers:
            seen = [seen[0] | worker.batch.get("SEEN"), seen[1] | worker.batch.get("STEP_SEEN")]
        for group, mask in ((self.state_witnesses, seen[0]), (self.step_witnesses, seen[1])):
            for k, witness in enumerate(group):
                if mask >> k & 1:
                    witnesses.setdefault(witness.name, depth)
        self._forget_witnesses(witnesses)

    def _forget_witnesses(self, witnesses: dict[str, int]) -> None:
        """Ask no more for what was seen."""
        for worker in self.workers:
            worker.batch.set("WITNESSES", bits_where(w.name not in witnesses for w in self.state_witnesses))
            worker.batch.set("STEP_WITNESSES", bits_where(w.name not in witnesses for w in self.step_witnesses))

    def _actions(self) -> dict[str, int]:
        counts = np.sum([worker.batch.generated() for worker in self.workers], axis=0)
        enabled = {a.name for a in self.system.enabled_actions}
        return {a.name: int(counts[k]) for k, a in enumerate(self.system.model.actions) if a.name in enabled}

    # ------------------------------------------------------------------------------------------------ memory

    def _new_block(self) -> Words:
        self._blocks_bytes += self.block_states * self.words * 8
        return np.empty(self.block_states * self.words, np.uint64)

    def _take_block(self) -> Words:
        with self._lock:
            return self._pool.pop() if self._pool else self._new_block()

    def _store(self, level: list[Piece]) -> list[tuple[int, int]]:
        """Write a level's states to the file that keeps them, if there is one."""
        if self.keep is None:
            return []
        stored = []
        for piece in level:
            stored.append((self.keep.tell() // 8, len(piece)))
            self.keep.write(piece.block[piece.first * self.words : piece.last * self.words].tobytes())
        return stored

    def release(self) -> None:
        """Give the memory back; what was counted and noted stays."""
        self.table = FingerprintTable(self.kernels)
        self._pool.clear()

    def _over_memory(self, more: int) -> bool:
        limit = self.limits.memory_bytes
        return limit is not None and BASE_BYTES + self.table.bytes + self._blocks_bytes + more > limit

    def _inserted(self) -> int:
        return sum(worker.inserted for worker in self.workers)

    def _refresh(self, queue: int) -> None:
        """Bring the statistics up to date."""
        generated = sum(int(worker.batch.generated().sum()) for worker in self.workers)
        self.statistics.generated = self._initial + generated
        self.statistics.distinct = self._inserted()
        self.statistics.queue = queue
        self.statistics.seconds = time.perf_counter() - self._started
        self.statistics.memory_bytes = peak_memory_bytes()


def peak_memory_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _watched(properties: list[Property], watch: frozenset[str] | None) -> int:
    return bits_where(watch is None or p.name in watch for p in properties)
