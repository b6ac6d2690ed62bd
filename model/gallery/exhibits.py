"""The counterexamples that the gallery shows: kept as bare steps, taken again in plain Python before they are shown.

A file of `found/` holds, for each question to a model, what a search found: the property, the number of states, and the
steps by the names of their actions and parameters. They are not believed: `replayed` takes them in the interpreted
model, with the rule off, and sees that each is enabled, and that the last one, and none before it, breaks the property.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from raftproof.checker.language.interpreted import Choice, Interpreter
from raftproof.checker.replay import Path as Behavior
from raftproof.checker.replay import as_violation
from raftproof.checker.result import Json, Result
from raftproof.checker.run import shape_of
from raftproof.model.gallery.questions import QUESTIONS, Asked

FOUND = Path(__file__).parent / "found"


class Taken(msgspec.Struct, frozen=True):
    """A step by its name."""

    action: str
    parameters: dict[str, Json]


class Exhibit(msgspec.Struct, frozen=True):
    """What a search found when a rule was off."""

    rule: str
    property: str
    """Empty where nothing falls: the search then ended with no violation within the bounds."""
    depth: int
    """States of the counterexample, the initial one included; where nothing falls, the depth of the search."""
    generated: int
    distinct: int
    """What had been counted when the level of the violation was finished."""
    bounds: dict[str, int]
    faults: list[str]
    only: str
    command: str
    start: int
    """Which of the model's initial states it begins in."""
    steps: list[Taken]


class NotReproduced(Exception):
    """A kept counterexample is none, or is no longer one; the message says which step fails."""


def file_of(model: str) -> Path:
    """Where a model's exhibits are kept."""
    return FOUND / f"{model}.json"


def kept(model: str) -> list[Exhibit]:
    """The exhibits of a model, as last found."""
    file = file_of(model)
    return msgspec.json.decode(file.read_bytes(), type=list[Exhibit]) if file.exists() else []


@cache
def exhibits() -> dict[Asked, Exhibit]:
    """Every question that has an answer, with it, in the order of the questions."""
    found = {(model, one.command): one for model in {q.model.name for q in QUESTIONS} for one in kept(model)}
    return {q: found[key] for q in QUESTIONS if (key := (q.model.name, q.command)) in found}


def replayed(asked: Asked, exhibit: Exhibit) -> Result:
    """The exhibit as a result that can be drawn; raises NotReproduced where it is no counterexample."""
    if not exhibit.property:
        raise NotReproduced(f"{exhibit.command}: nothing falls, so there is no counterexample")
    question = asked.question()
    layout = question.layout()
    system = question.interpreter(layout)
    declared = next((p for p in asked.model.properties() if p.name == exhibit.property), None)
    if declared is None:
        raise NotReproduced(f"{asked.model.name} has no property {exhibit.property}")
    teller = system.roomy(exhibit.depth) if layout.orders() else system
    violation = as_violation(teller, _follow(teller, exhibit), declared)
    told = asked.model.tell(layout.bounds, (exhibit.rule,), violation) if asked.model.tell else None
    return Result(
        verdict="violated",
        model=asked.model.name,
        bounds=layout.bounds,
        generated=exhibit.generated,
        distinct=exhibit.distinct,
        depth=exhibit.depth,
        seconds=0.0,
        cpu_seconds=0.0,
        setup_seconds=0.0,
        states_per_second=0.0,
        peak_memory_bytes=0,
        collision_probability=0.0,
        workers=1,
        symmetry="server",
        reductions=[],
        faults=exhibit.faults,
        broken=[exhibit.rule],
        actions={},
        never_enabled=[],
        witnesses={},
        violation=told.violation if told else violation,
        command=exhibit.command,
        shape=told.shape if told else shape_of(asked.model, layout),
        coarse=violation if told else None,
        told_in=told.model if told else "",
    )


def _follow(system: Interpreter, exhibit: Exhibit) -> Behavior:
    """Take the steps; the last one, and none before it, breaks the property."""
    now = initial = system.initial_states()[exhibit.start]
    taken: list[tuple[Choice, int]] = []
    for number, step in enumerate(exhibit.steps, start=1):
        choice, after = _take(system, now, step, f"{exhibit.command}: step {number}, {step.action},")
        broken = [p.name for p in (*system.violated(after), *system.violated_step(now, after))]
        is_last = number == len(exhibit.steps)
        if (exhibit.property in broken) != is_last:
            verb = "does not break" if is_last else "breaks already"
            raise NotReproduced(f"{exhibit.command}: step {number} {verb} {exhibit.property}")
        taken.append((choice, after))
        now = after
    return Behavior(initial, taken)


def _take(system: Interpreter, now: int, step: Taken, where: str) -> tuple[Choice, int]:
    """One step by its name."""
    named = (choice for choice in system.actions(now) if choice.action.name == step.action)
    choice = next((choice for choice in named if system.arguments(choice) == step.parameters), None)
    after = None if choice is None else system.next_state(now, choice)
    if choice is None or after is None:
        raise NotReproduced(f"{where} is not enabled; search again: python -m raftproof.model.gallery.search")
    return choice, after
