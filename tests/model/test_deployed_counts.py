"""What a search of deployed Raft counts, with each of its features: the numbers of docs/counts.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from raftproof.checker.explore import reference
from raftproof.checker.language import Model
from raftproof.checker.run import Question, check
from raftproof.model import deployed

FAULTS = ("restart", "drop", "duplicate")


@dataclass(frozen=True)
class Row:
    """A search of three servers, up to their names, and what it counts."""

    model: Model
    generated: int
    distinct: int
    depth: int
    bounds: dict[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()
    """Witnesses that these bounds have no room for."""
    thorough: bool = False
    """Whether its test is: each model takes half a minute to compile."""

    def __str__(self) -> str:
        """The name of its test."""
        return " ".join([self.model.name, *map(str, self.bounds.values()), *self.faults])

    def line(self) -> str:
        """The row as docs/counts.md prints it."""
        bounds = {**self.model.bounds, **self.bounds}
        numbers = ", ".join(str(bounds[name]) for name in ("max_term", "max_log", "max_in_flight"))
        faults = ", ".join(self.faults) or "none"
        return f"| {self.model.name} | {faults} | {numbers} | {self.generated:,} | {self.distinct:,} | {self.depth} |"


NO_THIRD_TERM = frozenset({"TwoLeaders"})
NO_CRASH = frozenset({"WriteLost", "LogTruncated"})

ROWS = [
    Row(deployed.model, 1_991_723, 177_555, 42, {"max_term": 3}, unseen=NO_CRASH),
    Row(deployed.model, 25_585_894, 1_746_239, 50, {"max_term": 3}, FAULTS),
    Row(deployed.heartbeats, 2_285_518, 142_601, 38, faults=FAULTS, unseen=NO_THIRD_TERM, thorough=True),
    Row(deployed.snapshots, 3_100_734, 224_398, 45, faults=FAULTS, unseen=NO_THIRD_TERM, thorough=True),
    Row(deployed.single, 39_393_760, 2_706_332, 46, unseen=NO_THIRD_TERM | NO_CRASH, thorough=True),
    Row(deployed.joint, 91_095_735, 6_245_104, 46, unseen=NO_THIRD_TERM | NO_CRASH, thorough=True),
    Row(deployed.pre_vote, 36_421_928, 2_595_838, 56, unseen=NO_THIRD_TERM | NO_CRASH, thorough=True),
    Row(deployed.check_quorum, 12_720_365, 1_223_043, 50, {"max_term": 3}, unseen=NO_CRASH, thorough=True),
    Row(deployed.removals, 153_067_209, 8_367_504, 42, unseen=NO_CRASH | {"VotesSplit"}, thorough=True),
    Row(deployed.linearizable_reads, 656_270_062, 39_440_831, 59, unseen=NO_CRASH | {"VotesSplit"}, thorough=True),
]


SEARCHED = [pytest.param(row, marks=pytest.mark.thorough if row.thorough else ()) for row in ROWS]


@pytest.mark.slow
@pytest.mark.parametrize("row", SEARCHED, ids=str)
def test_every_property_holds_of_three_servers_and_every_action_is_taken(row: Row) -> None:
    result = check(Question(row.model, row.bounds, row.faults))
    assert result.verdict == "holds"
    assert (result.generated, result.distinct, result.depth) == (row.generated, row.distinct, row.depth)
    assert result.never_enabled == []
    assert {name for name, depth in result.witnesses.items() if depth is None} == row.unseen


TWO = [
    (deployed.model, 958, 160, 21),
    (deployed.heartbeats, 1_515, 225, 21),
    (deployed.check_quorum, 1_419, 246, 22),
    (deployed.snapshots, 1_109, 188, 23),
    (deployed.single, 1_348, 166, 21),
    pytest.param(deployed.linearizable_reads, 4_549, 644, 17, marks=pytest.mark.thorough),
]


@pytest.mark.parametrize(("model", "generated", "distinct", "depth"), TWO, ids=lambda value: getattr(value, "name", ""))
def test_the_plain_search_counts_what_two_servers_do(model: Model, generated: int, distinct: int, depth: int) -> None:
    question = Question(model, {"servers": 2, "max_log": 1}, workers=1)
    system = question.interpreter(question.layout())
    found: reference.Exploration[int, object] = reference.search(system, system.canonical)
    assert found.violated is None
    assert (found.generated, found.distinct, found.depth) == (generated, distinct, depth)


def test_the_table_of_the_documentation_is_this_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "counts.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in written if line.startswith("| deployed")] == [row.line() for row in ROWS]
