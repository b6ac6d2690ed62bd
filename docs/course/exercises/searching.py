"""Puts what the learner wrote into a model, and searches it in plain Python: nothing is compiled.

`fresh` loads a model's file a second time, in which some names then mean what the learner wrote. `explored` searches
it; `reachable` walks over its states; `Play` takes steps by hand.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from raftproof.checker.explain import facts_of
from raftproof.checker.explore.reference import Exploration, search
from raftproof.checker.language import Interpreter, Model
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.language.model import Property
from raftproof.checker.replay import Path
from raftproof.checker.run import Question

_numbers = itertools.count(1)


def fresh(module: str, **given: Any) -> ModuleType:
    """A module anew, whose functions see what is given in the place of their own names."""
    found = importlib.util.find_spec(module)
    assert found is not None and found.origin is not None
    name = f"{module}_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, found.origin)
    assert spec is not None and spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    sys.modules[name] = copy
    spec.loader.exec_module(copy)
    for known, value in given.items():
        assert hasattr(copy, known), f"{module} has no {known}"
        setattr(copy, known, value)
    return copy


def system_of(
    model: Model,
    bounds: Mapping[str, int] | None = None,
    faults: tuple[str, ...] = (),
    broken: tuple[str, ...] = (),
    symmetric: tuple[str, ...] = ("servers",),
) -> Interpreter:
    """The model under bounds, to be run in plain Python."""
    question = Question(model, bounds or {}, faults, broken, symmetric)
    layout = question.layout()
    return Interpreter(model, layout, faults, sum(1 << r for r in model.breakable() if r.name.lower() in broken))


@dataclass(frozen=True)
class Found:
    """What a search found."""

    states: int
    falls: str
    """The property that falls; empty if none does."""
    says: str
    """What it says."""
    steps: list[str]
    facts: list[str]
    witnesses: frozenset[str]

    def story(self) -> str:
        """The counterexample, a step a line."""
        lines = [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([*lines, *(f"  and then: {fact}" for fact in self.facts)])


def explored(system: Interpreter) -> Found:
    """Every state within the bounds, or a shortest counterexample."""
    found: Exploration[int, Choice] = search(system, system.canonical)
    witnesses = frozenset(found.witnesses)
    if found.violated is None:
        return Found(found.distinct, "", "", [], [], witnesses)
    wide, path = retaken(system, [state for _, state in found.path], found.violated)
    states = [path.initial, *(after for _, after in path.steps)]
    declared = _property(wide, found.violated)
    facts = facts_of(wide, declared, [wide.state(state) for state in states[-declared.states :]])
    steps = [told(wide, choice) + _logs(wide.state(after)) for choice, after in path.steps]
    return Found(found.distinct, declared.name, declared.sentence, steps, [*facts], witnesses)


def _logs(state: Any) -> str:
    """The logs behind a round, and what is committed; nothing in other models."""
    if type(state).__name__ != "Rounds":
        return ""
    logs = ", ".join(f"s{i + 1} {_items(state.log[i])}" for i in state.servers)
    return f"   then {logs}; committed {_items(state.committed)}"


def _items(sequence: Any) -> list[int]:
    return [sequence[k] for k in range(1, len(sequence) + 1)]


def retaken(system: Interpreter, states: list[int], falls: str) -> tuple[Interpreter, Path]:
    """The steps along representatives, under one naming of the servers and the terms; the last breaks the property."""
    wide = system.roomy(len(states)) if system.layout.orders() else system
    declared = _property(wide, falls)

    def same(state: int) -> int:
        return system.canonical(state if wide is system else system.layout.encode(wide.state(wide.normal(state))))

    first = now = next(state for state in wide.initial_states() if same(state) == system.canonical(states[0]))
    steps: list[tuple[Choice, int]] = []
    for number, goal in enumerate(states[1:], 2):
        for choice in wide.actions(now):
            after = wide.next_state(now, choice)
            if after is None or same(after) != system.canonical(goal):
                continue
            if number < len(states) or declared in (*wide.violated(after), *wide.violated_step(now, after)):
                steps.append((choice, after))
                now = after
                break
    return wide, Path(first, steps)


def _property(system: Interpreter, name: str) -> Property:
    return next(p for p in system.model.properties() if p.name == name)


def told(system: Interpreter, choice: Choice) -> str:
    """A step as the course writes it: grant_vote(s2, s1); a message by its sender and its receiver."""
    words, arguments = [], system.arguments(choice)
    if choice.action.name == "lead_a_round":
        return _round(**arguments)
    for value in arguments.values():
        if isinstance(value, dict) and "kind" in value:
            words += [str(value["source"]), str(value["dest"])]
        elif isinstance(value, dict):
            words.append("{" + ", ".join(f"{k}: {v}" for k, v in value.items()) + "}")
        else:
            words.append("none" if value is None else str(value))
    return f"{choice.action.name}({', '.join(words)})"


def _round(leader: str, appended: int, prev: dict[str, int], last: dict[str, int], late: dict[str, int]) -> str:
    """A round as it is played by hand, with what is unusual about it."""
    sent = ", ".join(f'"{follower}": {index}' for follower, index in last.items() if index > 0)
    text = f'("{leader}", {appended}, {{{sent}}})'
    behind = [f"{follower} only what is behind index {index}" for follower, index in prev.items() if index > 0]
    again = [f"{follower} once more up to {index}" for follower, index in late.items() if index > 0]
    return ", ".join([text, *behind, *again])


def reachable(system: Interpreter) -> Iterator[Any]:
    """Every state, one of each class of states that differ in names; as an object."""
    known: dict[int, None] = {}
    waiting = [system.canonical(s) for s in system.initial_states()]
    known.update(dict.fromkeys(waiting))
    for state in waiting:
        yield system.state(state)
        for choice in system.actions(state):
            after = system.next_state(state, choice)
            if after is not None and system.inside(after) and (same := system.canonical(after)) not in known:
                known[same] = None
                waiting.append(same)


class StepRefusedError(Exception):
    """A step that cannot be taken; the message says which could."""


class Play:
    """A behavior that is played by hand, step by step."""

    def __init__(self, system: Interpreter) -> None:
        self.system = system
        (self.now,) = system.initial_states()
        self.taken: list[str] = []

    @property
    def state(self) -> Any:
        """Where the play stands."""
        return self.system.state(self.now)

    def take(self, step: str) -> None:
        """Take one step, as `told` writes it; raises StepRefusedError where it is not enabled."""
        wanted = re.sub(r"[\s'\"]", "", step)
        enabled: dict[str, int] = {}
        for choice in self.system.actions(self.now):
            after = self.system.next_state(self.now, choice)
            if after is not None:
                # Of two messages with the same ends the newer one is meant.
                enabled[told(self.system, choice)] = after
        found = next((after for name, after in enabled.items() if re.sub(r"\s", "", name) == wanted), None)
        if found is None:
            number, others = len(self.taken) + 1, ", ".join(sorted(name for name in enabled))
            raise StepRefusedError(f"Step {number}, {step}, is not possible there. These are: {others}.")
        self.now = found
        self.taken.append(step)

    def violated(self) -> list[str]:
        """The properties that do not hold now."""
        return [p.name for p in self.system.violated(self.now)]

    def shows(self, witness: Callable[..., bool]) -> bool:
        """Whether a function of the state is true now."""
        return witness(self.state)


def played(system: Interpreter, steps: list[str]) -> Play:
    """Play these steps; raises StepRefusedError at the first that cannot be taken."""
    play = Play(system)
    for step in steps:
        play.take(step)
    return play
