"""Each property, and each clause of one, can fail; each witness is seen; a tempting property is wrong."""

from __future__ import annotations

import clauses
import pytest
from broken import BROKEN, GOLDEN
from following import follow

from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.result import Violation, from_json
from raftproof.checker.run import Question, check
from raftproof.model import figure2
from raftproof.model.rules import FIGURE_3

CLAUSES = {
    "LeaderCompletenessLength": "log_up_to_date LeaderCompleteness",
    "LeaderCompletenessEntries": "last_term_first LeaderCompleteness",
    "LeaderAppendOnlyEntries": "leader_append_only LeaderAppendOnly",
}
"""Clauses of properties, each with the counterexample of a broken rule that breaks this clause and not the other.

The counterexample of LeaderAppendOnlyLength, where a log gets shorter, is in golden/. Its last step breaks both
clauses, since what is left is not what was there.
"""

WITNESSES = {"LeaderElected": 10, "EntryCommitted": 16, "LogTruncated": 24, "VotesSplit": 13, "TwoLeaders": 19}
"""At which depth each witness is first seen, with max-term 3 and server symmetry."""


def test_every_property_is_broken_by_some_rule() -> None:
    assert {row.property for row in BROKEN} == {p.name for p in figure2.model.properties()}
    assert set(FIGURE_3) <= {row.property for row in BROKEN}


@pytest.mark.slow
@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_of_a_property_is_broken_alone(clause: str) -> None:
    row = next(row for row in BROKEN if str(row) == CLAUSES[clause])
    found = from_json(GOLDEN / row.file) if row.file else check(row.question())
    assert found.violation is not None
    question = row.question()
    states = follow(question.interpreter(question.layout()), found.violation)
    split = Question(clauses.model, row.bounds, row.faults, (row.rule,))
    system = split.interpreter(split.layout())
    broken = system.violated(states[-1]) + system.violated_step(states[-2], states[-1])
    other = {"LeaderHasOlderEntries"}
    assert {p.name for p in broken} - other == {clause}


def test_a_leader_that_drops_entries_breaks_the_length_clause_of_leader_append_only() -> None:
    result = from_json(GOLDEN / "leader_append_only_length.json")
    assert result.violation is not None
    system = split_model(result.bounds, tuple(result.broken))
    states = follow(system, result.violation)
    assert "LeaderAppendOnlyLength" in [p.name for p in system.violated_step(states[-2], states[-1])]


def test_correct_raft_violates_the_tempting_variant_of_leader_completeness() -> None:
    """A leader of term 3, replaced unawares, meets an entry of term 2 that was committed in term 4 (46 states)."""
    result = from_json(GOLDEN / "leader_has_older_entries.json")
    assert result.broken == [] and result.faults == []
    assert result.violation is not None
    assert (result.violation.property, result.violation.depth) == ("LeaderHasOlderEntries", 46)
    last = follow(split_model(result.bounds, ()), result.violation)[-1]
    question = Question(figure2.model, result.bounds)
    assert question.interpreter(question.layout()).violated(last) == []


def test_the_clauses_together_are_the_properties() -> None:
    """On every state of the counterexamples the clauses say what the whole property says."""
    whole = {p.name: p.function for p in figure2.model.properties()}
    parts = {p.name: p.function for p in clauses.model.properties()}
    for file in sorted(GOLDEN.glob("*.json")):
        result = from_json(file)
        assert isinstance(result.violation, Violation)
        system = split_model(result.bounds, tuple(result.broken)) if result.model == "clauses" else None
        question = Question(figure2.model, result.bounds, tuple(result.faults), tuple(result.broken))
        states = follow(system or question.interpreter(question.layout()), result.violation)
        seen = [question.interpreter(question.layout()).state(state) for state in states]
        for s, t in zip(seen, [*seen[1:], seen[-1]], strict=True):
            assert whole["LeaderCompleteness"](s) == (
                parts["LeaderCompletenessLength"](s) and parts["LeaderCompletenessEntries"](s)
            )
            assert whole["LeaderAppendOnly"](s, t) == (
                parts["LeaderAppendOnlyLength"](s, t) and parts["LeaderAppendOnlyEntries"](s, t)
            )


@pytest.mark.slow
def test_every_witness_is_seen_at_its_depth() -> None:
    result = check(Question(figure2.model, {"max_term": 3}, workers=2))
    assert result.witnesses == WITNESSES
    assert set(result.witnesses) == {w.name for w in figure2.model.witnesses}
    assert result.never_enabled == []


def split_model(bounds: dict[str, int], broken: tuple[str, ...]) -> Interpreter:
    """`figure2` with the properties of `clauses`, interpreted."""
    question = Question(clauses.model, bounds, (), broken)
    return question.interpreter(question.layout())
