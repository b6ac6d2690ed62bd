"""Raft over a network that never forgets: its numbers of states, and what falls when a rule is switched off.

The numbers of distinct states up to the names of servers are those of an independent search, written by hand for this
protocol alone. One size of cluster is used throughout, since every size has to be compiled.
"""

from __future__ import annotations

import pytest
from following import follow

from raftproof.checker.explore import reference
from raftproof.checker.run import Question, check
from raftproof.model import abstract

BOUNDS = {"servers": 3, "max_term": 3, "max_log": 1}
RESTART = ("restart",)

BROKEN = [
    ("quorum_majority", "ElectionSafety", 5, ()),
    ("vote_once", "ElectionSafety", 7, ()),
    ("log_up_to_date", "LeaderCompleteness", 10, ()),
    ("log_persisted", "LeaderCompleteness", 12, RESTART),
    ("refuse_stale", "LeaderCompleteness", 10, ()),
    ("previous_entry", "CommitInLog", 8, ()),
    ("truncate_on_conflict", "CommitInLog", 9, ()),
    ("append_new_entries", "LeaderCompleteness", 12, ()),
    ("ack_matched_only", "LeaderCompleteness", 14, ()),
    ("commit_up_to_last_new", "CommitInLog", 8, ()),
]
"""The rule that is off, the property that falls, the states of the shortest counterexample at these bounds."""

NEED_MORE = {"last_term_first", "commit_own_term"}
"""Rules that no behavior within these bounds needs. With four terms and logs of two entries LeaderCompleteness falls
without the first after 15 steps; the second takes a longer search (Figure 8)."""


@pytest.mark.slow
def test_every_state_of_three_terms_with_restarts_is_found_and_keeps_every_property() -> None:
    result = check(Question(abstract.model, BOUNDS, RESTART))
    assert result.verdict == "holds"
    assert (result.generated, result.distinct, result.depth) == (8_998_832, 1_116_068, 25)
    assert result.never_enabled == []
    assert None not in result.witnesses.values()


def test_the_plain_search_counts_the_same() -> None:
    bounds = {"servers": 2, "max_term": 2, "max_log": 1}
    question = Question(abstract.model, bounds, RESTART, workers=1)
    system = question.interpreter(question.layout())
    found: reference.Exploration[int, object] = reference.search(system, system.canonical)
    assert found.violated is None
    assert (found.generated, found.distinct, found.depth) == (923, 259, 14)


def test_every_rule_that_can_be_switched_off_is_here() -> None:
    assert {row[0] for row in BROKEN} | NEED_MORE == {rule.name.lower() for rule in abstract.model.breakable()}


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "falls", "depth", "faults"), BROKEN, ids=[row[0] for row in BROKEN])
def test_without_the_rule_the_property_falls_in_so_many_steps(
    rule: str, falls: str, depth: int, faults: tuple[str, ...]
) -> None:
    question = Question(abstract.model, BOUNDS, faults, (rule,), workers=1)
    result = check(question)
    assert result.violation is not None
    assert (result.verdict, result.violation.property, result.violation.depth) == ("violated", falls, depth)
    follow(question.interpreter(question.layout()), result.violation)
