"""Sorts: the finite sets that a model's values come from.

class Server(Symmetric): "A member of the cluster."     # as many as the bound `servers` says; none has a name
class Role(IntEnum): ...                                # an enumeration
Term = Annotated[int, UpTo("max_term")]                 # an integer; a state that holds bound + 1 lies outside
Index = Annotated[int, Within("max_log + 1")]           # an integer; more is an error in the model
voted_for: Map[Server, OrNil[Server]]                   # a server, or none
Servers = Annotated[int, SubsetOf(Server)]              # a set of servers as a value: bit i says whether i is in it
"""

from __future__ import annotations

import ast
import enum
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

from raftproof.checker.language.errors import BoundsError, UnknownBound

T = TypeVar("T")


class Symmetric(int):
    """A sort whose members have no names: relabelling them changes nothing. Members are 0, 1, 2, …; -1 is none."""

    bound: ClassVar[str]
    """The bound that says how many members there are; by default the plural of the class's name."""
    prefix: ClassVar[str]
    """Members print as prefix + number: s1, s2, s3."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.bound = cls.__dict__.get("bound", cls.__name__.lower() + "s")
        cls.prefix = cls.__dict__.get("prefix", cls.__name__[0].lower())


@dataclass(frozen=True)
class UpTo:
    """An integer from 0 to a bound. A state that holds bound + 1 lies outside the search; more is an error."""

    bound: str


@dataclass(frozen=True)
class Within:
    """An integer from 0 to a bound. Anything else is an error in the model."""

    bound: str


@dataclass(frozen=True)
class SubsetOf:
    """A set of members as an integer, bit i for member i: a value, which a record may hold, where a Set is a place."""

    members: type[Symmetric]


@dataclass(frozen=True)
class OrderOnly:
    """An integer from 1 that is only compared and copied, so that nothing but the order of those in use counts.

    States that differ only in these values, but not in their order, are the same: the values in use are kept as 1, 2,
    3, …, and so they never run out, however many come and go. 0 stands for none of them, and stays. The bound says how
    many may be in use at once.
    """

    bound: str


@dataclass(frozen=True)
class Where:
    """Restricts a parameter of an action to values of which a function of the state is true.

    The function takes the state, the parameters before this one, and the value; of a Map, a key and its value.
    """

    function: Callable[..., bool]


@dataclass(frozen=True)
class AtMost:
    """The capacity of a container. A state that holds more lies outside the search.

    `copies` bounds how often a bag may hold the same message. `over` says by how many one step may overshoot.
    """

    bound: str
    copies: str = ""
    over: int = 1


@dataclass(frozen=True)
class Nil:
    """Marks a member that may be none, -1."""


OrNil = Annotated[T, Nil()]

ROOM = "more values at once"
"""A bound that widens order-only sorts, so that a behavior can be told in values that are not renamed at each step."""

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def value_of(expression: str, bounds: Mapping[str, int]) -> int:
    """The value of a bound such as "max_log + 1"; only numbers, names, +, - and * have a meaning."""

    def of(node: ast.AST) -> int:
        match node:
            case ast.Expression(body):
                return of(body)
            case ast.Constant(int(number)):
                return number
            case ast.Name(name) if name in bounds:
                return bounds[name]
            case ast.BinOp(left, sign, right) if type(sign) in _OPERATORS:
                return _OPERATORS[type(sign)](of(left), of(right))
            case ast.Name(name):
                raise UnknownBound(f"no bound is named {name!r}; there are {', '.join(sorted(bounds)) or 'none'}")
        raise BoundsError(f"{expression!r} is not a bound: write numbers, names of bounds, +, - and *")

    try:
        return of(ast.parse(expression, mode="eval"))
    except SyntaxError as fault:
        raise BoundsError(f"{expression!r} is not a bound: write numbers, names of bounds, +, - and *") from fault


@dataclass(frozen=True)
class Sort:
    """A finite set of integers low..high, and how they are called."""

    name: str
    low: int
    high: int
    limit: int | None = None
    """The largest value inside the search, where that is less than high."""
    names: tuple[str, ...] = ()
    """What the values from 0 on are called; empty for plain integers."""
    symmetric: type[Symmetric] | None = None
    boolean: bool = False
    subsets: type[Symmetric] | None = None
    """Of whose members the values are sets; `names` are then theirs."""
    order: OrderOnly | None = None
    """The mark of values of which only their order counts."""

    @property
    def size(self) -> int:
        """How many members a set or a map over this sort has."""
        return self.last - self.first + 1

    @property
    def first(self) -> int:
        """The least value that an enumeration gives: none is not a member."""
        return max(self.low, 0)

    @property
    def last(self) -> int:
        """The largest value inside the search."""
        return self.high if self.limit is None else self.limit

    def show(self, value: int) -> int | bool | str | list[str] | None:
        """The value as it is written in JSON."""
        if self.boolean:
            return bool(value)
        if self.subsets:
            return [name for k, name in enumerate(self.names) if value >> k & 1]
        if not self.names:
            return int(value)
        return None if value < 0 else self.names[value]

    def read(self, shown: Any) -> int:
        """The value that `show` wrote."""
        if shown is None:
            return -1
        if self.subsets:
            return sum(1 << self.names.index(name) for name in shown)
        return self.names.index(shown) if self.names else int(shown)


def sort_of(annotation: Any, bounds: Mapping[str, int]) -> Sort | None:
    """The sort that a type annotation names, or None where it names none."""
    if get_origin(annotation) is Annotated:
        base, *every = get_args(annotation)
        marks = [mark for mark in every if not isinstance(mark, Where)]
        if not marks:
            return sort_of(base, bounds)
        if any(isinstance(mark, Nil) for mark in marks):
            inner = sort_of(base, bounds)
            if inner is None or inner.symmetric is None:
                return None
            return Sort(f"{inner.name} or none", -1, inner.high, None, inner.names, inner.symmetric)
        for mark in marks:
            if isinstance(mark, UpTo | Within | OrderOnly) and base is int:
                return _integer(mark, bounds)
            if isinstance(mark, SubsetOf) and base is int:
                return _subsets(mark.members, bounds)
        return None
    if annotation is bool:
        return Sort("bool", 0, 1, boolean=True)
    if isinstance(annotation, type) and issubclass(annotation, enum.IntEnum):
        return _enumeration(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Symmetric) and annotation is not Symmetric:
        count = value_of(annotation.bound, bounds)
        names = tuple(f"{annotation.prefix}{i + 1}" for i in range(count))
        return Sort(annotation.__name__, 0, count - 1, None, names, annotation)
    return None


def _integer(mark: UpTo | Within | OrderOnly, bounds: Mapping[str, int]) -> Sort:
    bound = value_of(mark.bound, bounds)
    if bound < 1:
        raise BoundsError(f"the bound {mark.bound!r} is {bound}; it must be at least 1")
    if isinstance(mark, UpTo):
        return Sort(f"0..{mark.bound}", 0, bound + 1, bound)
    if isinstance(mark, OrderOnly):
        return Sort(f"0..{mark.bound}", 0, bound + bounds.get(ROOM, 0), order=mark)
    return Sort(f"0..{mark.bound}", 0, bound)


def _subsets(members: type[Symmetric], bounds: Mapping[str, int]) -> Sort | None:
    member = sort_of(members, bounds)
    if member is None or member.symmetric is None:
        return None
    return Sort(f"set of {member.name}", 0, (1 << member.size) - 1, None, member.names, subsets=members)


def _enumeration(cls: type[enum.IntEnum]) -> Sort | None:
    members = sorted(cls, key=int)
    if [int(m) for m in members] != list(range(len(members))):
        return None
    return Sort(cls.__name__, 0, len(members) - 1, None, tuple(m.name for m in members))
