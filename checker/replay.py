"""Rebuilds a counterexample: the least path to a violating state, taken step by step in the interpreted model.

The search keeps no parents. When it has met a violation it is run again, its levels written to a temporary file; from
the violating state the least predecessor is looked for in the level before, and so on to an initial state. The states
so found are representatives of their classes; the interpreted model then takes the steps between them, under one
consistent naming, and checks that the last one violates the property.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from raftproof.checker.explain import facts_of
from raftproof.checker.explore.compiled import Search, Worst, order_of
from raftproof.checker.language.interpreted import Choice, Interpreter
from raftproof.checker.language.model import Property
from raftproof.checker.native.build import Kernels, from_words
from raftproof.checker.native.generate import BATCH
from raftproof.checker.result import Claim, Json, Step, Violation


class ReplayError(Exception):
    """The interpreted model does not follow the compiled one: a fault of the checker, never of the model."""


@dataclass(frozen=True)
class Path:
    """A behavior: its first state, then each choice with the state after it."""

    initial: int
    steps: list[tuple[Choice, int]]


def find_violation(kernels: Kernels, system: Interpreter, search: Search, worst: Worst) -> Violation:
    """The counterexample that ends in a violating state."""
    declared = search.violated(worst)
    states = _states_to(kernels, system, search, worst)
    return told(kernels, system, states, declared)


def told(kernels: Kernels, system: Interpreter, states: list[int], declared: Property) -> Violation:
    """The behavior along representatives, its steps taken interpreted; order-only values keep their names in it."""
    teller = system.roomy(len(states)) if system.layout.orders() else system
    return as_violation(teller, replay(kernels, system, teller, states, declared), declared)


def as_violation(system: Interpreter, path: Path, declared: Property) -> Violation:
    """A path that ends in a violation as data."""
    steps, before = [], path.initial
    for choice, after in path.steps:
        changes = changes_between(system.layout.show(system.state(before)), system.layout.show(system.state(after)))
        steps.append(Step(choice.action.name, system.arguments(choice), changes, choice.action.fault))
        before = after
    all_states = [path.initial, *(state for _, state in path.steps)]
    last = [system.state(state) for state in all_states[-declared.states :]]
    facts = facts_of(system, declared, last)
    return Violation(
        property=declared.name,
        depth=len(all_states),
        steps=steps,
        initial=system.layout.show(system.state(path.initial)),
        facts=list(facts),
        fact_places=[[place] for place in facts.values()],
        sentence=declared.sentence,
        properties=_claims(system, all_states),
    )


def _claims(system: Interpreter, states: list[int]) -> dict[str, Claim]:
    """Which properties hold along the way."""
    falls: dict[str, list[int]] = {declared.name: [] for declared in system.model.properties()}
    for number, state in enumerate(states):
        broken = system.violated(state)
        broken += system.violated_step(states[number - 1], state) if number else []
        for declared in broken:
            falls[declared.name].append(number)
    return {declared.name: Claim(declared.sentence, falls[declared.name]) for declared in system.model.properties()}


def changes_between(before: Json, after: Json) -> dict[str, tuple[Json, Json]]:
    """What differs between two states, by place."""
    changes: dict[str, tuple[Json, Json]] = {}

    def compare(place: str, old: Any, new: Any) -> None:
        if old == new:
            return
        if isinstance(old, dict) and isinstance(new, dict):
            for key in old:
                compare(f"{place}[{key}]" if place else key, old[key], new[key])
        else:
            changes[place] = (old, new)

    compare("", before, after)
    return changes


# --------------------------------------------------------------------------------------------------- finding the path


def _states_to(kernels: Kernels, system: Interpreter, search: Search, worst: Worst) -> list[int]:
    """The representatives along the least path, first to last."""
    path = [worst.state]
    with tempfile.TemporaryFile() as kept:
        again = Search(kernels, system, len(search.workers), watch=search.watch, keep=kept)
        outcome = again.run()
        if outcome.worst is None or outcome.worst.key() != worst.key():
            raise ReplayError("a second search did not find the same violation")
        levels = outcome.levels
        if worst.before is not None:
            path.append(worst.before)
            levels = levels[:-1]
        for level in reversed(levels):
            path.append(_parent_of(kernels, search, path[-1], level, kept))
    return path[::-1]


def _parent_of(kernels: Kernels, search: Search, state: int, level: list[tuple[int, int]], kept: BinaryIO) -> int:
    """The least state of a level that leads to a state."""
    goal = kernels.canonical(state)[1]
    candidates = [c for piece in level if (c := _parent_in(kernels, search, goal, piece, kept)) is not None]
    if not candidates:
        raise ReplayError("a state of the counterexample has no predecessor in the level before it")
    return min(candidates, key=order_of)


def _parent_in(kernels: Kernels, search: Search, goal: int, piece: tuple[int, int], kept: BinaryIO) -> int | None:
    offset, count = piece
    kept.seek(offset * 8)
    block = np.frombuffer(kept.read(count * kernels.words * 8), dtype=np.uint64).copy()
    batch = search.new_batch()
    batch.set("GOAL", goal)
    room = np.zeros((BATCH + kernels.branch + 1) * kernels.words, np.uint64)
    kernels.explore(block, 0, count, room, -BATCH, np.zeros(64, np.uint64), 1 << 40, batch.memory)
    found = batch.get("FOUND") - 1
    return None if found < 0 else from_words(block[found * kernels.words : (found + 1) * kernels.words])


# --------------------------------------------------------------------------------------------------- taking the steps


def replay(kernels: Kernels, searched: Interpreter, system: Interpreter, states: list[int], declared: Property) -> Path:
    """Take the steps between representatives, interpreted; the last one violates the property.

    `system` takes them; it is the one that was searched, or the same with more room for order-only values.
    """

    def same(state: int) -> int:
        if system is not searched:
            state = searched.layout.encode(system.state(system.normal(state)))
        return kernels.canonical(state)[0]

    initial = next((s for s in system.initial_states() if same(s) == states[0]), None)
    if initial is None:
        raise ReplayError("the counterexample does not begin in an initial state")
    steps: list[tuple[Choice, int]] = []
    now = initial
    for number, goal in enumerate(states[1:], 2):
        is_last = number == len(states)
        step = _step_to(system, now, goal, same, declared if is_last else None)
        if step is None:
            raise ReplayError(f"no action of the interpreted model leads to state {number} of the counterexample")
        steps.append(step)
        now = step[1]
    if not steps and declared not in system.violated(now):
        raise ReplayError(f"the initial state does not violate {declared.name}")
    return Path(initial, steps)


def _step_to(
    system: Interpreter, now: int, goal: int, same: Callable[[int], int], declared: Property | None
) -> tuple[Choice, int] | None:
    for choice in system.actions(now):
        after = system.next_state(now, choice)
        if after is None or same(after) != goal:
            continue
        if declared is None or declared in (*system.violated(after), *system.violated_step(now, after)):
            return choice, after
    return None


__all__ = ["Path", "ReplayError", "as_violation", "changes_between", "find_violation", "told"]
