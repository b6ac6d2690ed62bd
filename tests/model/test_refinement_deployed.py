"""Every step of deployed Raft, without changes of membership, is made of steps of the proved protocol."""

from __future__ import annotations

import random

import pytest

from raftproof.checker.language import Interpreter, Model
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.run import Question
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


@pytest.mark.thorough
@pytest.mark.parametrize("model", ALL, ids=[model.name for model in ALL])
def test_steps_are_matched_along_random_behaviors(model: Model) -> None:
    assert sum(walk(model, behaviors=6, steps=60, seed=1).values()) > 200
