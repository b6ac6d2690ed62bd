"""Each rule that can be switched off has a counterexample, and plain Python follows it step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import BROKEN, GOLDEN, Broken, table
from following import follow

from raftproof.checker.result import Result, Violation, from_json
from raftproof.checker.run import Question, check
from raftproof.model import figure2

SEARCHED = [row for row in BROKEN if not row.file]
KEPT = [row for row in BROKEN if row.file]


def test_every_rule_that_can_be_switched_off_is_here() -> None:
    assert {row.rule for row in BROKEN} == {rule.name.lower() for rule in figure2.model.breakable()}


@pytest.mark.slow
@pytest.mark.parametrize("row", SEARCHED, ids=str)
def test_without_the_rule_the_property_falls_in_so_many_steps(row: Broken) -> None:
    question = row.question()
    result = check(question)
    expect(row, result)
    again = check(row.question(workers=2))
    assert again.violation == result.violation
    assert (again.generated, again.distinct) == (row.generated, row.distinct)
    follow(question.interpreter(question.layout()), violation_of(result))


@pytest.mark.parametrize("row", KEPT, ids=str)
def test_a_kept_counterexample_is_one(row: Broken) -> None:
    result = from_json(GOLDEN / row.file)
    expect(row, result)
    assert f"--break {row.rule}" in result.command
    question = row.question()
    assert result.bounds == question.layout().bounds
    follow(question.interpreter(question.layout()), violation_of(result))


@pytest.mark.parametrize("row", KEPT, ids=str)
def test_with_the_rule_a_kept_counterexample_is_none(row: Broken) -> None:
    """The step that only the broken rule allows is missed."""
    question = Question(figure2.model, row.bounds, row.faults)
    with pytest.raises((AssertionError, StopIteration)):
        follow(question.interpreter(question.layout()), violation_of(from_json(GOLDEN / row.file)))


def expect(row: Broken, result: Result) -> None:
    """The result is the row's."""
    violation = violation_of(result)
    assert (result.verdict, violation.property, violation.depth) == ("violated", row.property, row.depth)
    assert (result.generated, result.distinct) == (row.generated, row.distinct)


def violation_of(result: Result) -> Violation:
    """The counterexample of a result that has one."""
    assert result.violation is not None
    return result.violation


def test_the_table_of_the_documentation_is_this_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "counts.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in written if line.startswith("| `")] == table()
