"""The plain search: breadth-first over anything that has initial states, actions and next states. It is the oracle.

It is short, so that it can be read in a minute and believed; the compiled search has to agree with it. It runs a
declared model interpreted (`Interpreter`), and any other object with the three methods of `System` whose states are
hashable, so that real code can be explored too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)
A = TypeVar("A")


class System(Protocol[S, A]):
    """What can be explored. The methods after the first three may be absent: then nothing is out, nothing is wrong."""

    def initial_states(self) -> Iterable[S]:
        """Where behaviors begin."""

    def actions(self, state: S) -> Iterable[A]:
        """What may be tried in a state."""

    def next_state(self, state: S, action: A) -> S | None:
        """The successor, or None where the action is not enabled."""


@dataclass
class Exploration(Generic[S, A]):
    """What was found."""

    generated: int = 0
    distinct: int = 0
    depth: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    witnesses: dict[str, int] = field(default_factory=dict)
    violated: str | None = None
    path: list[tuple[A | None, S]] = field(default_factory=list)
    """A shortest behavior that ends in the violation: (action, the state after it), the first without an action."""
    complete: bool = True


def search(
    system: Any,
    canonical: Callable[[S], S] = lambda state: state,
    max_states: int | None = None,
) -> Exploration[S, A]:
    """Every state that can be reached inside the bounds, a level at a time; it stops after the level of a violation."""
    nothing: Callable[..., list[Any]] = lambda *_: []  # noqa: E731 -- a default, not a definition
    violated = getattr(system, "violated", nothing)
    violated_step = getattr(system, "violated_step", nothing)
    witnessed = getattr(system, "witnessed", nothing)
    witnessed_step = getattr(system, "witnessed_step", nothing)
    inside: Callable[[S], bool] = getattr(system, "inside", lambda _: True)

    found: Exploration[S, A] = Exploration()
    parents: dict[S, tuple[S, A] | None] = {}
    wrong: list[tuple[str, S, tuple[S, A] | None]] = []

    def meet(state: S, parent: tuple[S, A] | None, level: list[S]) -> None:
        """Count a state; if it is new and inside, look at it and keep it for the next level."""
        found.generated += 1
        same = canonical(state)
        if same in parents:
            return
        wrong.extend((_name(p), state, parent) for p in violated(state))
        if inside(state):
            parents[same] = parent
            level.append(same)
            for witness in witnessed(state):
                found.witnesses.setdefault(_name(witness), found.depth + 1)

    level: list[S] = []
    for state in system.initial_states():
        meet(state, None, level)
    while level and not wrong:
        found.depth += 1
        if max_states is not None and len(parents) > max_states:
            found.complete = False
            break
        following: list[S] = []
        for state in level:
            for action in system.actions(state):
                successor = system.next_state(state, action)
                if successor is None:
                    continue
                found.actions[_name(getattr(action, "action", action))] += 1
                wrong.extend((_name(p), successor, (state, action)) for p in violated_step(state, successor))
                for witness in witnessed_step(state, successor):
                    found.witnesses.setdefault(_name(witness), found.depth + 1)
                meet(successor, (state, action), following)
        level = following
    found.distinct = len(parents)
    if wrong:
        found.violated, last, parent = min(wrong, key=lambda w: repr(w[:2]))
        found.path = _path_to(last, parent, parents)
    return found


def _path_to(last: S, parent: tuple[S, A] | None, parents: dict[S, tuple[S, A] | None]) -> list[tuple[A | None, S]]:
    path: list[tuple[A | None, S]] = []
    state = last
    while parent is not None:
        path.append((parent[1], state))
        state = parent[0]
        parent = parents[state]
    path.append((None, state))
    return path[::-1]


def _name(thing: Any) -> str:
    return str(getattr(thing, "name", thing))
