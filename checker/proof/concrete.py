"""A plain interpreter of a theory: the states of a finite instance, and their successors, without unknowns.

An explored model is held against it state for state: the same successors, and every lemma true in every state.

    run = Interpreter(theory, instance)
    for taken in run.successors(run.initial_state()): …
    next(run.failures(lemma, state), None)          # values of the lemma's variables for which it fails
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from raftproof.checker.proof.finite import Instance, State, Table, Values, fixed_tables, node_of
from raftproof.checker.proof.logic import Element, ForAll, Formula, Variable, free_variables
from raftproof.checker.proof.theory import Action, Lemma, Step, Theory


@dataclass(frozen=True)
class Taken:
    """A step that was taken: the action, its arguments, and the state after it."""

    action: str
    arguments: dict[str, int]
    state: State


@dataclass(frozen=True)
class _Written:
    """An action as formulas over its parameters; each guard stands at the depth at which its parameters have values."""

    action: Action
    nodes: list[Variable]
    step: Step
    asked: list[list[Formula]]


class Interpreter:
    """A theory over one finite instance."""

    def __init__(self, theory: Theory[Any], instance: Instance) -> None:
        self.theory, self.instance = theory, instance
        self._actions = [self._write(action) for action in theory.actions]
        self._lemmas: dict[str, tuple[tuple[Element, ...], Formula]] = {}

    def initial_state(self) -> State:
        """The first state; a function that the theory leaves open has the first member for its value."""
        tables: dict[str, Table] = {
            name: dict.fromkeys(self.instance.keys(entry.symbol), False if entry.symbol.gives is None else 0)
            for name, entry in self.theory.vocabulary.declared().items()
        }
        state = State(self.instance, {**tables, **fixed_tables(self.theory, self.instance)})
        return state.after(self.theory.initial(self.theory.vocabulary()))

    def successors(self, state: State) -> Iterator[Taken]:
        """Every enabled step, for all parameters, in order; steps that change nothing included."""
        for written in self._actions:
            for values in self._enabled(written, state, {}, 0):
                yield Taken(written.action.name, _arguments(written, values), state.after(written.step.then, values))

    def take(self, state: State, action: str, **arguments: int) -> State:
        """The state after one step; ValueError names a guard that does not hold."""
        written = next(w for w in self._actions if w.action is self.theory.action(action))
        values: Values = {n: arguments[p] for p, n in zip(written.action.parameters, written.nodes, strict=True)}
        for name, guard in written.step.when.items():
            if state.truth(guard, values) is not True:
                raise ValueError(f"{action}: the guard {name} does not hold for {arguments}")
        return state.after(written.step.then, values)

    def failures(self, lemma: Lemma, *states: State) -> Iterator[dict[str, int]]:
        """Values of the lemma's variables for which it fails: in a state, or, of a property of steps, between two."""
        if lemma.name not in self._lemmas:
            views = [self.theory.vocabulary(), self.theory.vocabulary(mark="'")][: len(states)]
            claim = lemma.formula(*views)
            variables, body = (claim.variables, claim.body) if isinstance(claim, ForAll) else ((), claim)
            self._lemmas[lemma.name] = variables, body
        variables, body = self._lemmas[lemma.name]
        nodes = [node_of(variable) for variable in variables]
        joint = states[0] if len(states) == 1 else states[0].marked("'", states[1])
        for key in itertools.product(*(self.instance.members(type(variable)) for variable in variables)):
            if joint.truth(body, dict(zip(nodes, key, strict=True))) is not True:
                yield {node.name: number for node, number in zip(nodes, key, strict=True)}

    def _write(self, action: Action) -> _Written:
        variables = action.variables()
        nodes, step = [node_of(v) for v in variables], action.instance(self.theory.vocabulary(), *variables)
        asked: list[list[Formula]] = [[] for _ in range(len(nodes) + 1)]
        for guard in step.when.values():
            asked[max((nodes.index(free) + 1 for free in free_variables(guard)), default=0)].append(guard)
        return _Written(action, nodes, step, asked)

    def _enabled(self, written: _Written, state: State, values: Values, depth: int) -> Iterator[Values]:
        """Parameters that satisfy every guard; each guard is asked as soon as its parameters have values."""
        if not all(state.truth(guard, values) is True for guard in written.asked[depth]):
            return
        if depth == len(written.nodes):
            yield values
            return
        for number in self.instance.members(list(written.action.parameters.values())[depth]):
            yield from self._enabled(written, state, {**values, written.nodes[depth]: number}, depth + 1)


def _arguments(written: _Written, values: Values) -> dict[str, int]:
    return {p: values[n] for p, n in zip(written.action.parameters, written.nodes, strict=True)}  # type: ignore[misc]
