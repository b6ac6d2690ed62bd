"""Whether states with the same normal form have the same future, as a search with reductions takes for granted.

A field that is called dead may be read, and a value that is called order-only may be counted with. No text shows it
for certain, so it is tried: from a state, from its normal form, and from the state with its order-only values spread
apart, the same steps must lead to the same normal forms, and the same properties must be broken. A counterexample
needs no such trust: its steps are taken from the initial state on, unreduced.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress

from raftproof.checker.language.errors import BoundsError, ModelError
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.symmetry import BEHAVIORS, LENGTH, SEED, successors_by_action

SPREAD = 3
"""How far order-only values are spread apart."""
ROOM = 400
"""Room for values that are spread and not renamed: more than a behavior can make of them."""


def refuse_wrong_reductions(system: Interpreter) -> None:
    """Raise BoundsError if, on behaviors drawn at random, a reduction changes what can happen.

    All faults happen; every second behavior has one rule switched off that no reduction rests on.
    """
    layout, model = system.layout, system.model
    if not layout.reduced and not layout.orders():
        return
    needed = {rule for name, rules in model.reducible().items() if name in layout.reduced for rule in rules}
    rules = [rule for rule in model.breakable() if rule not in needed]
    for number in range(BEHAVIORS):
        broken = 1 << rules[number // 2 % len(rules)] if rules and number % 2 else 0
        with suppress(ModelError):
            _walk(Interpreter(model, layout, model.faults(), broken).roomy(ROOM), random.Random(f"{SEED}:{number}"))


def _walk(system: Interpreter, chance: random.Random) -> None:
    """One behavior, not reduced; its states are compared with others that have the same normal form."""
    state = chance.choice(system.initial_states())
    for _ in range(LENGTH):
        found = successors_by_action(system, state)
        if found is None:
            return
        for twin in {system.normal(state), _spread(system, state)} - {state}:
            _compare(system, state, twin, found)
        inside = sorted(after for successors in found.values() for after in successors if system.inside(after))
        if not inside:
            return
        state = chance.choice(inside)


def _compare(system: Interpreter, state: int, twin: int, found: dict[str, Counter[int]]) -> None:
    guilty = {p.name for p in system.violated(state)} ^ {p.name for p in system.violated(twin)}
    others = successors_by_action(system, twin)
    if others is None:
        return
    for name, successors in found.items():
        if not set(map(system.normal, successors)) <= set(map(system.normal, others[name])):
            guilty.add(name)
    if guilty:
        names = [*(["order"] if system.layout.orders() else []), *sorted(system.layout.reduced)]
        raise BoundsError(
            f"{system.model.name}: {min(guilty)} does or says something else in states that {' or '.join(names)} takes "
            "for the same; it reads a field that is called dead, or does more with an order-only value than to compare "
            "and copy it"
        )


def _spread(system: Interpreter, state: int) -> int:
    """The same state with its order-only values further apart."""
    decoded = system.state(state)
    for order in system.layout.orders():
        decoded = system.layout.relabel(decoded, order, SPREAD.__mul__)
    return system.layout.encode(decoded)
