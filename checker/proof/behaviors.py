"""Several steps in a row over a finite instance: bounded behaviors from the first state, and k-induction from any
state.

k-induction: if a claim holds in the first k states of every behavior, and k states in a row in which it holds are
always followed by one more, it holds for ever. It asks for no lemma, only for a larger k; for Raft no small k is
enough, and the states that say so are a good first lesson in what a lemma is for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import z3

from raftproof.checker.proof.bits import Bit, Pick, all_of, if_else, negation, pick_of
from raftproof.checker.proof.concrete import Interpreter
from raftproof.checker.proof.finite import Instance, State, Table, Values, node_of
from raftproof.checker.proof.induction import Unknowns, number, settled
from raftproof.checker.proof.interrupts import raise_if_interrupted
from raftproof.checker.proof.logic import Symbol
from raftproof.checker.proof.theory import Theory


@dataclass(frozen=True)
class Behavior:
    """Some states in a row, and the steps between them, with their arguments."""

    steps: list[tuple[str, dict[str, int]]]
    states: list[State]


@dataclass(frozen=True)
class Induction:
    """Whether k-induction proves a claim over an instance, and, if not, k + 1 states that say why."""

    k: int
    outcome: Literal["proved", "fails", "unknown"]
    behavior: Behavior | None
    seconds: float


def k_induction(
    theory: Theory[Any],
    claim: str,
    k: int,
    instance: Instance,
    *,
    assuming: tuple[str, ...] = (),
    seconds: float = 60.0,
) -> Induction:
    """The step of k-induction: k states in a row that satisfy the claim, and the lemmas assumed, then one that does
    not."""
    start = time.monotonic()
    run = _Run(theory, instance)
    view = theory.vocabulary()
    for _ in range(k):
        for name in (claim, *assuming):
            run.constraints.append(run.states[-1].truth(theory.claim(name).formula(view)))
        run.extend()
    fails = negation(run.states[-1].truth(theory.claim(claim).formula(view)))
    outcome, behavior = run.solve([fails], seconds)
    verdict: dict[str, Literal["proved", "fails", "unknown"]] = {"unsat": "proved", "sat": "fails"}
    return Induction(k, verdict.get(outcome, "unknown"), behavior, time.monotonic() - start)


def bounded(
    theory: Theory[Any], claim: str, depth: int, instance: Instance, *, seconds: float = 60.0
) -> Behavior | None:
    """A behavior of at most so many steps from the first state to one in which the claim fails, a shortest one, or
    None."""
    run = _Run(theory, instance, Interpreter(theory, instance).initial_state())
    formula = theory.claim(claim).formula(theory.vocabulary())
    for _ in range(depth):
        run.extend()
        outcome, behavior = run.solve([negation(run.states[-1].truth(formula))], seconds)
        if outcome == "sat":
            return behavior
    return None


class _Run:
    """States in a row, each a step after the one before it."""

    def __init__(self, theory: Theory[Any], instance: Instance, first: State | None = None) -> None:
        self.theory, self.instance = theory, instance
        unknown = Unknowns(instance)
        self.states = [first or unknown.state(theory)]
        self.constraints: list[Bit] = list(unknown.constraints)
        view = theory.vocabulary()
        self.constraints += (self.states[0].truth(axiom.rule(view)) for axiom in theory.axioms)
        self.steps: list[dict[str, tuple[z3.BoolRef, dict[str, Pick]]]] = []

    def extend(self) -> None:
        """One more step, of some action with some arguments."""
        number_of_step, before = len(self.steps) + 1, self.states[-1]
        taken: dict[str, tuple[z3.BoolRef, dict[str, Pick]]] = {}
        changes: dict[str, list[tuple[z3.BoolRef, Table]]] = {}
        for action in self.theory.actions:
            chosen, variables = z3.Bool(f"{action.name}@{number_of_step}"), action.variables()
            unknown = Unknowns(self.instance)
            picks = {
                name: unknown.pick(f"{chosen}.{name}", self.instance.sizes[sort])
                for name, sort in action.parameters.items()
            }
            values: Values = dict(zip((node_of(v) for v in variables), picks.values(), strict=True))
            step = action.instance(self.theory.vocabulary(), *variables)
            enabled = all_of(before.truth(guard, values) for guard in step.when.values())
            self.constraints += [*unknown.constraints, negation(all_of((chosen, negation(enabled))))]
            taken[action.name] = chosen, picks
            after = before.after(step.then, values)
            for update in step.then:
                changes.setdefault(update.symbol.name, []).append((chosen, after.tables[update.symbol.name]))
        self.constraints.append(z3.PbEq([(chosen, 1) for chosen, _ in taken.values()], 1))
        self.steps.append(taken)
        self.states.append(State(self.instance, {**before.tables, **self._merged(before, changes)}))

    def _merged(self, before: State, changes: dict[str, list[tuple[z3.BoolRef, Table]]]) -> dict[str, Table]:
        declared, merged = self.theory.vocabulary.declared(), dict[str, Table]()
        for name, tables in changes.items():
            symbol = declared[name].symbol
            merged[name] = {
                key: self._named(symbol, key, before.tables[name][key], [(c, t[key]) for c, t in tables])
                for key in self.instance.keys(symbol)
            }
        return merged

    def _named(self, symbol: Symbol, key: tuple[int, ...], old: Any, changes: list[tuple[z3.BoolRef, Any]]) -> Any:
        """The cell after the step: an unknown of its own, so that formulas over later states stay small."""
        name = f"{symbol.name}{list(key)}@{len(self.steps)}"
        if symbol.gives is None:
            value: Bit = old
            for chosen, new in changes:
                value = if_else(chosen, new, value)
            return value if isinstance(value, bool) else self._equated(z3.Bool(name), value)
        kept = all_of(negation(chosen) for chosen, _ in changes)
        pick = pick_of([*changes, (kept, old)])
        if isinstance(pick, int):
            return pick
        return {n: b if isinstance(b, bool) else self._equated(z3.Bool(f"{name}={n}"), b) for n, b in pick.items()}

    def _equated(self, unknown: z3.BoolRef, value: z3.BoolRef) -> z3.BoolRef:
        self.constraints.append(unknown == value)
        return unknown

    def solve(self, also: list[Bit], seconds: float) -> tuple[str, Behavior | None]:
        """Whether such a behavior exists, and one."""
        solver = z3.SolverFor("QF_FD")
        solver.set("timeout", int(seconds * 1000))
        solver.add([bit for bit in (*self.constraints, *also) if bit is not True])
        outcome = str(solver.check())
        if outcome == "unknown":
            raise_if_interrupted(solver.reason_unknown())
        return outcome, self._behavior(solver.model()) if outcome == "sat" else None

    def _behavior(self, model: z3.ModelRef) -> Behavior:
        steps = []
        for taken in self.steps:
            name = next(name for name, (chosen, _) in taken.items() if z3.is_true(model.eval(chosen)))
            steps.append((name, {p: number(model, pick) for p, pick in taken[name][1].items()}))
        return Behavior(steps, [settled(state, model) for state in self.states])
