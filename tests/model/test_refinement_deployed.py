"""Every step of deployed Raft, without changes of membership, is made of steps of the proved protocol."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from following import follow

from raftproof.checker.explore.compiled import Limits
from raftproof.checker.language import Interpreter, Model
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.run import Question, check
from raftproof.model import loose
from raftproof.model.refinement import deployed as refinement

RESTART = ("restart",)
FAULTS = ("restart", "drop", "duplicate")
ALL = (
    refinement.model,
    refinement.heartbeats,
    refinement.pre_vote,
    refinement.check_quorum,
    refinement.snapshots,
)


T3 = {"max_term": 3}

FAILS = [
    ("quorum_majority", "own_vote_elects", 4, ()),
    ("vote_persisted", "receive_vote_request", 5, ()),
    ("vote_once", "ready_vote", 7, ()),
    ("leader_append_only", "propose", 9, ()),
    ("log_persisted", "receive_append", 10, ()),
    ("reply_term", "own_vote_elects", 10, ()),
    ("log_up_to_date", "ready_vote", 12, ()),
    ("refusal_no_match", "own_entries_commit", 14, ()),
    ("keep_vote_on_step_down", "ready_vote", 16, ()),
    ("refuse_stale", "ready_append", 16, ()),
    ("ack_matched_only", "ready_truncate", 17, ()),
    ("previous_entry", "ready_truncate", 17, ()),
    ("commit_up_to_last_new", "ready_term", 23, ()),
    ("request_persisted", "request_vote", 3, ()),
    ("term_persisted", "restart_written", 3, RESTART),
]
"""The rule that is off, the kind of step that is not matched, the states up to it."""

SELDOM = {"restart": 50, "drop": 10, "duplicate": 20, "campaign": 30, "pre_campaign": 30, "step_down": 30}
"""Steps that are seldom taken, lest nothing else be: faults, and what ends a term."""


def in_random_order(choices: list[Choice], chance: random.Random) -> list[Choice]:
    """Choices, those of one action in a row."""
    seldom = {c.action.name: SELDOM.get(c.action.fault or c.action.name, 1) for c in choices}
    ranks = {name: chance.random() ** (1 / often) for name, often in seldom.items()}

    def key(choice: Choice) -> tuple[float, float]:
        return ranks[choice.action.name], chance.random()

    return sorted(choices, key=key)


def steps_at_random(system: Interpreter, chance: random.Random, steps: int) -> dict[str, int]:
    """How often each kind of step is taken in a random behavior within the bounds; each is asserted to be matched."""
    (state,) = system.initial_states()
    taken: dict[str, int] = {}
    for _ in range(steps):
        for choice in in_random_order(list(system.actions(state)), chance):
            after = system.next_state(state, choice)
            if after is not None and system.inside(after):
                break
        else:
            break
        assert system.violated(after) == [], system.describe(choice)
        name = choice.action.name
        taken[name] = taken.get(name, 0) + 1
        state = after
    return taken


def walk(model: Model, behaviors: int, steps: int, seed: int, broken: tuple[str, ...] = ()) -> dict[str, int]:
    """The kinds of step in some random behaviors of three servers in three terms."""
    question = Question(model, {"max_term": 3, "max_log": 2, "max_in_flight": 2}, FAULTS, broken, workers=1)
    system = question.interpreter(question.layout())
    taken: dict[str, int] = {}
    for number in range(behaviors):
        for name, count in steps_at_random(system, random.Random(f"{seed}:{number}"), steps).items():
            taken[name] = taken.get(name, 0) + count
    return taken


LOOSE = {
    "own_vote_elects": ("become_leader", "client_request", "send_append"),
    "vote_answer_elects": ("become_leader", "client_request", "send_append"),
    "request_vote": ("request_vote",),
    "propose": ("client_request", "send_append"),
    "own_entries_commit": ("acknowledge_own", "leader_commit", "send_append"),
    "count_own_entries": ("acknowledge_own",),
    "send_append": ("send_append",),
    "answer_commits": ("leader_commit", "send_append"),
    "yield_to_leader": ("step_down",),
    "ready_vote": ("grant_vote",),
    "ready_truncate": ("truncate", "append", "acknowledge"),
    "ready_append": ("append", "acknowledge"),
    "ready_acknowledge": ("acknowledge",),
    "ready_campaign": ("timeout", "request_vote", "grant_vote"),
    "ready_term": ("observe_term",),
    "restart_torn": ("restart", "append"),
    "restart_loses": ("restart", "lose"),
    "restart": ("restart",),
}
"""The kinds of step that loose steps match, and which; the others change nothing that the proof knows of."""


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(1800)  # the first to use the kernel compiles it
def test_steps_are_matched_breadth_first_and_every_loose_step_but_one_is_taken() -> None:
    whole = check(Question(refinement.model, T3))
    crashing = check(Question(refinement.model, T3, RESTART, limits=Limits(states=1_000_000)))
    assert (whole.verdict, whole.generated, whole.distinct) == ("holds", 9_008_141, 821_370)
    assert (crashing.violation, crashing.generated > 5_000_000) == (None, True)
    steps: dict[str, int] = {}
    for result in (whole, crashing):
        assert None not in result.witnesses.values()
        for name, count in result.actions.items():
            for step in LOOSE.get(name, ()):
                steps[step] = steps.get(step, 0) + count["generated"]
    assert crashing.never_enabled == []
    assert {a.name for a in loose.model.actions} - {name for name in steps if steps[name]} == {"forget_commit"}


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize(("rule", "step", "depth", "faults"), FAILS, ids=[row[0] for row in FAILS])
def test_without_a_rule_a_step_is_not_matched(rule: str, step: str, depth: int, faults: tuple[str, ...]) -> None:
    question = Question(refinement.model, T3, faults, (rule,), workers=1)
    violation = check(question).violation
    assert violation is not None
    assert (violation.steps[-1].action, violation.depth) == (step, depth)
    follow(question.interpreter(question.layout()), violation)


def test_the_table_of_the_documentation_is_this_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "proof" / "links.md").read_text(encoding="utf-8").splitlines()
    table = [f"| deployed | `{rule}` | {step} | {depth - 1} |" for rule, step, depth, _ in FAILS]
    assert [line for line in written if line.startswith("| deployed | `")] == table


@pytest.mark.thorough
@pytest.mark.parametrize("model", ALL, ids=[model.name for model in ALL])
def test_steps_are_matched_along_random_behaviors(model: Model) -> None:
    assert sum(walk(model, behaviors=6, steps=60, seed=1).values()) > 200
