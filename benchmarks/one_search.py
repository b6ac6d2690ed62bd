"""One search in a process of its own, so that its memory is its own; prints one line of JSON.

python benchmarks/one_search.py '{"bounds": {"max_term": 3}, "symmetry": false, "workers": 1}'
"""

from __future__ import annotations

import io
import sys
from itertools import pairwise

import msgspec

from raftproof.checker.explore.compiled import Limits, Search, peak_memory_bytes
from raftproof.checker.native.build import build
from raftproof.checker.run import Question
from raftproof.model.figure2 import model


class Task(msgspec.Struct, frozen=True):
    """What is searched."""

    bounds: dict[str, int]
    symmetry: bool = False
    workers: int = 1
    max_states: int | None = None
    count_frontier: bool = False
    """Whether to count the states of each level, which takes time of its own."""


class Found(msgspec.Struct, frozen=True):
    """What the search counted, and what it took."""

    reason: str
    generated: int
    distinct: int
    depth: int
    seconds: float
    cpu_seconds: float
    setup_seconds: float
    state_bytes: int
    frontier_states: int
    """The most states of two neighbouring levels, which are in memory together; 0 if they were not counted."""
    start_memory_bytes: int
    """The most memory held before the first state."""
    peak_memory_bytes: int


class Counter(io.RawIOBase):
    """Where levels are written to, to be counted and forgotten."""

    def tell(self) -> int:
        """Nothing is kept."""
        return 0

    def write(self, data: object) -> int:
        """Forget it."""
        return 0


def run(task: Task) -> Found:
    """Search."""
    question = Question(model, task.bounds, symmetric=("servers",) if task.symmetry else ())
    layout = question.layout()
    kernels = build(model, layout)
    keep = Counter() if task.count_frontier else None
    limits = Limits(states=task.max_states)
    search = Search(kernels, question.interpreter(layout), task.workers, limits, keep=keep)
    start = peak_memory_bytes()
    outcome = search.run()
    levels = [sum(count for _, count in level) for level in outcome.levels] if task.count_frontier else []
    return Found(
        reason=outcome.reason,
        generated=outcome.generated,
        distinct=outcome.distinct,
        depth=outcome.depth,
        seconds=outcome.seconds,
        cpu_seconds=outcome.cpu_seconds,
        setup_seconds=kernels.setup_seconds,
        state_bytes=kernels.words * 8,
        frontier_states=max((a + b for a, b in pairwise([*levels, 0])), default=0),
        start_memory_bytes=start,
        peak_memory_bytes=peak_memory_bytes(),
    )


if __name__ == "__main__":
    print(msgspec.json.encode(run(msgspec.json.decode(sys.argv[1], type=Task))).decode())
