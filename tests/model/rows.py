"""The rows of `manifest.json`: configurations whose numbers of states are known from other model checkers.

`source` says from whom: TLC (where it finished, SPIN and others agree), or the hand-written C search of
`benchmarks/baseline`, which counts as TLC does on all rows that both have. `unreduced` is the number of distinct states
without symmetry. A row that is `interpreted` is small enough for the plain search in plain Python too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from raftproof.checker.run import Question
from raftproof.model import figure2
from raftproof.model.toys import two_phase_commit

MODELS = {"figure2": figure2.model, "two_phase_commit": two_phase_commit.model}


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a search must count."""

    model: str
    source: Literal["TLC", "C"]
    bounds: dict[str, int]
    faults: tuple[str, ...]
    symmetry: tuple[str, ...]
    generated: int
    distinct: int
    depth: int
    unreduced: int
    interpreted: bool

    def question(self, workers: int) -> Question:
        """The row as a question to the checker."""
        return Question(
            MODELS[self.model],
            self.bounds,
            self.faults,
            symmetric=tuple(f"{name}s" for name in self.symmetry),
            workers=workers,
        )

    def __str__(self) -> str:
        """The name of its test."""
        numbers = ",".join(str(value) for value in self.bounds.values())
        return " ".join([self.model, numbers, "+".join(self.faults) or "none", "+".join(self.symmetry) or "none"])


ROWS = msgspec.json.decode((Path(__file__).parent / "manifest.json").read_bytes(), type=list[Row])
