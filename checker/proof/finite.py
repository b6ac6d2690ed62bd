"""The same description, read over a finite instance: so many servers, terms, indexes, and every quantifier is a loop.

A state is a table for each relation and function. With unknowns in it, a formula becomes a propositional one for a
solver (`induction`: counterexamples, bounded behaviors). Without, it is true or false (`concrete`: successors of a
state).

    instance = Instance({Server: 3, Term: 2, …}, fixed={"member": lambda n, q: n in QUORUMS[q]})

Members of a sort are numbers from 0; 0 is the distinguished one; an order is that of the numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from raftproof.checker.proof.bits import (
    Bit,
    Pick,
    all_of,
    any_of,
    at_most,
    cases,
    equal,
    negation,
    pick_of,
    same_truth,
)
from raftproof.checker.proof.logic import (
    And,
    Application,
    AtMost,
    Choice,
    Constant,
    Element,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Iff,
    Implies,
    Not,
    Or,
    Sort,
    Symbol,
    Truth,
    Update,
    Variable,
)
from raftproof.checker.proof.theory import Theory

Key = tuple[int, ...]
Table = Mapping[Key, Any]
Values = dict[Variable, Pick]


@dataclass(frozen=True)
class Instance:
    """How many members each sort has, and what is fixed: member(n, q), say, or the contents of the messages."""

    sizes: Mapping[Sort, int]
    fixed: Mapping[str, Callable[..., bool | int]] = field(default_factory=dict)

    def members(self, sort: Sort) -> range:
        """The numbers of the sort's members."""
        return range(self.sizes[sort])

    def keys(self, symbol: Symbol) -> Iterator[Key]:
        """Every choice of arguments."""
        return itertools.product(*(self.members(sort) for sort in symbol.takes))

    def table(self, symbol: Symbol, value: Callable[..., Any]) -> dict[Key, Any]:
        """A table of what the rule says."""
        return {key: value(*key) for key in self.keys(symbol)}

    def __str__(self) -> str:
        names = {sort: sort.__name__.lower() for sort in self.sizes}
        endings = {name: "es" if name.endswith("x") else "s" for name in names.values()}
        return ", ".join(f"{k} {names[sort]}{endings[names[sort]] * (k != 1)}" for sort, k in self.sizes.items())


@dataclass(frozen=True)
class State:
    """A table for each relation (of bits) and function (of elements), by name."""

    instance: Instance
    tables: Mapping[str, Table]

    def truth(self, formula: Formula, values: Values | None = None) -> Bit:
        """Whether the formula holds here, for these values of its free variables."""
        match formula:
            case Holds(symbol, arguments):
                return self._holds(symbol, arguments, values or {})
            case And(parts):
                return all_of(self.truth(part, values) for part in parts)
            case Or(parts):
                return any_of(self.truth(part, values) for part in parts)
            case Implies(premise, conclusion):
                assumed = negation(self.truth(premise, values))
                return assumed if assumed is True else any_of((assumed, self.truth(conclusion, values)))
            case Not(part):
                return negation(self.truth(part, values))
            case Equal(left, right):
                return equal(self.element(left, values), self.element(right, values))
            case AtMost(low, high):
                return at_most(self.element(low, values), self.element(high, values))
            case Iff(one, other):
                return same_truth(self.truth(one, values), self.truth(other, values))
            case ForAll(variables, body):
                return all_of(self.truth(body, inner) for inner in self._bindings(variables, values))
            case Exists(variables, body):
                return any_of(self.truth(body, inner) for inner in self._bindings(variables, values))
            case Truth(value):
                return value
        raise TypeError(f"not a formula: {formula!r}")

    def element(self, element: Element, values: Values | None = None) -> Pick:
        """Which member the expression stands for."""
        match element.node:
            case Variable() as variable:
                return (values or {})[variable]
            case Constant():
                return 0
            case Application(symbol, arguments):
                return self._apply(symbol, arguments, values or {})
            case Choice(condition, then, otherwise):
                chosen = self.truth(condition, values)
                if isinstance(chosen, bool):
                    return self.element(then if chosen else otherwise, values)
                options = ((chosen, self.element(then, values)), (negation(chosen), self.element(otherwise, values)))
                return pick_of(options)

    def after(self, updates: Sequence[Update], values: Values | None = None) -> State:
        """The state after a step whose parameters have these values."""
        changed = {update.symbol.name: self._updated(update, values or {}) for update in updates}
        return State(self.instance, {**self.tables, **changed})

    def marked(self, mark: str, following: State) -> State:
        """Both states in one: the following one's tables have the mark behind their names."""
        marked = {name + mark: table for name, table in following.tables.items()}
        return State(self.instance, {**self.tables, **marked})

    def _updated(self, update: Update, values: Values) -> dict[Key, Any]:
        variables = update.variables()
        meaning = update.rule(*variables)
        nodes = [node_of(variable) for variable in variables]
        read = self.truth if update.symbol.gives is None else self.element
        return {
            key: read(meaning, {**values, **dict(zip(nodes, key, strict=True))})
            for key in self.instance.keys(update.symbol)
        }

    def _holds(self, symbol: Symbol, arguments: tuple[Element, ...], values: Values) -> Bit:
        table, picks = self.tables[symbol.name], [self.element(argument, values) for argument in arguments]
        return any_of(all_of((*conditions, table[key])) for key, conditions in _choices(picks))

    def _apply(self, symbol: Symbol, arguments: tuple[Element, ...], values: Values) -> Pick:
        table, picks = self.tables[symbol.name], [self.element(argument, values) for argument in arguments]
        return pick_of((all_of(conditions), table[key]) for key, conditions in _choices(picks))

    def _bindings(self, variables: tuple[Element, ...], values: Values | None) -> Iterator[Values]:
        nodes = [node_of(variable) for variable in variables]
        for key in itertools.product(*(self.instance.members(type(variable)) for variable in variables)):
            yield {**(values or {}), **dict(zip(nodes, key, strict=True))}


def _choices(picks: list[Pick]) -> Iterator[tuple[Key, list[Bit]]]:
    """The keys that the arguments may be, each with the bits that say so."""
    known = tuple(pick for pick in picks if isinstance(pick, int))
    if len(known) == len(picks):
        yield known, []
        return
    for combination in itertools.product(*(list(cases(pick)) for pick in picks)):
        yield tuple(number for number, _ in combination), [bit for _, bit in combination]


def node_of(variable: Element) -> Variable:
    """The variable itself, by which values are kept."""
    assert isinstance(variable.node, Variable)
    return variable.node


def fixed_tables(theory: Theory[Any], instance: Instance) -> dict[str, Table]:
    """The tables of what no step changes, as far as the instance says."""
    return {
        name: instance.table(entry.symbol, instance.fixed[name])
        for name, entry in theory.vocabulary.declared().items()
        if entry.nature == "fixed" and name in instance.fixed
    }
