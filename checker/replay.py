"""Rebuilds a counterexample: the least path to a violating state, taken step by step in the interpreted model.

The search keeps no parents. When it has met a violation it is run again, up to the level before, its levels written to
a temporary file; from the violating state the least predecessor is looked for in the level before, and so on to an
initial state. All of these levels are whole, also where a limit ended the first search within the last one. The states
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
from raftproof.checker.explore.compiled import STEP_ERRORS, Outcome, Piece, Search, Worst, order_of
from raftproof.checker.language.interpreted import Choice, Interpreter
from raftproof.checker.language.model import Property
from raftproof.checker.native.build import from_words
from raftproof.checker.native.generate import BATCH
from raftproof.checker.result import Claim, Json, Step, Violation


class ReplayError(Exception):
    """The interpreted model does not follow the compiled one: a fault of the checker, never of the model."""


@dataclass(frozen=True)
class Path:
    """A behavior: its first state, then each choice with the state after it."""

    initial: int
    steps: list[tuple[Choice, int]]


def find_violation(search: Search, outcome: Outcome) -> Violation:
    """The counterexample of a search that met a violation; the search gives its memory back."""
    assert outcome.worst is not None
    declared = search.violated(outcome.worst)
    search.release()
    states = _states_to(search, outcome.worst, outcome.depth)
    return violation_along(search, states, declared)


def violation_along(search: Search, states: list[int], declared: Property) -> Violation:
    """The behavior along representatives, its steps taken interpreted; order-only values keep their names in it."""
    system = search.system
    teller = system.roomy(len(states)) if system.layout.orders() else system
    return as_violation(teller, replay(search, teller, states, declared), declared)


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


def _states_to(search: Search, worst: Worst, depth: int) -> list[int]:
    """The representatives along the least path to a state at a depth, first to last."""
    path = [worst.state] if worst.before is None else [worst.state, worst.before]
    if depth > len(path):
        with tempfile.TemporaryFile() as kept:
            again = Search(search.kernels, search.system, len(search.workers), watch=search.watch, keep=kept)
            found = again.run(most_levels=depth - len(path))
            if found.reason:
                raise KeyboardInterrupt
            for level in reversed(found.levels):
                path.append(parent_of(again, path[-1], level, kept))
    return path[::-1]


def parent_of(search: Search, state: int, level: list[tuple[int, int]], kept: BinaryIO) -> int:
    """The least state of a level that leads to a state."""
    goal = search.kernels.canonical(state)[1]
    candidates = [c for piece in level if (c := _parent_in(search, goal, piece, kept)) is not None]
    if not candidates:
        raise ReplayError("a state of the counterexample has no predecessor in the level before it")
    return min(candidates, key=order_of)


def _parent_in(search: Search, goal: int, piece: tuple[int, int], kept: BinaryIO) -> int | None:
    """The least state of a block that leads to a goal."""
    kernels, (offset, count) = search.kernels, piece
    kept.seek(offset * 8)
    block = np.frombuffer(kept.read(count * kernels.words * 8), dtype=np.uint64).copy()
    batch = search.new_batch()
    batch.set("GOAL", goal)
    room = np.zeros((BATCH + kernels.branch + 1) * kernels.words, np.uint64)
    try:
        kernels.explore(block, 0, count, room, -BATCH, np.zeros(64, np.uint64), 1 << 40, batch.memory)
    except STEP_ERRORS as fault:  # of a step that the first search, ended by a limit, did not come to
        raise search.named(Piece(block, 0, count), fault) from fault
    found = batch.get("FOUND") - 1
    return None if found < 0 else from_words(block[found * kernels.words : (found + 1) * kernels.words])


# --------------------------------------------------------------------------------------------------- taking the steps


def replay(search: Search, teller: Interpreter, states: list[int], declared: Property) -> Path:
    """Take the steps between representatives, interpreted; the last one violates the property.

    The teller takes them; it is the system that was searched, or the same with more room for order-only values.
    """
    searched = search.system

    def same(state: int) -> int:
        if teller is not searched:
            state = searched.layout.encode(teller.state(teller.normal(state)))
        return search.kernels.canonical(state)[0]

    initial = next((s for s in teller.initial_states() if same(s) == states[0]), None)
    if initial is None:
        raise ReplayError("the counterexample does not begin in an initial state")
    steps: list[tuple[Choice, int]] = []
    now = initial
    for number, goal in enumerate(states[1:], 2):
        is_last = number == len(states)
        step = _step_to(teller, now, goal, same, declared if is_last else None)
        if step is None:
            raise ReplayError(f"no action of the interpreted model leads to state {number} of the counterexample")
        steps.append(step)
        now = step[1]
    if not steps and declared not in teller.violated(now):
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


__all__ = ["Path", "ReplayError", "as_violation", "changes_between", "find_violation", "parent_of", "violation_along"]
