"""Whether a model treats the members of a symmetric sort alike, as a search up to symmetry takes for granted.

What knows a member by its number is refused by its text (members.py). Not all is seen there: a loop that ends at the
first that fits tells servers apart too. So it is tried: a state and the same state with two members exchanged must lead
to the same states with these members exchanged, and must break the same properties.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from raftproof.checker.language.errors import BoundsError, ModelError
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.language.sorts import Sort

BEHAVIORS = 10
LENGTH = 10
MOST_CHOICES = 1000
"""A state with more is not tried: actions that take Maps may have very many, but fewer under smaller bounds."""
SEED = 1


def refuse_asymmetric_start(system: Interpreter) -> None:
    """Raise BoundsError if the initial states tell members apart: states would be added that no behavior reaches."""
    initial = set(system.initial_states())
    for sort in system.layout.symmetric_sorts():
        for other in range(1, sort.size):
            if any(_exchange(system, sort, 0, other)(state) not in initial for state in initial):
                raise BoundsError(
                    f"{system.model.name} begins in states that tell the members of {sort.name} apart; "
                    "give @model.initial a parameter of this sort, or use --symmetry none"
                )


def refuse_asymmetric_steps(system: Interpreter) -> None:
    """Raise BoundsError if, on behaviors drawn at random, a step or a property tells members apart.

    All faults happen; every second behavior has one rule switched off. A fault of another kind is left to the search.
    """
    if not system.layout.symmetric_sorts():
        return
    rules = list(system.model.breakable())
    for number in range(BEHAVIORS):
        broken = 1 << rules[number // 2 % len(rules)] if rules and number % 2 else 0
        twin = Interpreter(system.model, system.layout, system.model.faults(), broken)
        with suppress(ModelError):
            _walk(twin, random.Random(f"{SEED}:{number}"))


def _walk(system: Interpreter, chance: random.Random) -> None:
    """One behavior; its states are compared with what they are after an exchange."""
    state = chance.choice(system.initial_states())
    for _ in range(LENGTH):
        following = successors_by_action(system, state)
        if following is None:
            return
        for sort in system.layout.symmetric_sorts():
            if sort.size > 1:
                _compare(system, sort, chance.sample(range(sort.size), 2), state, following)
        inside = sorted(after for found in following.values() for after in found if system.inside(after))
        if not inside:
            return
        state = chance.choice(inside)


def _compare(system: Interpreter, sort: Sort, pair: list[int], state: int, following: dict[str, Counter[int]]) -> None:
    exchanged = _exchange(system, sort, *pair)
    twin = exchanged(state)
    guilty = {p.name for p in system.violated(state)} ^ {p.name for p in system.violated(twin)}
    for name, found in (successors_by_action(system, twin) or {}).items():
        if found != Counter(map(exchanged, following[name].elements())):
            guilty.add(name)
    if guilty:
        one, other = (sort.names[k] for k in pair)
        raise BoundsError(
            f"{system.model.name}: {min(guilty)} tells {one} and {other} apart: where they are exchanged, it says or "
            f"does something else; compare members of {sort.name} with members only, let no loop over them end at the "
            "first that fits, or use --symmetry none"
        )


def successors_by_action(system: Interpreter, state: int) -> dict[str, Counter[int]] | None:
    """The successors of a state, by the action that leads to them; None where there is too much to try."""
    found: dict[str, Counter[int]] = {action.name: Counter() for action in system.enabled_actions}
    choices = list(itertools.islice(system.actions(state), MOST_CHOICES + 1))
    if len(choices) > MOST_CHOICES:
        return None
    for choice in choices:
        after = system.next_state(state, choice)
        if after is not None:
            found[choice.action.name][after] += 1
    return found


def _exchange(system: Interpreter, sort: Sort, one: int, other: int) -> Callable[[int], int]:
    """The same state with two members exchanged."""
    assert sort.symmetric is not None
    names = list(range(sort.size))
    names[one], names[other] = other, one
    layout, symmetric = system.layout, sort.symmetric
    return lambda state: layout.encode(layout.relabel(system.state(state), symmetric, names.__getitem__))
