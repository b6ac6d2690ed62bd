"""One torture run judged in full: the simulated cluster joined with the check of its clients' history."""

from __future__ import annotations

import msgspec

from raftproof.checker.result import LogView, Result, Shape, Step, Violation
from raftproof.impl.core.raft import Observer
from raftproof.impl.sim import Outcome, Plan, PropertyViolated, World
from raftproof.impl.sim.record import Record
from raftproof.impl.sim.shrink import shrink
from raftproof.traces.linearizability import Call, Linearizability, check

LINEARIZABILITY = "Linearizability"


class Judged(msgspec.Struct):
    """A run and everything that was found in it."""

    plan: Plan
    outcome: Outcome
    history: Linearizability
    injections: int

    @property
    def violation(self) -> PropertyViolated | None:
        """What broke first: a property of the cluster, or what its clients saw."""
        if self.outcome.violation is not None:
            return self.outcome.violation
        found = self.history
        if found.verdict != "not_linearizable":
            return None
        stuck = tuple(f"c{found.calls[place].client}: {found.calls[place]} of key {found.key}" for place in found.stuck)
        return PropertyViolated(
            LINEARIZABILITY, "every operation takes effect at one instant between its call and its answer", stuck
        )


def judge(
    plan: Plan, record: Record | None = None, observer: Observer | None = None, stop_at: int | None = None
) -> Judged:
    """Run the plan, check everything."""
    world = World(plan, observer, record)
    outcome = world.run(stop_at)
    if record is not None and outcome.violation is not None:
        record.finish(world)
    history = check(_calls(world)) if outcome.violation is None else Linearizability("linearizable")
    if history.verdict == "not_linearizable":
        outcome.steps = _answered_in(world, history)
    return Judged(plan, outcome, history, world.nemesis.injections)


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


def shrunk(failing: Judged) -> Failure:
    """Make the failing run small, and run it once more with its steps written down."""
    violation = failing.violation
    assert violation is not None

    def fails(plan: Plan) -> int | None:
        judged = judge(plan)
        found = judged.violation
        return judged.outcome.steps if found is not None and found.name == violation.name else None

    plan, length = shrink(failing.plan, failing.outcome.steps, failing.injections, fails)
    record = Record()
    judged = judge(plan)
    again = judged.violation
    assert again is not None, "a run is the same when it is run again"
    judge(plan, record, stop_at=length if again.name == LINEARIZABILITY else None)
    return Failure(judged, again, record, length)


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
