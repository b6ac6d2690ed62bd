"""What falls when a rule is switched off: found by search, each a row; docs/counts.md prints the same table.

A row's numbers belong to its bounds: the shortest counterexample of a rule depends on them. A row with a `file` took
longer to search for than a test should; its counterexample is kept in `golden/`, and that file holds the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from raftproof.checker.run import Question
from raftproof.model import figure2

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Broken:
    """A rule that is off, and the property that falls."""

    rule: str
    property: str
    depth: int
    """States of the counterexample, the initial one included."""
    generated: int
    distinct: int
    """What the search had counted when it ended, after the level of the violation."""
    bounds: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    alone: bool = False
    """Whether this property alone is watched (`--only`), since another falls sooner."""
    file: str = ""

    def question(self, workers: int = 1) -> Question:
        """The row as a question to the checker."""
        only = (self.property,) if self.alone else None
        return Question(figure2.model, self.bounds, self.faults, (self.rule,), only=only, workers=workers)

    def __str__(self) -> str:
        """The name of its test."""
        return f"{self.rule} {self.property}"


T3 = {"max_term": 3}
T3_LOG2 = {"max_term": 3, "max_log": 2}
T3_TWO = {"max_term": 3, "max_in_flight": 2}
T4 = {"max_term": 4}
T4_LOG2 = {"max_term": 4, "max_log": 2}
T5 = {"max_term": 5}
RESTART = ("restart",)

BROKEN = [
    Broken("quorum_majority", "ElectionSafety", 11, 3_617, 628),
    Broken("vote_once", "ElectionSafety", 17, 18_673, 2_666),
    Broken("vote_persisted", "ElectionSafety", 19, 178_646, 24_110, faults=RESTART),
    Broken("term_persisted", "MonotonicTerms", 3, 16, 5, faults=RESTART),
    Broken("term_persisted", "ElectionSafety", 20, 554_898, 71_421, faults=RESTART, alone=True),
    Broken("reply_term", "ElectionSafety", 19, 375_426, 54_539, T3),
    Broken("log_up_to_date", "LeaderCompleteness", 26, 1_119_687, 152_420, T3),
    Broken("log_up_to_date", "StateMachineSafety", 33, 3_278_091, 447_370, T3, alone=True),
    Broken("log_persisted", "LeaderCompleteness", 26, 4_410_680, 511_408, T3, RESTART),
    Broken("log_persisted", "StateMachineSafety", 32, 12_548_009, 1_425_461, T3, RESTART, alone=True),
    Broken("leader_append_only", "LeaderAppendOnly", 25, 938_828, 127_308, T3),
    Broken("commit_up_to_last_new", "CommitInLog", 25, 158_968, 21_832, {"max_log": 2}),
    Broken("previous_entry", "CommitInLog", 30, 2_208_850, 298_743, T3),
    Broken("previous_entry", "LogMatching", 28, 2_349_235, 325_249, T3_LOG2, alone=True, file="previous_entry.json"),
    Broken("refuse_stale", "CommitInLog", 31, 2_466_572, 334_785, T3),
    Broken(
        "truncate_on_conflict",
        "LeaderCompleteness",
        27,
        40_052_983,
        5_204_958,
        T3_TWO,
        file="truncate_on_conflict.json",
    ),
    Broken("ack_matched_only", "LeaderCompleteness", 35, 18_134_070, 2_476_873, T4, file="ack_matched_only.json"),
    Broken("last_term_first", "LeaderCompleteness", 40, 91_536_380, 12_944_827, T4_LOG2, file="last_term_first.json"),
    Broken("commit_own_term", "LeaderCompleteness", 52, 665_219_204, 90_749_436, T5, file="commit_own_term.json"),
]


def table() -> list[str]:
    """The rows as docs/counts.md prints them."""
    lines = []
    for row in BROKEN:
        bounds = {**figure2.model.bounds, **row.bounds}
        numbers = ", ".join(str(bounds[name]) for name in ("max_term", "max_log", "max_in_flight"))
        falls = f"{row.property} (`--only`)" if row.alone else row.property
        faults = ", ".join(row.faults) or "none"
        counts = f"{row.generated:,} | {row.distinct:,}"
        lines.append(f"| `{row.rule}` | {falls} | {row.depth} | {numbers} | {faults} | {counts} |")
    return lines
