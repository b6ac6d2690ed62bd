"""Every step of the published specification is made of steps of the proved protocol.

Three terms are searched, not two: only then is there a second leader whose entries conflict with the first one's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from following import follow

from raftproof.checker.explore import reference
from raftproof.checker.explore.compiled import Limits
from raftproof.checker.run import Question, check, simulate
from raftproof.model import figure2, loose
from raftproof.model.refinement import figure2 as refinement
from raftproof.model.refinement import handlers

BOUNDS = {"servers": 3, "max_term": 3, "max_log": 1}
RESTART = ("restart",)

NOTHING = {
    "answer_vote", "count_vote", "refuse_append", "count_append", "commit_stays", "drop_stale_response",
    "duplicate_message", "drop_message",
}  # fmt: skip
"""Steps that no step of the proved protocol matches, since nothing changes that it knows of."""
TWO = {
    "acknowledge_and_forget_commit": ("acknowledge", "forget_commit"),
    "client_request": ("client_request", "acknowledge_own"),
}
ONLY_DEPLOYED = {"lose"}
"""What takes a disk: `deployed` has steps that it matches."""

FAILS = [
    ("quorum_majority", "become_leader", 6, ()),
    ("vote_once", "grant_vote", 8, ()),
    ("vote_persisted", "grant_vote", 9, RESTART),
    ("reply_term", "become_leader", 11, ()),
    ("term_persisted", "restart", 3, RESTART),
    ("log_persisted", "restart", 12, RESTART),
    ("leader_append_only", "client_request", 12, ()),
    ("log_up_to_date", "grant_vote", 14, ()),
    ("refuse_stale", "acknowledge", 14, ()),
    ("truncate_on_conflict", "truncate", 23, ()),
    ("previous_entry", "acknowledge", 26, ()),
    ("ack_matched_only", "leader_commit", 26, ()),
    ("commit_own_term", "leader_commit", 28, ()),
]
"""The rule that is off, the step that is not matched, the states up to it at these bounds."""

NEED_MORE = {"last_term_first", "commit_up_to_last_new"}
"""Rules that no behavior within these bounds needs: they take logs of two entries."""


@pytest.mark.slow
@pytest.mark.timeout(900)  # the first to use the kernels compiles them
def test_steps_are_matched_breadth_first_and_none_of_the_proved_protocol_is_missing() -> None:
    steps: dict[str, int] = {}
    for faults, most in (((), 8_000_000), (RESTART, 1_000_000)):
        result = check(Question(refinement.model, BOUNDS, faults, limits=Limits(states=most)))
        assert result.violation is None
        for name, count in result.actions.items():
            for step in TWO.get(name, (name,)):
                steps[step] = steps.get(step, 0) + count["generated"]
        assert faults or None not in result.witnesses.values()
    matched = {action.name for action in loose.model.actions} - ONLY_DEPLOYED
    assert sum(steps.values()) > 50_000_000
    assert {name for name in matched if not steps[name]} == set()
    assert set(steps) == matched | NOTHING - {"duplicate_message", "drop_message"}


@pytest.mark.slow
def test_steps_are_matched_along_random_behaviors() -> None:
    question = Question(refinement.model, BOUNDS, ("restart", "drop", "duplicate"), workers=1)
    result = simulate(question, behaviors=60, length=80, seed=1)
    assert result.verdict == "none_found"


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "step", "depth", "faults"), FAILS, ids=[row[0] for row in FAILS])
def test_without_a_rule_a_step_is_not_matched(rule: str, step: str, depth: int, faults: tuple[str, ...]) -> None:
    question = Question(refinement.model, BOUNDS, faults, (rule,), workers=1)
    violation = check(question).violation
    assert violation is not None
    assert (violation.steps[-1].action, violation.depth) == (step, depth)
    follow(question.interpreter(question.layout()), violation)


def test_the_table_of_the_documentation_is_this_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "proof" / "links.md").read_text(encoding="utf-8").splitlines()
    table = [
        f"| `{rule}` | {step} | {depth - 1} | {', '.join(faults) or 'none'} |" for rule, step, depth, faults in FAILS
    ]
    assert [line for line in written if line.startswith("| `")] == table


def test_every_rule_that_can_be_switched_off_is_here() -> None:
    assert {row[0] for row in FAILS} | NEED_MORE == {rule.name.lower() for rule in figure2.model.breakable()}


def test_no_step_of_the_specification_is_lost_and_none_is_added() -> None:
    bounds = {"servers": 2, "max_term": 2, "max_log": 1}
    plain = Question(figure2.model, bounds, symmetric=())
    paired = Question(refinement.model, bounds, symmetric=())
    one, both = (question.interpreter(question.layout()) for question in (plain, paired))

    class Watching:
        """The refinement, each of whose states has the successors that the specification's state in it has."""

        initial_states, next_state, violated = both.initial_states, both.next_state, both.violated

        def inside(self, state: int) -> bool:
            assert both.inside(state) == one.inside(self.alone(state))
            return both.inside(state)

        def alone(self, state: int) -> int:
            return one.layout.encode(both.state(state))

        def actions(self, state: int) -> Any:
            ours = [self.alone(s) for c in both.actions(state) if (s := both.next_state(state, c)) is not None]
            alone = self.alone(state)
            theirs = [s for c in one.actions(alone) if (s := one.next_state(alone, c)) is not None]
            assert sorted(ours) == sorted(theirs)
            return both.actions(state)

    found: reference.Exploration[int, Any] = reference.search(Watching(), max_states=150)
    assert found.violated is None
    assert found.depth > 9


def test_the_handlers_of_the_abstract_protocol_are_made_of_its_loose_steps() -> None:
    question = Question(handlers.model, {"servers": 2, "max_term": 2}, RESTART)
    system = question.interpreter(question.layout())
    found: reference.Exploration[int, Any] = reference.search(system, system.canonical)
    assert found.violated is None
    assert (found.generated, found.distinct, found.depth) == (923, 259, 14)  # as of `abstract` alone: nothing is added


CONFLICT = [
    ("timeout", 0, 1),
    ("receive_request_vote", 2, 0, 1),
    ("become_leader", 0),
    ("client_request", 0, 0),
    ("observe_term", 1, 0),
    ("timeout", 1, 2),
    ("receive_request_vote", 2, 1, 2),
    ("become_leader", 1),
    ("client_request", 1, 0),
    ("receive_append_entries", 0, 2, 0, 1, 0),
    ("advance_commit_index", 1, 1),
    ("receive_append_entries", 2, 2, 0, 1, 1),
    ("restart", 2),
]
"""Two leaders, and a log in which an entry of the second takes the place of one of the first."""


def test_a_handler_that_truncates_is_made_of_loose_steps_too() -> None:
    question = Question(handlers.model, {"servers": 3, "max_term": 2}, RESTART)
    system = question.interpreter(question.layout())
    (state,) = system.initial_states()
    for name, *arguments in CONFLICT:
        (choice,) = (c for c in system.actions(state) if (c.action.name, *c.arguments) == (name, *arguments))
        after = system.next_state(state, choice)
        assert after is not None, name
        assert system.violated(after) == [], name
        state = after
    assert system.state(state).log[0][1].term == 2
