"""One torture run judged in full: the simulated cluster, its clients' history, and its trace if that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from raftproof.checker.result import LogView, Result, Shape, Step, Violation
from raftproof.commands.torture_conform import CONFORMANCE, Watch, divergence
from raftproof.impl.sim import Outcome, Plan, PropertyViolated, World
from raftproof.impl.sim.checks import Overlooked
from raftproof.impl.sim.record import Record
from raftproof.impl.sim.shrink import shrink
from raftproof.traces.linearizability import Call, Linearizability, check

if TYPE_CHECKING:
    from raftproof.traces.conformance import Outcome as Conformance

LINEARIZABILITY = "Linearizability"
AFTERWARDS = (LINEARIZABILITY, CONFORMANCE)
"""What is judged when a run is over: the run itself does not end where these fall."""
MOST_RUNS, MOST_TRACES = 300, 100
"""So many runs are tried to make a failing one small."""


class Judged(msgspec.Struct):
    """A run and everything that was found in it."""

    plan: Plan
    outcome: Outcome
    history: Linearizability
    injections: int
    conformance: Conformance | None = None
    """The verdict on its trace, if that was asked for."""

    @property
    def violation(self) -> PropertyViolated | None:
        """What broke first: the model's rules, a property of the cluster, or what its clients saw."""
        diverges = divergence(self.conformance)
        if diverges is not None:
            return diverges
        if self.outcome.violation is not None:
            return self.outcome.violation
        found = self.history
        if found.verdict != "not_linearizable":
            return None
        stuck = tuple(f"c{found.calls[place].client}: {found.calls[place]} of key {found.key}" for place in found.stuck)
        return PropertyViolated(
            LINEARIZABILITY, "every operation takes effect at one instant between its call and its answer", stuck
        )


def judge(plan: Plan, record: Record | None = None, stop_at: int | None = None, conform: bool = False) -> Judged:
    """Run the plan, check everything; with `conform` hold its trace against the model."""
    watch = Watch(plan.seed, record) if conform else None
    world = World(plan, watch.observer, watch.on_step) if watch else World(plan, None, record)
    outcome = world.run(stop_at)
    if record is not None and outcome.violation is not None:
        record.finish(world)
    history = check(_calls(world)) if outcome.violation is None else Linearizability("linearizable")
    if history.verdict == "not_linearizable":
        outcome.steps = _answered_in(world, history)
    judged = Judged(plan, outcome, history, world.nemesis.injections)
    if watch is not None:
        _hold_against_model(judged, watch, stop_at)
    return judged


def _hold_against_model(judged: Judged, watch: Watch, stop_at: int | None) -> None:
    """Judge the trace of a run. One that ended with a property's fall may not show yet what is wrong: then the fall is
    overlooked, and the run goes on."""
    found = watch.follow()
    if found.verdict == "accepted" and judged.outcome.violation is not None:
        watch = Watch(judged.plan.seed, None)
        World(judged.plan, watch.observer, watch.on_step, Overlooked).run(stop_at)
        found = watch.follow()
    judged.conformance = found
    if found.verdict == "rejected" and found.line is not None:
        judged.outcome.steps = watch.step_of(found.line)


def _answered_in(world: World, history: Linearizability) -> int:
    """The step after which the clients' history cannot be explained any more, as far as the search tells."""
    answers = {operation.returned: operation.answered_in for operation in world.clients.history()}
    return 1 + min(answers[history.calls[place].returned] for place in history.stuck)


def _calls(world: World) -> list[Call]:
    return [
        Call(
            operation.client,
            operation.key.decode(),
            operation.kind,  # type: ignore[arg-type]  # compactions are not in the history
            operation.called,
            operation.returned,
            _text(operation.value),
            _text(operation.expected),
            operation.done,
        )
        for operation in world.clients.history()
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class Failure(msgspec.Struct):
    """A failing run made small, with its last steps."""

    judged: Judged
    violation: PropertyViolated
    record: Record
    length: int

    @property
    def divergence(self) -> Conformance | None:
        """Where the trace departs from the model, if that is what failed."""
        found = self.judged.conformance
        return found if found is not None and found.verdict == "rejected" else None


def shrunk(failing: Judged) -> Failure:
    """Make the failing run small, and run it once more with its steps written down."""
    violation, conform = failing.violation, failing.conformance is not None
    assert violation is not None
    what = _what(violation)
    limit = failing.outcome.steps if violation.name == CONFORMANCE else None  # to follow a trace takes its time

    def fails(plan: Plan) -> int | None:
        nonlocal limit
        judged = judge(plan, stop_at=limit, conform=conform)
        found = judged.violation
        if found is None or _what(found) != what:
            return None
        if limit is not None:
            limit = min(limit, judged.outcome.steps)
        return judged.outcome.steps

    most_runs = MOST_RUNS if limit is None else MOST_TRACES
    plan, length = shrink(failing.plan, failing.outcome.steps, failing.injections, fails, most_runs)
    record = Record()
    judged = judge(plan, stop_at=limit, conform=conform)
    again = judged.violation
    assert again is not None, "a run is the same when it is run again"
    judge(plan, record, stop_at=length if again.name in AFTERWARDS else None)
    return Failure(judged, again, record, length)


def _what(violation: PropertyViolated) -> tuple[str, str]:
    """What must fall again in a smaller run: the same property; for a trace the same rule."""
    return violation.name, violation.sentence if violation.name == CONFORMANCE else ""


def result_of(failure: Failure, command: str) -> Result:
    """The failing run in the form that drawings read."""
    plan, record = failure.judged.plan, failure.record
    recorded = record.recorded()
    sentence = failure.violation.sentence
    if record.logs_from:
        sentence += f" (every log is drawn from entry {record.logs_from + 1} on)"
    steps = [Step(step.action, step.parameters, step.changes, step.fault) for step in recorded]
    violation = Violation(
        failure.violation.name, failure.length, steps, record.initial(), list(failure.violation.facts), [], sentence
    )
    return Result(
        verdict="violated",
        model=f"the implementation, seed {plan.seed}: the last {len(steps)} of {failure.length} steps",
        bounds={"servers": plan.servers, "clients": plan.clients, "steps": plan.steps},
        generated=failure.length,
        distinct=failure.length,
        depth=failure.length,
        seconds=0.0,
        cpu_seconds=0.0,
        setup_seconds=0.0,
        states_per_second=0.0,
        peak_memory_bytes=0,
        collision_probability=0.0,
        workers=1,
        symmetry="none",
        reductions=[],
        faults=sorted(plan.faults),
        broken=sorted(plan.broken),
        actions={},
        never_enabled=[],
        witnesses={},
        violation=violation,
        command=command,
        shape=Shape(
            members={"Server": record.servers()},
            actors="Server",
            bag="messages",
            source="source",
            dest="dest",
            view=LogView("log", commit_index="commit_index", current_term="current_term", role="role"),
            containers={
                "role": ["map"],
                "current_term": ["map"],
                "voted_for": ["map"],
                "commit_index": ["map"],
                "log": ["map", "seq"],
                "messages": ["bag"],
            },
        ),
        seed=plan.seed,
    )
