"""The toys: what a newcomer runs first has known answers."""

from __future__ import annotations

import pytest
from following import follow

from raftproof.checker.run import Question, check
from raftproof.model.toys import jugs, two_phase_commit


def test_four_litres_are_measured_in_six_steps_and_no_fewer() -> None:
    question = Question(jugs.model, symmetric=(), workers=1)
    result = check(question)
    assert result.verdict == "violated"
    assert result.violation is not None
    assert [step.action for step in result.violation.steps] == [
        *("fill_large", "large_to_small", "empty_small", "large_to_small", "fill_large", "large_to_small")
    ]
    follow(question.interpreter(question.layout()), result.violation)


@pytest.mark.slow
@pytest.mark.parametrize(("managers", "distinct"), [(3, 288), (5, 8_832)])
def test_two_phase_commit_reaches_the_states_of_the_published_specification(managers: int, distinct: int) -> None:
    for workers in (1, 2):
        question = Question(two_phase_commit.model, {"servers": managers}, symmetric=(), workers=workers)
        result = check(question)
        assert (result.verdict, result.distinct) == ("holds", distinct)
        assert result.never_enabled == []


def test_with_three_managers_the_witnesses_of_two_phase_commit_are_reached() -> None:
    result = check(Question(two_phase_commit.model, symmetric=(), workers=1))
    assert (result.generated, result.distinct, result.depth) == (1_146, 288, 11)
    assert result.witnesses == {"AllCommitted": 11, "SomeAborted": 2}
