"""One question to the checker, and its answer: what the command line, the tests and the notebooks call.

result = check(Question(model, bounds={"max_term": 3}, faults=("restart",)))
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from raftproof.checker.explore.compiled import (
    NO_LIMITS,
    Keeper,
    Limits,
    Search,
    Statistics,
    nothing_to_check,
    peak_memory_bytes,
)
from raftproof.checker.explore.walk import Walk
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.interpreted import Choice, Interpreter
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Model
from raftproof.checker.language.nodes import BagNode, MapNode, Node, SeqNode, SetNode
from raftproof.checker.members import refuse_numbered_members
from raftproof.checker.names import perhaps
from raftproof.checker.native.build import build
from raftproof.checker.reduction import refuse_wrong_reductions
from raftproof.checker.replay import find_violation, violation_along
from raftproof.checker.result import Graph, Result, Shape, Verdict, Violation
from raftproof.checker.symmetry import refuse_asymmetric_start, refuse_asymmetric_steps

FINGERPRINTS = 1 << 64
DRAWN_STATES = 60
"""The most states of a model whose graph is worth drawing."""


@dataclass(frozen=True)
class Question:
    """What is to be checked."""

    model: Model
    bounds: Mapping[str, int] = field(default_factory=dict)
    """Bounds that differ from the model's defaults."""
    faults: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Rules that are switched off, by name in lower case."""
    symmetric: tuple[str, ...] = ("servers",)
    """Sorts up to whose relabelling states are the same, by the bound that counts their members."""
    reduce: tuple[str, ...] = ()
    """The model's reductions that are asked for."""
    only: tuple[str, ...] | None = None
    """The properties that are watched; all if None."""
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    limits: Limits = NO_LIMITS
    command: str = ""

    def layout(self) -> Layout:
        """The layout under the bounds; raises BoundsError where a name or a value makes no sense."""
        for name in self.bounds:
            if name not in self.model.bounds:
                known = ", ".join(self.model.bounds) or "none"
                raise BoundsError(
                    f"{self.model.name} has no bound {name}{perhaps(name, self.model.bounds)}; its bounds are {known}"
                )
        bounds = {**self.model.bounds, **self.bounds}
        return Layout(self.model.state, bounds, frozenset(self.symmetric), reduced=frozenset(self.reductions()))

    def reductions(self) -> list[str]:
        """The reductions in force: those that are asked for, but for those that rest on a rule that is off."""
        return [name for name in self.reduce if not self._missing(name)]

    def switched_off(self) -> list[str]:
        """A sentence for each reduction that is asked for and not in force."""
        return [
            f"The reduction {name} is off: it rests on {' and '.join(missing)}."
            for name in self.reduce
            if (missing := self._missing(name))
        ]

    def _missing(self, name: str) -> list[str]:
        """The rules that a reduction rests on and that are off."""
        known = self.model.reducible()
        _known("reduction", (name,), sorted(known), self.model)
        return [rule.name.lower() for rule in known[name] if rule.name.lower() in self.broken]

    def interpreter(self, layout: Layout) -> Interpreter:
        """The interpreted model; raises BoundsError for a fault, rule or property that it does not know."""
        rules = {rule.name.lower(): rule for rule in self.model.breakable()}
        _known("fault", self.faults, self.model.faults(), self.model)
        for name in self.broken:
            self._rests_on(name)
        _known("rule", self.broken, sorted(rules), self.model)
        _known("property", self.only or (), [p.name for p in self.model.properties()], self.model)
        system = Interpreter(self.model, layout, self.faults, sum(1 << rules[name] for name in self.broken))
        refuse_asymmetric_start(system)
        return system

    def _rests_on(self, name: str) -> None:
        """Refuse to switch a rule off that the model itself rests on."""
        reason = next((text for rule, text in self.model.needs.items() if rule.name.lower() == name), None)
        if reason is not None:
            raise BoundsError(f"{self.model.name} rests on {name}: {reason}")


def _try_what_is_taken_for_granted(system: Interpreter) -> None:
    """Raise BoundsError where states that the search takes for the same are not."""
    refuse_numbered_members(system)
    refuse_asymmetric_steps(system)
    refuse_wrong_reductions(system)


def _known(what: str, given: tuple[str, ...], known: list[str], model: Model) -> None:
    for name in given:
        if name not in known:
            plural = "properties" if what == "property" else f"{what}s"
            there = ", ".join(known) or "none"
            raise BoundsError(f"{model.name} has no {what} {name}{perhaps(name, known)}; its {plural} are {there}")


def search_of(question: Question, announce: Callable[[str], None] | None = None, keep: Keeper | None = None) -> Search:
    """The search that answers a question; what it takes for granted is tried when its model is first compiled."""
    layout = question.layout()
    system = question.interpreter(layout)
    kernels = build(question.model, layout, announce, lambda: _try_what_is_taken_for_granted(system))
    watch = None if question.only is None else frozenset(question.only)
    return Search(kernels, system, question.workers, question.limits, watch, keep)


def check(
    question: Question,
    progress: Callable[[Statistics], None] | None = None,
    announce: Callable[[str], None] | None = None,
) -> Result:
    """Explore every behavior within the bounds."""
    begun = time.perf_counter()
    search = search_of(question, announce)
    setup = time.perf_counter() - begun
    outcome = search.run(progress)
    if not outcome.distinct and not outcome.worst:
        raise nothing_to_check(question.model)
    verdict: Verdict = "violated" if outcome.worst else "incomplete" if outcome.reason else "holds"
    result = _result(question, search.system, verdict)
    result.setup_seconds = setup
    result.generated, result.distinct, result.depth = outcome.generated, outcome.distinct, outcome.depth
    result.seconds, result.cpu_seconds = outcome.seconds, outcome.cpu_seconds
    result.states_per_second = outcome.distinct / max(outcome.seconds, 1e-9)
    result.collision_probability = outcome.distinct * (outcome.generated - outcome.distinct) / FINGERPRINTS
    result.actions = {name: {"generated": count} for name, count in outcome.actions.items()}
    result.never_enabled = [name for name, count in outcome.actions.items() if not count]
    result.witnesses = {w.name: outcome.witnesses.get(w.name) for w in question.model.witnesses}
    result.reason = outcome.reason
    if outcome.worst:
        _tell(question, result, find_violation(search, outcome))
    if outcome.distinct <= DRAWN_STATES and not outcome.reason and not result.told_in:
        result.graph = graph_of(search.system)
    result.peak_memory_bytes = peak_memory_bytes()
    return result


def simulate(
    question: Question,
    behaviors: int,
    length: int,
    seed: int,
    progress: Callable[[Statistics], None] | None = None,
    announce: Callable[[str], None] | None = None,
) -> Result:
    """Walk random behaviors from a seed, each step to one of the different successors inside the bounds."""
    begun = time.perf_counter()
    question = replace(question, workers=1)  # a step is too small to be shared
    search = search_of(question, announce)
    walk = Walk(search)
    setup = time.perf_counter() - begun
    cpu, started = time.process_time(), time.perf_counter()
    reason = walk.run(behaviors, length, seed, progress)
    result = _result(question, search.system, "violated" if walk.path else "incomplete" if reason else "none_found")
    result.setup_seconds, result.seed, result.reason = setup, seed, reason
    result.generated, result.distinct, result.depth = walk.generated(), walk.steps, walk.longest
    result.seconds, result.cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    result.states_per_second = walk.steps / max(result.seconds, 1e-9)
    if walk.path:
        _tell(question, result, violation_along(search, walk.path, walk.violated()))
    result.peak_memory_bytes = peak_memory_bytes()
    return result


def graph_of(system: Interpreter) -> Graph | None:
    """All states of a small model and the steps between them, those beyond a violation too; None if there are many."""
    numbers: dict[int, int] = {}
    waiting = [system.normal(s) for s in system.initial_states() if system.inside(s)]
    for state in waiting:
        numbers.setdefault(state, len(numbers))
    edges = []
    for state in waiting:
        if len(numbers) > DRAWN_STATES:
            return None
        for choice, after in successors_of(system, state):
            if system.inside(after):
                after = system.normal(after)
                if after not in numbers:
                    numbers[after] = len(numbers)
                    waiting.append(after)
                edges.append((numbers[state], numbers[after], system.describe(choice)))
    return Graph([system.layout.show(system.state(s)) for s in numbers], edges)


def successors_of(system: Interpreter, state: int) -> list[tuple[Choice, int]]:
    """Every enabled choice with the state that it leads to."""
    tried = ((choice, system.next_state(state, choice)) for choice in system.actions(state))
    return [(choice, after) for choice, after in tried if after is not None]


# --------------------------------------------------------------------------------------------------- the result's frame


def _result(question: Question, system: Interpreter, verdict: Verdict) -> Result:
    layout = system.layout
    reduced = [s.symmetric.bound.removesuffix("s") for s in layout.symmetric_sorts() if s.symmetric]
    return Result(
        verdict=verdict,
        model=question.model.name,
        bounds=layout.bounds,
        generated=0,
        distinct=0,
        depth=0,
        seconds=0.0,
        cpu_seconds=0.0,
        setup_seconds=0.0,
        states_per_second=0.0,
        peak_memory_bytes=0,
        collision_probability=0.0,
        workers=question.workers,
        symmetry=",".join(reduced) or "none",
        reductions=[*(["order"] if layout.orders() else []), *question.reductions()],
        notes=question.switched_off(),
        covers=_covers(question.model, question.reductions()).format(**layout.bounds),
        faults=sorted(question.faults),
        broken=sorted(question.broken),
        actions={},
        never_enabled=[],
        witnesses={},
        violation=None,
        command=question.command,
        shape=shape_of(question.model, layout),
    )


def _tell(question: Question, result: Result, violation: Violation) -> None:
    """Put a counterexample into a result, in finer steps where the model can tell it so."""
    told = question.model.tell(result.bounds, question.broken, violation) if question.model.tell else None
    result.violation = violation
    if told is not None:
        result.coarse, result.told_in = violation, told.model
        result.violation, result.shape = told.violation, told.shape


def _covers(model: Model, reductions: list[str]) -> str:
    """What a search stands for, as the last reduction has it that says so, or the model."""
    texts = [r.covers for r in model.reductions if r.name in reductions and r.covers]
    return texts[-1] if texts else model.covers


def shape_of(model: Model, layout: Layout) -> Shape:
    """What a drawing must know of the model."""
    members = {s.symmetric.__name__: list(s.names) for s in layout.all_symmetric() if s.symmetric}
    bag = layout.bag
    fields = {f.name for f in bag.kinds[0].record.fields} if bag else set()
    return Shape(
        members=members,
        actors=layout.owner.name if layout.owner else None,
        bag=bag.name if bag else None,
        source="source" if "source" in fields else None,
        dest="dest" if "dest" in fields else None,
        view=model.view,
        containers={name: _containers(node) for name, node in layout.fields.items()},
    )


def _containers(node: Node) -> list[str]:
    match node:
        case MapNode():
            return ["map", *_containers(node.child)]
        case SetNode():
            return ["set"]
        case SeqNode():
            return ["seq"]
        case BagNode():
            return ["bag"]
    return []
