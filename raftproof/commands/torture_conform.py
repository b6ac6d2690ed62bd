"""`raftproof torture --conform`: every simulated run is also a trace, and the model must explain all of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from raftproof.impl.core.observer import Event as Written
from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import PropertyViolated, World
from raftproof.traces.events import Event, Placed

if TYPE_CHECKING:
    from raftproof.traces.conformance import Outcome

CONFORMANCE = "Conformance"

OnStep = Callable[[World, str, int, Any], None]


class Watch:
    """Looks on at a run: its trace, and how many lines each of its steps ended with."""

    def __init__(self, seed: int, then: OnStep | None) -> None:
        """`then` looks on as well."""
        self.observer = Trace(self._write)
        self._name = f"seed {seed}"
        self._then = then
        self._lines: list[Placed] = []
        self._ends: list[int] = []

    def _write(self, event: Written) -> None:
        number = len(self._lines) + 1
        self._lines.append(Placed(self._name, number, msgspec.convert(event, Event), float(number)))

    def on_step(self, world: World, action: str, who: int, what: Any) -> None:
        """A step has been taken; a message that found nobody is told too, and is no step."""
        if action not in ("lost", "heal_all"):
            self._ends.append(len(self._lines))
        if self._then is not None:
            self._then(world, action, who, what)

    def follow(self) -> Outcome:
        """Hold the trace against the model, with etcd's progress rules, which the implementation keeps as well."""
        from raftproof.traces.conformance import follow

        return follow(self._lines, strict=True, file=self._name)

    def step_of(self, line: int) -> int:
        """The step of the run in which a line was written."""
        return bisect_left(self._ends, line) + 1


def divergence(outcome: Outcome | None) -> PropertyViolated | None:
    """What the model says about a trace that it does not explain, in the form in which torture tells of failures."""
    from raftproof.traces.conformance import rule_text
    from raftproof.traces.conformance.explain import sentence

    if outcome is None or outcome.departure is None:
        return None
    departure = outcome.departure
    values = [
        f"{name}: expected {departure.expected.get(name, '-')}, observed {departure.observed.get(name, '-')}"
        for name in dict.fromkeys((*departure.expected, *departure.observed))
    ]
    line = sentence(outcome.recent[-1].event)
    facts = (f"line {outcome.line} of the trace: {line}", departure.condition, *values)
    return PropertyViolated(CONFORMANCE, f"no step explains it; {departure.rule}: {rule_text(departure.rule)}", facts)
