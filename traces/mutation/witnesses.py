"""For each condition of the model and each compared field a trace that is rejected because of it.

    refuses     a clause at which an action answers False: a changed trace is rejected, and the departure names it
    compares    a field of an event: a trace changed in it alone is rejected at that very line
    decides     a clause that chooses between two outcomes of an action: a good trace is rejected once the clause is
                turned round in one step of the model; so is, the other way round, the trace of a server that decides so

A witness is small: the trace, what is changed, the line. `verify` looks at it again.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from raftproof.checker.language.errors import ModelError
from raftproof.traces.conformance import follow, plainly
from raftproof.traces.conformance.clauses import Clause, Noted, Notes, clauses
from raftproof.traces.conformance.departure import Departure, Mixed, Unknown
from raftproof.traces.conformance.machine import Machine
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Placed
from raftproof.traces.mutation.changes import Change, applied, fields_of, random_again, random_behind, random_field
from raftproof.traces.mutation.study import Rejected, Study, Trace, try_change

TRIES: Final = 40
"""On how many lines a field is changed, and in how many steps a clause is turned round, to find a witness."""
LINES: Final = 400
"""How often a line of each kind is said again."""
BEHIND: Final = 30
"""Behind how many messages of each kind."""
SENT: Final = ("msg.to", "msg.index", "msg.commit")
"""What the model lets a leader choose of a message."""
EACH: Final = 4
"""In how many steps of one trace."""


Place: TypeAlias = tuple[Trace, int, bool]
"""A step of a trace, and what a clause is in it."""


class Witness(NamedTuple):
    """A trace, what is changed, and the line at which it is rejected."""

    trace: str
    line: int
    strict: bool = False
    change: Change | None = None
    step: int = 0
    """In which action of the model, counted from 1 in the order in which they are tried, a clause is turned round."""
    becomes: bool = False
    """What the clause is then."""


@dataclass
class Witnesses:
    """The first witness of each clause and each field, by their names."""

    refuses: dict[str, Witness] = field(default_factory=dict)
    decides: dict[str, Witness] = field(default_factory=dict)
    compares: dict[str, Witness] = field(default_factory=dict)

    def add(self, other: Witnesses) -> None:
        """Those of another search, where there are none yet."""
        for mine, more in (
            (self.refuses, other.refuses),
            (self.decides, other.decides),
            (self.compares, other.compares),
        ):
            mine.update({name: witness for name, witness in more.items() if name not in mine})


def witness_of(found: Rejected) -> Witness:
    """A rejected trace as a witness."""
    return Witness(found.trace.name, found.line, found.strict, found.change)


def field_name(event: str, changed: str) -> str:
    """A field of an event by its name."""
    return f"{event} {changed}"


class Search:
    """Looks for witnesses among rejected traces."""

    def __init__(self) -> None:
        self.found = Witnesses()

    def see(self, found: Rejected) -> None:
        """Look at what a rejected trace shows by itself."""
        for name in found.departure.refused:
            self.found.refuses.setdefault(name, witness_of(found))
        change = found.change
        if change is not None and change.place and found.line == found.trace.items[change.at].number:
            name = field_name(found.trace.items[change.at].event.name, change.kind)
            self.found.compares.setdefault(name, witness_of(found))

    def turn(self, traces: Sequence[Trace], seed: str) -> None:
        """Turn round each clause in one step of a good trace, and look whether it is rejected."""
        chance = random.Random(seed)
        steps: dict[Clause, list[Place]] = {}
        for trace in traces:
            for (clause, value), tested in Turned(trace.items, range(1, sys.maxsize)).tested.items():
                if not clause.enables:
                    some = chance.sample(tested, min(EACH, len(tested)))
                    steps.setdefault(clause, []).extend((trace, step, value) for step in some)
        for clause, places in steps.items():
            chance.shuffle(places)
            for trace, step, value in _some_of_each(places):
                turned = Turned(trace.items, range(step, step + 1), {clause: not value})
                if turned.line:
                    self.found.decides[clause.name] = Witness(trace.name, turned.line, step=step, becomes=not value)
                    break

    def aim_at_fields(self, traces: Sequence[Trace], event: str, seed: str, result: Study) -> None:
        """Change each field of an event until a change is rejected at its line."""
        chance = random.Random(seed)
        for name, places in sorted(lines_by_field(traces).items()):
            if name.split()[0] != event:
                continue
            for trace, at in chance.sample(places, min(TRIES, len(places))):
                if name in self.found.compares:
                    break
                self._try(trace, random_field(trace.items, at, chance, name.partition(" ")[2]), False, result)

    def aim_at_lines(self, traces: Sequence[Trace], kind: str, seed: str, result: Study, strict: bool = False) -> None:
        """Say lines of a kind again, and change what a leader chooses of what they send."""
        chance = random.Random(seed)
        places = lines_by_kind(traces).get(kind, [])
        for trace, at in chance.choices(places, k=LINES) if places else ():
            self._try(trace, random_again(trace.items, chance, at), strict, result)
        for name in SENT:
            there = [(trace, at) for trace, at in places if name in fields_of(trace.items[at].event)]
            for trace, at in chance.choices(there, k=TRIES) if there else ():
                self._try(trace, random_field(trace.items, at, chance, name), strict, result)

    def aim_behind(self, traces: Sequence[Trace], kind: str, seed: str, result: Study) -> None:
        """Say lines of a kind again soon after each kind of message came."""
        chance = random.Random(seed)
        lines: dict[str, list[int]] = {}
        for trace, at in lines_by_kind(traces).get(kind, []):
            lines.setdefault(trace.name, []).append(at)
        for places in received(trace for trace in traces if trace.name in lines).values():
            for trace, came in chance.sample(places, min(BEHIND, len(places))):
                change = random_behind(trace.items, lines[trace.name], came, chance)
                if change is not None:
                    self._try(trace, change, False, result)

    def _try(self, trace: Trace, change: Change, strict: bool, result: Study) -> None:
        found = try_change(trace, change, strict, result)
        if found is not None:
            self.see(found)


def _some_of_each(places: Sequence[Place]) -> list[Place]:
    """The first places of each value that a clause had; the rarer value first."""
    parts = [[place for place in places if place[2] == value] for value in (False, True)]
    return [place for part in sorted(parts, key=len) for place in part[:TRIES]]


def lines_by_kind(traces: Iterable[Trace]) -> dict[str, list[tuple[Trace, int]]]:
    """Where each event stands, those with messages by their kind."""
    places: dict[str, list[tuple[Trace, int]]] = {}
    for trace in traces:
        for at, item in enumerate(trace.items):
            kind = item.event.msg.type if item.event.msg else ""
            places.setdefault(f"{item.event.name} {kind}", []).append((trace, at))
    return dict(sorted(places.items()))


def received(traces: Iterable[Trace]) -> dict[str, list[tuple[Trace, int]]]:
    """Where each kind of message came, from another server; a refusal is a kind of its own."""
    places: dict[str, list[tuple[Trace, int]]] = {}
    for trace in traces:
        for at, item in enumerate(trace.items):
            m = item.event.msg
            if m is not None and item.event.name.startswith("Receive") and m.source != m.dest:
                places.setdefault(f"{m.type} {'refused' if m.reject else ''}", []).append((trace, at))
    return dict(sorted(places.items()))


def lines_by_field(traces: Iterable[Trace]) -> dict[str, list[tuple[Trace, int]]]:
    """Where each field of each event stands."""
    places: dict[str, list[tuple[Trace, int]]] = {}
    for trace in traces:
        for at, item in enumerate(trace.items):
            for changed in fields_of(item.event):
                places.setdefault(field_name(item.event.name, changed), []).append((trace, at))
    return places


# --------------------------------------------------------------------------------------------- turning a clause round


class _Watched(Machine):
    """A machine of which some steps run in plain Python, with clauses turned round."""

    def __init__(self, instead: Mapping[Clause, bool], plain: range) -> None:
        super().__init__(strict=False)
        self.steps, self._plain, self._notes = 0, plain, Notes(instead)
        self.tested: dict[Noted, list[int]] = {}

    def act(self, name: str, *arguments: Any, off: int = 0) -> bool:
        """Try an action."""
        self.steps += 1
        if self.steps not in self._plain:
            return super().act(name, *arguments, off=off)
        done = plainly.step(self.layout, self.words, self.off | off, name, arguments, self._notes)
        self._see()
        return done or self.remember_refusal(name, None, arguments, self.off | off)

    def deliver(self, name: str, kind: type, values: tuple[int, ...]) -> bool:
        """Put a message in flight, and let its receiver handle it."""
        self.steps += 1
        if self.steps not in self._plain:
            return super().deliver(name, kind, values)
        done = plainly.deliver(self.layout, self.words, self.off, name, kind, values, self._notes)
        self._see()
        return done or self.remember_refusal(name, kind, values, self.off)

    def _see(self) -> None:
        for noted in dict.fromkeys(self._notes.noted):
            self.tested.setdefault(noted, []).append(self.steps)
        self._notes.noted.clear()


class Turned:
    """A trace followed once, some steps of it in plain Python, and in these with clauses turned round."""

    def __init__(
        self,
        items: Sequence[Placed],
        plain: range,
        instead: Mapping[Clause, bool] | None = None,
    ) -> None:
        run = Run()
        machine = run.cluster.machine = _Watched(instead or {}, plain)
        self.line = 0
        """The line that departs, or 0."""
        try:
            run.follow(items)
        except Departure:
            self.line = run.last.number if run.last else 0
        except (Mixed, Unknown, ModelError, LookupError, ArithmeticError, AssertionError, ValueError):
            pass  # what the model became is none of its states: that shows nothing
        self.tested = machine.tested
        """What the clauses were in the plain steps: for each clause and value the steps."""


# --------------------------------------------------------------------------------------------- looking again


def verify(kind: str, name: str, witness: Witness, traces: Mapping[str, Trace]) -> bool:
    """Whether a witness shows what it is kept for."""
    trace, change = traces[witness.trace], witness.change
    if kind == "decides":
        return _verify_turned(name, witness, trace)
    outcome = follow(applied(trace.items, change) if change else trace.items, witness.strict)
    if outcome.departure is None or outcome.line != witness.line:
        return False
    if kind == "refuses":
        return name in outcome.departure.refused
    assert change is not None
    line = trace.items[change.at]
    return name == field_name(line.event.name, change.kind) and line.number == witness.line


def _verify_turned(name: str, witness: Witness, trace: Trace) -> bool:
    """A clause turned round in one step makes a trace depart, and nothing else does."""
    clause = next((clause for clause in clauses() if clause.name == name), None)

    here = range(witness.step, witness.step + 1)
    asis = Turned(trace.items, here)
    if asis.line or clause is None or Noted(clause, not witness.becomes) not in asis.tested:
        return False
    return Turned(trace.items, here, {clause: witness.becomes}).line == witness.line
