"""Counterexamples to induction: a state in which the lemmas hold, and a step after which one does not.

Such a state need not be reachable. It says why an argument fails: what is missing, or which rule is wrong. They are
sought in small instances, growing, because the smallest one is the one to look at; and a state that is found is
emptied, fact by fact, of whatever the failure does not need.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

from raftproof.checker.proof.bits import Bit, Pick, negation
from raftproof.checker.proof.concrete import Interpreter
from raftproof.checker.proof.finite import Instance, State, Table, Values, fixed_tables, node_of
from raftproof.checker.proof.interrupts import raise_if_interrupted
from raftproof.checker.proof.logic import Symbol, Variable
from raftproof.checker.proof.theory import Action, Lemma, Step, Theory

WALL_PER_CPU = 5
"""Time is counted in CPU seconds, so that a busy machine gives the same answers as an idle one; a solver that is asked
counts on the wall, and gets as much more."""

Pair = tuple[str, str]
"""An action ("" for a goal, "initial" for the first state) and the lemma that must hold after it."""


@dataclass(frozen=True)
class Counterexample:
    """A state, a step from it, and the lemma that fails then; of a goal there is a state and no step."""

    action: str
    arguments: dict[str, int]
    lemma: str
    values: dict[str, int]
    """An instance of the lemma that fails."""
    before: State
    after: State
    instance: Instance
    fails_before: tuple[str, ...]
    """Those lemmas that were not assumed and fail in the state before: where they are proved, it is unreachable."""
    seconds: float


class Unknowns:
    """Members and tables of which nothing is known but that a function has one value."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.constraints: list[Bit] = []
        self.switches: list[tuple[bool, z3.BoolRef]] = []
        """Every unknown that means that something is there, and whether it is a ghost."""

    def state(self, theory: Theory[Any]) -> State:
        """A state of which nothing is known but what the instance fixes."""
        tables: dict[str, Table] = fixed_tables(theory, self.instance)
        for name, entry in theory.vocabulary.declared().items():
            if name not in tables:
                tables[name] = self._table(entry.symbol, entry.nature == "ghost")
        return State(self.instance, tables)

    def pick(self, name: str, size: int, ghost: bool = False) -> Pick:
        """An unknown member of a sort of this size."""
        if size == 1:
            return 0
        bits = {number: z3.Bool(f"{name}={number}") for number in range(size)}
        self.constraints.append(z3.PbEq([(bit, 1) for bit in bits.values()], 1))
        self.switches += ((ghost, bits[number]) for number in range(1, size))
        return dict(bits)

    def _table(self, symbol: Symbol, ghost: bool) -> Table:
        table: dict[tuple[int, ...], Any] = {}
        for key in self.instance.keys(symbol):
            name = f"{symbol.name}{list(key)}"
            if symbol.gives is not None:
                table[key] = self.pick(name, self.instance.sizes[symbol.gives], ghost)
            else:
                table[key] = z3.Bool(name)
                self.switches.append((ghost, table[key]))
        return table


def find(
    theory: Theory[Any], pairs: Sequence[Pair], instances: Sequence[Instance], seconds: float
) -> Counterexample | None:
    """A counterexample to one of the pairs: the smallest instance first, then the first pair.

    States that look like the protocol's own are preferred (`theory.tidy`); where there is none, any will do.
    """
    start = time.process_time()
    if not pairs:
        return None
    for searched, instance in itertools.product((theory, replace(theory, tidy=())), instances):
        search = _Search(searched, instance, start, seconds)
        for action, lemma in pairs:
            if time.process_time() - start > seconds:
                return None
            found = search.counterexample(action, theory.claim(lemma))
            if found is not None:
                return found
    return None


def satisfiable(theory: Theory[Any], action: str, instances: Iterable[Instance]) -> Instance | None:
    """An instance in which the action is enabled in a state that satisfies every lemma: no obligation of it is
    vacuous."""
    for instance in instances:
        search = _Search(theory, instance, time.process_time(), 60.0)
        if search.enabled(action):
            return instance
    return None


class _Search:
    """One instance: an unknown state before, in which all lemmas hold."""

    def __init__(self, theory: Theory[Any], instance: Instance, start: float, seconds: float) -> None:
        self.theory, self.instance, self.start, self.seconds = theory, instance, start, seconds
        self.unknown = Unknowns(instance)
        self.before = self.unknown.state(theory)
        self.view = theory.vocabulary()
        self.solver = z3.SolverFor("QF_FD")
        self.add(self.unknown.constraints)
        for axiom in theory.axioms:
            self.add([self.before.truth(axiom.rule(self.view))])
        for lemma in (*theory.tidy, *theory.lemmas):
            self.add([self.before.truth(lemma.formula(self.view))])

    def add(self, bits: Iterable[Bit]) -> None:
        self.solver.add([bit for bit in bits if bit is not True])

    def counterexample(self, action: str, lemma: Lemma) -> Counterexample | None:
        self.solver.push()
        try:
            return self._counterexample(action, lemma)
        finally:
            self.solver.pop()

    def enabled(self, action: str) -> bool:
        step, values = self._step(self.theory.action(action))
        self.add(self.before.truth(guard, values) for guard in step.when.values())
        return self._check()

    def _step(self, action: Action) -> tuple[Step, Values]:
        variables = action.variables()
        known = len(self.unknown.constraints)
        values: dict[Variable, Pick] = {
            node_of(variable): self.unknown.pick(f"{action.name}.{name}", self.instance.sizes[sort])
            for variable, (name, sort) in zip(variables, action.parameters.items(), strict=True)
        }
        self.add(self.unknown.constraints[known:])
        return action.instance(self.view, *variables), values

    def _counterexample(self, action: str, lemma: Lemma) -> Counterexample | None:
        before, values = self.before, dict[Variable, Pick]()
        if action:
            step, values = self._step(self.theory.action(action))
            self.add(before.truth(guard, values) for guard in step.when.values())
            after = before.after(step.then, values)
        else:
            after = before
        views = [self.view, self.theory.vocabulary(mark="'")] if lemma.kind == "step" else [self.view]
        joint = before.marked("'", after) if lemma.kind == "step" else after
        self.add([negation(joint.truth(lemma.formula(*views)))])
        if not self._check():
            return None
        model = self._emptied()
        names = self.theory.action(action).parameters if action else {}
        arguments = {n: number(model, pick) for n, pick in zip(names, values.values(), strict=True)}
        return self._written_down(action, arguments, lemma, settled(before, model), settled(after, model))

    def _check(self, *assumptions: z3.BoolRef) -> bool:
        left = max(0.5, self.seconds - (time.process_time() - self.start))
        self.solver.set("timeout", int(left * 1000 * WALL_PER_CPU))
        outcome = self.solver.check(*assumptions)
        if outcome == z3.unknown:
            raise_if_interrupted(self.solver.reason_unknown())
        return bool(outcome == z3.sat)

    def _emptied(self) -> z3.ModelRef:
        """A model from which no fact can be taken away; ghosts are taken away first."""
        model, kept = self.solver.model(), list[z3.BoolRef]()
        for _, bit in sorted(self.unknown.switches, key=lambda switch: not switch[0]):
            if not z3.is_true(model.eval(bit, model_completion=True)):
                kept.append(z3.Not(bit))
            elif time.process_time() - self.start < self.seconds and self._check(*kept, z3.Not(bit)):
                model = self.solver.model()
                kept.append(z3.Not(bit))
            else:
                kept.append(bit)
        return model

    def _written_down(
        self, action: str, arguments: dict[str, int], lemma: Lemma, before: State, after: State
    ) -> Counterexample:
        run = Interpreter(self.theory, self.instance)
        states = (before, after) if lemma.kind == "step" else (after,)
        values = next(run.failures(lemma, *states))
        assumed = {claim.name for claim in self.theory.lemmas}
        others = [claim for claim in (*self.theory.removed, *self.theory.goals) if claim.name not in assumed]
        fails = tuple(claim.name for claim in others if next(run.failures(claim, before), None) is not None)
        seconds = time.process_time() - self.start
        return Counterexample(action, arguments, lemma.name, values, before, after, self.instance, fails, seconds)


def settled(state: State, model: z3.ModelRef) -> State:
    """The state as the model has it."""
    return State(
        state.instance,
        {name: {key: _cell(model, cell) for key, cell in table.items()} for name, table in state.tables.items()},
    )


def _cell(model: z3.ModelRef, cell: Any) -> Any:
    if isinstance(cell, bool | int):
        return cell
    return number(model, cell) if isinstance(cell, dict) else z3.is_true(model.eval(cell, model_completion=True))


def number(model: z3.ModelRef, pick: Pick) -> int:
    """The member that the model has for an unknown one."""
    if isinstance(pick, int):
        return pick
    return next(
        number for number, bit in pick.items() if bit is True or z3.is_true(model.eval(bit, model_completion=True))
    )


__all__ = ["Counterexample", "Pair", "Unknowns", "find", "satisfiable"]
