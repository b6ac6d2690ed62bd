"""Many-sorted first-order logic: the language in which a theory is written.

A sort is a class, and an expression of the sort is an instance of it, so a type checker sees a term passed for an
index:

    class Server(Element): "A member of the cluster."
    class Term(Ordered): "A term of office."

    voted: Relation[Server, Term, Server]
    implies(voted(n, t, c) & voted(n, t, d), c == d)

Formulas are trees and nothing more. Others read them: `smtlib` writes them for a solver (any number of servers),
`finite` expands them over a small instance (with unknowns, or with none: then a formula is simply true or false),
`text` prints them for people, `stratification` looks at their quantifiers.

Operators bind as in Python: `==` and `<` bind more loosely than `&` and `|`, so comparisons stand in parentheses.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, TypeVarTuple, cast

__all__ = [
    "And",
    "AtMost",
    "Element",
    "Equal",
    "Exists",
    "ForAll",
    "Formula",
    "Function",
    "Holds",
    "Iff",
    "Implies",
    "Not",
    "Or",
    "Ordered",
    "Relation",
    "Sort",
    "Symbol",
    "Truth",
    "Variable",
    "children",
    "choose",
    "conjunction",
    "every",
    "free_variables",
    "iff",
    "implies",
    "some",
]

Sorts = TypeVarTuple("Sorts")
E = TypeVar("E", bound="Element")


# Elements: what a variable, a constant or a function's value stands for.


@dataclass(frozen=True, eq=False)
class Variable:
    """A variable is itself and no other, whatever its name: two of one name do not capture each other."""

    name: str


@dataclass(frozen=True, eq=False)
class Application:
    """The value of a function."""

    symbol: Symbol
    arguments: tuple[Element, ...]


@dataclass(frozen=True, eq=False)
class Choice:
    """`then` where the condition holds, else `otherwise`."""

    condition: Formula
    then: Element
    otherwise: Element


@dataclass(frozen=True, eq=False)
class Constant:
    """A named element of a sort: the least of an order, or the value that means none."""

    name: str


Node = Variable | Application | Choice | Constant


class Element:
    """An expression that stands for a member of a sort; the sort is its class."""

    constant: str | None = None
    """The name of the sort's distinguished member, if it has one."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def __eq__(self, other: object) -> Formula:  # type: ignore[override]
        return Equal(self, self._of_my_sort(other))

    def __ne__(self, other: object) -> Formula:  # type: ignore[override]
        return Not(Equal(self, self._of_my_sort(other)))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("an element is no truth value: write implies(...), &, | or ~")

    def _of_my_sort(self, other: object) -> Element:
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} is compared with {type(other).__name__}")
        return other

    @classmethod
    def named(cls: type[E], name: str) -> E:
        """A variable."""
        return cls(Variable(name))

    @classmethod
    def show(cls, number: int) -> str:
        """How a finite instance's member is called: s1, s2 … of servers; of an order, the number itself."""
        return f"{cls.__name__[0].lower()}{number + 1}"

    @classmethod
    def distinguished(cls: type[E]) -> E:
        """The sort's distinguished member: index 0, term 0, the value that means none."""
        if cls.constant is None:
            raise TypeError(f"{cls.__name__} has no distinguished member")
        return cls(Constant(cls.constant))


class Ordered(Element):
    """A sort with a total order, whose distinguished member is the least."""

    @classmethod
    def show(cls, number: int) -> str:
        """The number itself."""
        return str(number)

    def __le__(self, other: Ordered) -> Formula:
        return AtMost(self, cast(Ordered, self._of_my_sort(other)))

    def __lt__(self, other: Ordered) -> Formula:
        return Not(AtMost(cast(Ordered, self._of_my_sort(other)), self))


Sort = type[Element]


def choose(condition: Formula, then: E, otherwise: E) -> E:
    """`then` if the condition holds, else `otherwise`."""
    return type(then)(Choice(condition, then, otherwise))


# Formulas.


class Formula:
    """What is true or false of a state."""

    def __and__(self, other: Formula) -> Formula:
        return conjunction(self, other)

    def __or__(self, other: Formula) -> Formula:
        return Or((*_parts(self, Or), *_parts(other, Or)))

    def __invert__(self) -> Formula:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a formula is no truth value: write implies(...), &, | or ~")


@dataclass(frozen=True, eq=False)
class Truth(Formula):
    """True, or false."""

    value: bool


@dataclass(frozen=True, eq=False)
class And(Formula):
    """All parts hold."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class Or(Formula):
    """One of the parts holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, eq=False)
class Not(Formula):
    """The part does not hold."""

    part: Formula


@dataclass(frozen=True, eq=False)
class Implies(Formula):
    """Where the first holds, the second does."""

    premise: Formula
    conclusion: Formula


@dataclass(frozen=True, eq=False)
class Iff(Formula):
    """Both hold, or neither."""

    left: Formula
    right: Formula


@dataclass(frozen=True, eq=False)
class Equal(Formula):
    """The same member of a sort."""

    left: Element
    right: Element


@dataclass(frozen=True, eq=False)
class AtMost(Formula):
    """Less than, or equal, in the sort's order."""

    left: Ordered
    right: Ordered


@dataclass(frozen=True, eq=False)
class Holds(Formula):
    """A relation holds of these elements."""

    symbol: Symbol
    arguments: tuple[Element, ...]


@dataclass(frozen=True, eq=False)
class ForAll(Formula):
    """The body holds whatever the variables stand for."""

    variables: tuple[Element, ...]
    body: Formula


@dataclass(frozen=True, eq=False)
class Exists(Formula):
    """The body holds for some choice of the variables."""

    variables: tuple[Element, ...]
    body: Formula


def conjunction(*parts: Formula) -> Formula:
    """All of them, flattened; of none, the truth."""
    flat = tuple(itertools.chain.from_iterable(_parts(part, And) for part in parts))
    return flat[0] if len(flat) == 1 else And(flat) if flat else Truth(True)


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """Where the premise holds, the conclusion does."""
    return Implies(premise, conclusion)


def iff(left: Formula, right: Formula) -> Formula:
    """Both hold, or neither."""
    return Iff(left, right)


def every(sort: type[E], body: Callable[[E], Formula]) -> Formula:
    """The body holds for every member of the sort; the variable is named as the body's parameter."""
    variable = sort.named(_parameter_names(body)[0])
    return ForAll((variable,), body(variable))


def some(sort: type[E], body: Callable[[E], Formula]) -> Formula:
    """The body holds for some member of the sort."""
    variable = sort.named(_parameter_names(body)[0])
    return Exists((variable,), body(variable))


def children(tree: Formula | Element) -> tuple[Formula | Element, ...]:
    """The parts of a formula or an expression, without the variables that it binds."""
    match tree:
        case And(parts) | Or(parts):
            return parts
        case Not(part) | ForAll(_, part) | Exists(_, part):
            return (part,)
        case Implies(left, right) | Iff(left, right):
            return (left, right)
        case Equal(one, other) | AtMost(one, other):
            return (one, other)
        case Holds(_, arguments):
            return arguments
        case Element(node=Application(_, arguments)):
            return arguments
        case Element(node=Choice(condition, then, otherwise)):
            return (condition, then, otherwise)
    return ()


def free_variables(tree: Formula | Element) -> dict[Variable, Sort]:
    """The variables that no quantifier binds, with their sorts, in order of first mention."""
    if isinstance(tree, Element) and isinstance(tree.node, Variable):
        return {tree.node: type(tree)}
    found: dict[Variable, Sort] = {}
    for child in children(tree):
        found.update((v, sort) for v, sort in free_variables(child).items() if v not in found)
    if isinstance(tree, ForAll | Exists):
        bound = {variable.node for variable in tree.variables}
        return {v: sort for v, sort in found.items() if v not in bound}
    return found


def _parts(formula: Formula, kind: type[And] | type[Or]) -> tuple[Formula, ...]:
    return formula.parts if isinstance(formula, kind) else (formula,)


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


# Relations and functions.


@dataclass(frozen=True)
class Symbol:
    """A relation or function of the vocabulary: its name, the sorts it takes, and the sort it gives (none: a
    relation)."""

    name: str
    takes: tuple[Sort, ...]
    gives: Sort | None

    def check(self, arguments: tuple[Any, ...]) -> tuple[Element, ...]:
        """The arguments, if they have the declared sorts."""
        if tuple(type(a) for a in arguments) != self.takes:
            got = ", ".join(type(a).__name__ for a in arguments)
            raise TypeError(f"{self.name} takes ({', '.join(s.__name__ for s in self.takes)}), not ({got})")
        return arguments


@dataclass(frozen=True, eq=False)
class Update:
    """What a relation or function is after a step, as an expression over the state before it."""

    symbol: Symbol
    rule: Callable[..., Any]

    def variables(self) -> tuple[Element, ...]:
        """Fresh variables for the symbol's arguments."""
        return tuple(sort.named(f"x{k}") for k, sort in enumerate(self.symbol.takes))


class Relation(Generic[*Sorts]):
    """A relation in a state. After a step it has a meaning in terms of the state before; else it is the symbol
    itself."""

    def __init__(self, symbol: Symbol, meaning: Callable[..., Formula] | None = None) -> None:
        self.symbol, self._meaning = symbol, meaning

    def __call__(self, *arguments: *Sorts) -> Formula:
        checked = self.symbol.check(arguments)
        return Holds(self.symbol, checked) if self._meaning is None else self._meaning(*checked)

    def becomes(self, rule: Callable[[*Sorts], Formula]) -> Update:
        """After the step the relation holds of exactly what the rule says."""
        return Update(self.symbol, rule)

    def insert(self, *arguments: *Sorts) -> Update:
        """After the step the relation holds of these elements too."""
        added = self.symbol.check(arguments)
        return self.becomes(lambda *x: self(*x) | _same(x, added))

    def remove(self, *arguments: *Sorts) -> Update:
        """After the step the relation holds of these elements no more."""
        removed = self.symbol.check(arguments)
        return self.becomes(lambda *x: self(*x) & ~_same(x, removed))


class Function(Generic[E, *Sorts]):
    """A function in a state: Function[result, arguments…]."""

    def __init__(self, symbol: Symbol, meaning: Callable[..., E] | None = None) -> None:
        self.symbol, self._meaning = symbol, meaning

    def __call__(self, *arguments: *Sorts) -> E:
        checked = self.symbol.check(arguments)
        if self._meaning is not None:
            return self._meaning(*checked)
        assert self.symbol.gives is not None
        return cast(E, self.symbol.gives(Application(self.symbol, checked)))

    def becomes(self, rule: Callable[[*Sorts], E]) -> Update:
        """After the step the function's values are what the rule says."""
        return Update(self.symbol, rule)

    def assign(self, *arguments: *Sorts, value: E) -> Update:
        """After the step the function has this value here, and its old ones elsewhere."""
        place = self.symbol.check(arguments)
        return self.becomes(lambda *x: choose(_same(x, place), value, self(*x)))


def _same(left: tuple[Any, ...], right: tuple[Element, ...]) -> Formula:
    return conjunction(*(Equal(a, b) for a, b in zip(left, right, strict=True)))
