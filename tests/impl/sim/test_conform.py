"""`raftproof torture --conform`: what the implementation does is what the model allows, and planted bugs are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raftproof.commands.torture_conform import CONFORMANCE
from raftproof.commands.torture_runs import judge, shrunk
from raftproof.impl.core.rules import BREAKABLE
from raftproof.impl.sim import parse, plan
from tests.impl.sim.test_torture import torture

pytestmark = pytest.mark.slow
ALL = parse("all")

NAMED_AT = {
    "quorum_majority": 0,
    "vote_once": 1,
    "vote_persisted": 1,
    "term_persisted": 5,
    "reply_term": 30,
    "truncate_on_conflict": 12,
    "match_monotonic": 12,
    "log_up_to_date": 1,
    "commit_monotonic": 0,
    "ack_matched_only": 3,
    "refuse_stale": 6,
    "previous_entry": 31,
    "last_term_first": 31,
    "commit_own_term": 3,
    "refusal_no_match": 0,
    "keep_vote_on_step_down": 3,
    "log_persisted": 1,
    "leader_append_only": 1,
    "snapshot_not_older": 22,
    "learner_no_vote": 3,
    "joint_majorities": 5,
    "one_change_pending": 3,
    "commit_up_to_last_new": 113,
    "read_own_term": 1,
    "read_confirmed": 0,
}
"""Planted bugs, and the first seed whose trace departs from the model by just that rule when this was written."""


@pytest.mark.parametrize("seed", [0, 2, 3, 12, 17, 28, 33])
def test_a_run_under_all_faults_is_explained_by_the_model_line_by_line(seed: int) -> None:
    """Among them: snapshots restored, changes of membership of two servers, a leader that leaves by a joint one."""
    judged = judge(plan(seed, 3000, ALL), conform=True)
    assert judged.violation is None
    assert judged.conformance is not None
    assert judged.conformance.verdict == "accepted"
    assert judged.conformance.events > 2000


@pytest.mark.parametrize("rule", sorted(NAMED_AT))
def test_a_planted_bug_departs_from_the_model_by_the_rule_that_is_broken(rule: str) -> None:
    first = NAMED_AT[rule]
    for seed in [*range(first, 300), *range(first)]:
        found = judge(plan(seed, 3000, ALL, frozenset({rule})), conform=True).conformance
        assert found is not None
        if found.departure is not None and found.departure.rule == rule:
            assert found.departure.expected != found.departure.observed
            return
    raise AssertionError("no run departs by this rule")


def test_every_rule_that_can_be_broken_shows_in_a_trace() -> None:
    assert set(NAMED_AT) == set(BREAKABLE)


def test_a_run_that_departs_is_made_small_told_in_full_and_drawn(tmp_path: Path) -> None:
    words = ["--seed", "1", "--seeds", "1", "--break", "log_up_to_date", "--conform", "--json", "out.json"]
    done = torture(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "Conformance: no step explains it; log_up_to_date: " in done.stdout
    assert "  false  " in done.stdout, "the condition that does not hold"
    assert "--break log_up_to_date --conform" in done.stdout
    failure = json.loads((tmp_path / "out.json").read_text())["failure"]
    assert failure["property"] == CONFORMANCE
    assert failure["divergence"]["rule"] == "log_up_to_date"
    assert (tmp_path / "torture" / "spacetime.svg").exists()


def test_a_smaller_run_departs_by_the_same_rule() -> None:
    failing = judge(plan(1, 3000, ALL, frozenset({"vote_once"})), conform=True)
    small = shrunk(failing)
    assert small.divergence is not None
    assert failing.conformance is not None
    assert failing.conformance.departure is not None
    assert small.divergence.departure is not None
    assert small.divergence.departure.rule == failing.conformance.departure.rule
    assert small.length <= failing.outcome.steps


def test_how_many_traces_are_explained_is_told(tmp_path: Path) -> None:
    done = torture("--seeds", "3", "--steps", "800", "--conform", "--json", "out.json", cwd=tmp_path)
    assert done.returncode == 0
    assert "  3 of 3 traces are explained by the model, " in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())
    assert (found["traces"], found["undetermined_traces"]) == (3, 0)
    assert found["trace_events"] > 2000
