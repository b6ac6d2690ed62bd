"""Many changes of good traces: how many of each are rejected, where, by which rule and by which condition of the model.

Two more questions: which functions of the check found a departure at all, and which rules of the model matter, that is,
which of them switched off would change the verdict of a trace, good or bad.
"""

from __future__ import annotations

import ast
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from raftproof.model.deployed import catalogue
from raftproof.traces import conformance
from raftproof.traces.conformance import follow
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.outcome import Outcome
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Placed
from raftproof.traces.mutation.changes import Change, applied, random_change
from raftproof.traces.reading import Malformed, Unsorted, in_file_order, opened, sorted_whole

Kind: TypeAlias = tuple[str, str]
"""An event, and what of it is changed."""


class Trace(NamedTuple):
    """A trace of a folder."""

    name: str
    items: list[Placed]


class Rejected(NamedTuple):
    """A changed trace that is rejected."""

    trace: Trace
    change: Change | None
    """None for a trace that is rejected as it stands."""
    strict: bool
    events: int
    """How many events were followed, the one that departs included."""
    line: int
    """That event's line."""
    departure: Departure


@dataclass
class Study:
    """What came of many changes."""

    tried: Counter[Kind] = field(default_factory=Counter)
    rejected: Counter[Kind] = field(default_factory=Counter)
    at_the_line: Counter[Kind] = field(default_factory=Counter)
    """Rejected at the very line that was changed."""
    rules: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    """Departures by the functions through which they came."""
    refused: Counter[str] = field(default_factory=Counter)
    """Departures by the clause of the model that refused the step."""

    @property
    def share(self) -> float:
        """How many were rejected."""
        return sum(self.rejected.values()) / max(1, sum(self.tried.values()))

    def add(self, other: Study) -> None:
        """What came of more changes."""
        for mine, more in (
            (self.tried, other.tried),
            (self.rejected, other.rejected),
            (self.at_the_line, other.at_the_line),
        ):
            mine.update(more)
        for names, further in (
            (self.rules, other.rules),
            (self.functions, other.functions),
            (self.refused, other.refused),
        ):
            names.update(further)

    def note(self, kind: Kind, rejected: Rejected) -> None:
        """A changed trace was rejected."""
        assert rejected.change is not None
        self.rejected[kind] += 1
        self.at_the_line[kind] += rejected.line == rejected.trace.items[rejected.change.at].number
        self.rules[rejected.departure.rule] += 1
        self.note_departure(rejected.departure)

    def note_departure(self, departure: Departure) -> None:
        """Which functions found it, and which clauses refused the step."""
        self.functions.update(functions_of(departure))
        self.refused.update(departure.refused)
        departure.__traceback__ = None  # it holds the state of the whole cluster


def study(
    traces: Sequence[Trace], seed: int | str, count: int, result: Study, strict: bool = False
) -> Iterator[Rejected]:
    """Change random traces, longer ones more often, and count what comes of it; yields those that are rejected."""
    chance = random.Random(seed)
    weights = [len(trace.items) for trace in traces]
    for _ in range(count):
        trace = chance.choices(traces, weights)[0]
        change = random_change(trace.items, chance)
        found = try_change(trace, change, strict, result)
        if found is not None:
            yield found


def try_change(trace: Trace, change: Change, strict: bool, result: Study) -> Rejected | None:
    """Make one change, and count what comes of it; None if the trace is the same, or not rejected."""
    items = applied(trace.items, change)
    if items == trace.items:
        return None
    kind = trace.items[change.at].event.name, change.kind
    result.tried[kind] += 1
    found = rejection(trace, change, strict, follow(items, strict))
    if found is not None:
        result.note(kind, found)
    return found


def rejection(trace: Trace, change: Change | None, strict: bool, outcome: Outcome) -> Rejected | None:
    """What came of a trace, if it was rejected."""
    if outcome.departure is None or outcome.line is None:
        return None
    return Rejected(trace, change, strict, outcome.events, outcome.line, outcome.departure)


def functions_of(departure: BaseException) -> set[str]:
    """The functions of the check through which a departure came."""
    found = set()
    trace = departure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        found.add(f"{Path(code.co_filename).stem}.{code.co_name}")
        trace = trace.tb_next
    return found


def all_functions() -> set[str]:
    """All functions of the check that can find a departure."""
    found = set()
    for path in Path(conformance.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                raises = [inner for inner in ast.walk(node) if isinstance(inner, ast.Raise)]
                if any("Departure" in ast.dump(inner) for inner in raises):
                    found.add(f"{path.stem}.{node.name}")
    return found


def verdict(items: Sequence[Placed], strict: bool, without: Sequence[Any]) -> tuple[str, int]:
    """Where a trace departs from the model, or from a model without some rules; 0 if nowhere."""
    run = Run(strict, None, without)
    try:
        run.follow(items)
    except (Departure, AssertionError) as departure:
        return type(departure).__name__, run.events
    return "accepted", 0


def rules_that_matter(traces: Sequence[Trace]) -> dict[str, int]:
    """For each rule that can be switched off, how many traces would have another verdict without it."""
    found = {}
    with_all = {strict: [verdict(trace.items, strict, ()) for trace in traces] for strict in (False, True)}
    for rule in catalogue.breakable():
        strict = rule.name == "SEND_ENTRIES"  # what it demands is progress
        without = (verdict(trace.items, strict, (rule,)) for trace in traces)
        found[rule.name.lower()] = sum(a != b for a, b in zip(with_all[strict], without, strict=True))
    return found


def load(folder: Path) -> list[Trace]:
    """All traces of a folder, in order."""
    traces = []
    for path in sorted(folder.glob("*.ndjson.gz")):
        with opened(str(path)) as file:
            try:
                items = list(in_file_order(path.name, file))
            except Unsorted:
                items = list(sorted_whole(path.name, file))
            except Malformed:
                continue  # some bad ones are meant to be
        traces.append(Trace(f"{folder.name}/{path.name.removesuffix('.ndjson.gz')}", items))
    return traces
