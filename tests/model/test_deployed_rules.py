"""Each rule of deployed Raft that can be switched off: what falls, how soon, or why nothing does."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from deployed_broken import ASKED, BY_HAND, CORE, HARMLESS, NEED_MORE, exhibits, table

from raftproof.checker.run import Question, check
from raftproof.impl.core.rules import BREAKABLE
from raftproof.model import deployed
from raftproof.model.gallery import Asked, NotReproduced, replayed
from raftproof.model.rules import Rule

OF_THE_MODEL = {"request_persisted", "send_entries", "change_before_campaign"}
"""The implementation does not offer to be without these."""


def named(asked: Asked) -> str:
    """The name of a row's test."""
    return f"{asked.rule} {asked.only}".strip()


def test_every_rule_that_can_be_switched_off_is_here() -> None:
    known = {asked.rule for asked in ASKED + BY_HAND} | set(HARMLESS) | set(NEED_MORE)
    assert known == {rule.name.lower() for rule in deployed.catalogue.breakable()}
    assert len({asked.rule for asked in ASKED}) >= 15


def test_the_rules_have_the_names_that_they_have_in_the_implementation() -> None:
    model = {rule.name.lower() for rule in deployed.catalogue.breakable()}
    assert model - OF_THE_MODEL == set(BREAKABLE)


def test_a_rule_that_can_be_switched_off_is_cited_by_an_action() -> None:
    cited = {rule for action in deployed.catalogue.actions for rule in action.rules}
    assert {Rule(rule) for rule in deployed.catalogue.breakable()} <= cited
    assert all(action.rules for action in deployed.catalogue.actions if not action.fault)


@pytest.mark.slow
@pytest.mark.parametrize("asked", CORE, ids=named)
def test_without_the_rule_the_property_falls_in_so_many_steps(asked: Asked) -> None:
    result, kept = check(asked.question(workers=1)), exhibits()[asked.command]
    assert result.violation is not None
    assert (result.violation.property, result.violation.depth) == (kept.property, kept.depth)
    assert (result.generated, result.distinct) == (kept.generated, kept.distinct)


@pytest.mark.parametrize("asked", ASKED + BY_HAND, ids=named)
def test_a_kept_counterexample_is_one_when_its_steps_are_taken_again(asked: Asked) -> None:
    kept = exhibits()[asked.command]
    violation = replayed(asked, kept).violation
    assert violation is not None
    assert (violation.property, violation.depth) == (kept.property, kept.depth)


@pytest.mark.parametrize("asked", ASKED + BY_HAND, ids=named)
def test_with_the_rule_a_kept_counterexample_is_none(asked: Asked) -> None:
    other = Asked(asked.model, "keep_vote_on_step_down", asked.bounds, asked.faults, asked.only)
    with pytest.raises(NotReproduced):
        replayed(other, msgspec.structs.replace(exhibits()[asked.command], rule=other.rule))


@pytest.mark.slow
@pytest.mark.parametrize("rule", sorted(HARMLESS))
def test_without_a_harmless_rule_nothing_falls(rule: str) -> None:
    assert check(Question(deployed.model, {"max_term": 3}, broken=(rule,), workers=1)).verdict == "holds"


def test_the_table_of_the_documentation_is_this_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "counts.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in written if line.startswith("| in deployed")] == table()
