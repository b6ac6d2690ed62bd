"""The layout of a state: a tree of nodes built from a class's annotations, each value with its place in the words.

`placing.py` gives the places. What is made of a layout here are states, interpreted and as integers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from raftproof.checker.language.containers import Bag, Map, Members, Seq, Set, State, in_range
from raftproof.checker.language.errors import BoundsError, UnknownBound, field_error
from raftproof.checker.language.nodes import WORD, BagNode, Kind, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.placing import Placing, is_owned
from raftproof.checker.language.sorts import AtMost, OrderOnly, Sort, SubsetOf, Symmetric, sort_of, value_of

T = TypeVar("T")

SORTS = "bool, an IntEnum 0, 1, 2 …, a Symmetric class, OrNil[…], Annotated[int, UpTo(…)] or Annotated[int, Within(…)]"

MOST_SYMMETRIC = 8
"""Members that are the same up to their names: all their orders may have to be tried."""


class Layout:
    """Where every field of a state class lies, under given bounds.

    A *wide* layout is for long logs and many messages, where a state is changed in place and not searched: every scalar
    has a word of its own, and a message as many words as fields.

    Raises ModelError where an annotation means nothing, BoundsError where the bounds do not fit.
    """

    def __init__(
        self,
        cls: type[State],
        bounds: Mapping[str, int],
        symmetric: frozenset[str] = frozenset(),
        wide: bool = False,
        reduced: frozenset[str] = frozenset(),
    ) -> None:
        for name, bound in bounds.items():
            if bound < 1:
                raise BoundsError(f"the bound {name} is {bound}; it must be at least 1")
        self.cls = cls
        self.bounds = dict(bounds)
        self.wide = wide
        self.symmetric = symmetric
        """The names of the sorts up to whose relabelling states are the same."""
        self.reduced = reduced
        """The names of the model's reductions in force: states with the same normal form are the same."""
        self.fields: dict[str, Node] = {}
        self.constants: dict[str, Sort] = {}
        self.nested: dict[str, type[State]] = {}
        """The fields that are states themselves, and their classes; what is in them is named as "history.log"."""
        for name, annotation in get_type_hints(cls, include_extras=True).items():
            if not name.startswith("_"):
                self._declare(name, annotation)
        self.owner = self._find_owner()
        for sort in self.symmetric_sorts():
            if sort.size > MOST_SYMMETRIC:
                raise BoundsError(
                    f"{sort.size} symmetric members of {sort.name} do not fit, at most {MOST_SYMMETRIC} do; "
                    "lower the bound, or use no symmetry"
                )
        bags = [n for n in self.fields.values() if isinstance(n, BagNode)]
        if len(bags) > 1:
            raise field_error(self.cls, bags[1].name, f"{bags[1].name}: a state has one bag; put both kinds in one")
        self.bag: BagNode | None = bags[0] if bags else None
        placing = Placing(self.fields.values(), self.owner, wide)
        self.words = placing.words
        self.stride = placing.stride
        """Words that an owner takes."""
        self.lanes = placing.lanes
        """(word of the owner, bits of a lane, the nodes in it)."""

    # ------------------------------------------------------------------------------------------ reading annotations

    def _declare(self, name: str, annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, State):
            if "." in name:
                raise field_error(self.cls, name, f"{name}: a state within a state holds no further one")
            self.nested[name] = annotation
            for inner, hint in get_type_hints(annotation, include_extras=True).items():
                if not inner.startswith("_"):
                    self._declare(f"{name}.{inner}", hint)
        elif get_origin(annotation) is Members:
            sort = sort_of(get_args(annotation)[0], self.bounds)
            if sort is None:
                raise field_error(self.cls, name, f"{name}: Members needs a sort: {SORTS}")
            self.constants[name] = sort
        else:
            self.fields[name] = self._node(name, name, annotation)

    def _node(self, top: str, name: str, annotation: Any) -> Node:
        marks: tuple[Any, ...] = ()
        sort = self._sort(top, annotation)
        if sort is not None:
            return Scalar(name, sort, bias=self._bias(sort), wide=self.wide)
        if get_origin(annotation) is Annotated:
            annotation, *rest = get_args(annotation)
            marks = tuple(rest)
        origin, args = get_origin(annotation), get_args(annotation)
        capacity = next((m for m in marks if isinstance(m, AtMost)), None)
        if origin is Map:
            return MapNode(name, self._key(top, args[0]), self._node(top, f"{name}[…]", args[1]))
        if origin is Set:
            return SetNode(name, self._key(top, args[0]))
        if origin in (Seq, Bag) and capacity is None:
            raise field_error(
                self.cls,
                top,
                f"{top}: a {origin.__name__} can overflow; write Annotated[{origin.__name__}[…], AtMost(…)]",
            )
        if origin is Seq and capacity is not None:
            limit = self._limit(top, capacity.bound)
            child = self._node(top, f"{name}[…]", args[0])
            if not isinstance(child, Scalar | Record):
                raise field_error(self.cls, top, f"{top}: a Seq holds scalars or records, no containers")
            return SeqNode(name, child, limit, limit + capacity.over)
        if origin is Bag and capacity is not None:
            return self._bag(top, name, args[0], capacity)
        if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
            return self._record(top, name, annotation).place()
        if any(isinstance(mark, SubsetOf) for mark in marks):
            raise field_error(
                self.cls, top, f"{top}: SubsetOf names a class derived from Symmetric, whose members it holds"
            )
        raise field_error(
            self.cls, top, f"{top}: {_text(annotation)} is no sort; write {SORTS}, or Map, Set, Seq, Bag of them"
        )

    def _sort(self, top: str, annotation: Any) -> Sort | None:
        if annotation is float:
            raise field_error(self.cls, top, f"{top}: a state holds no floats; write Annotated[int, UpTo(…)]")
        return self._known(top, lambda: sort_of(annotation, self.bounds))

    def _known(self, top: str, read: Callable[[], T]) -> T:
        """What an annotation says; a ModelError where it names a bound that there is not."""
        try:
            return read()
        except UnknownBound as fault:
            raise field_error(self.cls, top, f"{top}: {fault}; declare it in Model(…, bounds=…)") from fault

    def _limit(self, top: str, bound: str) -> int:
        """How much a container may hold."""
        limit = self._known(top, lambda: value_of(bound, self.bounds))
        if limit < 1:
            raise BoundsError(f"{top}: the bound {bound!r} is {limit}; it must be at least 1")
        return limit

    def _key(self, top: str, annotation: Any) -> Sort:
        sort = self._sort(top, annotation)
        if sort is None:
            raise field_error(self.cls, top, f"{top}: {_text(annotation)} is no sort to index by; write {SORTS}")
        if sort.order:
            raise field_error(self.cls, top, f"{top}: values of which only the order counts index nothing")
        return sort

    def _bias(self, sort: Sort) -> int:
        """Labels that are permuted keep 0 for none, so that empty places stay empty."""
        permuted = sort.symmetric is not None and sort.symmetric.bound in self.symmetric
        return 1 if permuted or sort.low < 0 else 0

    def _record(self, top: str, name: str, cls: Any, message: bool = False) -> Record:
        parts: list[Scalar | Record] = []
        for part, annotation in get_type_hints(cls, include_extras=True).items():
            sort = self._sort(top, annotation)
            if sort is not None:
                bias = (1 if sort.low < 0 else 0) if message else self._bias(sort)
                parts.append(Scalar(part, sort, bias=bias, wide=self.wide))
            elif isinstance(annotation, type) and issubclass(annotation, tuple):
                parts.append(self._record(top, part, annotation, message).place())
            else:
                raise field_error(cls, part, f"{part}: {_text(annotation)} is no sort; write {SORTS}")
        return Record(name, cls, parts)

    def _bag(self, top: str, name: str, union: Any, capacity: AtMost) -> BagNode:
        classes = get_args(union) if get_origin(union) is Union or hasattr(union, "__args__") else (union,)
        kinds = []
        for tag, cls in enumerate(classes, 1):
            record = self._record(top, cls.__name__, cls, message=True)
            # Labels of the owner lie lowest, so that all kinds keep them in the same bits.
            record.place(lambda part: 0 if isinstance(part, Scalar) and part.sort.symmetric is not None else 1)
            kinds.append(Kind(record, tag))
        limit = self._limit(top, capacity.bound)
        slots = limit + capacity.over
        copies = self._limit(top, capacity.copies) if capacity.copies else slots
        node = BagNode(name, kinds, limit, copies, slots).place()
        if node.code_bits() >= WORD and not self.wide:
            raise BoundsError(f"{top}: a message takes {node.code_bits()} bits of 63; lower a bound")
        return node

    def _find_owner(self) -> Sort | None:
        """The sort whose members have words of their own: servers, or else the first that a field is kept for."""
        keys = [n.key for n in self.fields.values() if isinstance(n, MapNode | SetNode)]
        symmetric = [(key.symmetric.bound, key) for key in keys if key.symmetric]
        servers = [key for bound, key in symmetric if bound == "servers"]
        return next(iter([*servers, *(key for _, key in symmetric)]), None)

    def is_owned(self, node: Node) -> bool:
        """Whether a field has a value for each owner, in the owner's words."""
        return is_owned(node, self.owner)

    # ------------------------------------------------------------------------------------------ states, interpreted

    def new(self, broken: int = 0) -> Any:
        """A state before the initial state is set."""
        return self._made(broken, {name: node.fresh() for name, node in self.fields.items()})

    def _made(self, broken: int, values: dict[str, Any]) -> Any:
        """A state with these values of its fields."""
        state = object.__new__(self.cls)
        constants: dict[str, Members[int]] = {name: Members(sort) for name, sort in self.constants.items()}
        state.__dict__.update({"_layout": self, "_broken": broken, **constants, **values})
        return self._joined(state)

    def copy(self, state: Any) -> Any:
        """A state that shares nothing mutable with the given one."""
        twin = object.__new__(self.cls)
        slots, given = twin.__dict__, state.__dict__
        slots.update(given)
        for name, node in self.fields.items():
            slots[name] = node.copy(given[name])
        return self._joined(twin)

    def assign(self, state: Any, name: str, value: Any) -> None:
        """Set a scalar field; the state's attribute assignment comes here."""
        node = self.fields.get(name)
        if not isinstance(node, Scalar | Record):
            raise AttributeError(f"{self.cls.__name__} has no scalar field {name}")
        state.__dict__[name] = in_range(name, node.sort, value) if isinstance(node, Scalar) else node.check(value)

    def encode(self, state: Any) -> int:
        """The state as one integer, its words from the lowest up."""
        given = state.__dict__
        return sum(node.pack(given[name]) << node.offset for name, node in self.fields.items())

    def decode(self, bits: int, broken: int = 0) -> Any:
        """The state of an integer."""
        return self._made(broken, {name: node.unpack(bits >> node.offset) for name, node in self.fields.items()})

    def _joined(self, state: Any) -> Any:
        """The state, its nested states made of its own containers."""
        for name, cls in self.nested.items():
            part = object.__new__(cls)
            slots = part.__dict__
            slots["_layout"], slots["_broken"] = _Nested(self, state, name), 0
            for full, value in state.__dict__.items():
                if full.startswith(f"{name}."):
                    slots[full.removeprefix(f"{name}.")] = value
            state.__dict__[name] = part
        return state

    def inside(self, state: Any) -> bool:
        """Whether every part lies inside the declared limits."""
        return all(node.inside(state.__dict__[name]) for name, node in self.fields.items())

    def show(self, state: Any) -> dict[str, Any]:
        """The state as JSON."""
        return {name: node.show(state.__dict__[name]) for name, node in self.fields.items()}

    def relabel(self, state: Any, sort: type[Symmetric] | OrderOnly, to: Callable[[int], int]) -> Any:
        """The state after the members of a sort, or the values of an order-only sort, were renamed."""
        twin = self.copy(state)
        for name, node in self.fields.items():
            twin.__dict__[name] = node.relabel(twin.__dict__[name], sort, to)
        return self._joined(twin)

    def clear(self, state: Any, name: str, *keys: int) -> None:
        """Give a field, or what it holds for a key, the value that it has before the initial state sets it."""
        node, held = self.fields[name], state.__dict__[name]
        if not keys:
            state.__dict__[name] = node.fresh()
        elif isinstance(node, MapNode):
            held._values[keys[0] - node.key.first] = node.child.fresh()
        else:
            held.discard(keys[0])

    def check_neutral(self, fields: Iterable[str]) -> None:
        """Raise ModelError where a cleared field would name a member."""
        for name in fields:
            for scalar in scalars_in(self.fields[name]):
                if scalar.sort.symmetric and scalar.sort.low == 0:
                    text = f"{name}: a dead {scalar.sort.name} has no value that names nobody; write OrNil[…]"
                    raise field_error(self.cls, name, text)

    def ranked(self, state: Any) -> Any:
        """The state with the values of its order-only sorts renamed to 1, 2, 3, … in their order."""
        for order in self.orders():
            used: list[int] = [0]

            def note(value: int, used: list[int] = used) -> int:
                used.append(value)
                return value

            self.relabel(state, order, note)
            ranks = {value: rank for rank, value in enumerate(sorted(set(used)))}
            state = self.relabel(state, order, ranks.__getitem__)
        return state

    def orders(self) -> list[OrderOnly]:
        """The order-only sorts of the state."""
        return list(dict.fromkeys(s.order for s in self._sorts_inside() if s.order))

    def symmetric_sorts(self) -> list[Sort]:
        """The sorts that are reduced by symmetry, the owner first; sorts of one member are left out."""
        return [s for s in self.all_symmetric() if s.symmetric and s.symmetric.bound in self.symmetric and s.last > 0]

    def all_symmetric(self) -> list[Sort]:
        """Every symmetric sort of the state, the owner first."""
        found: dict[Any, Sort] = {}
        for sort in [*([self.owner] if self.owner else []), *self.constants.values(), *self._sorts_inside()]:
            if sort.symmetric:
                found.setdefault(sort.symmetric, replace(sort, low=0, name=sort.symmetric.__name__))
        return list(found.values())

    def _sorts_inside(self) -> Iterator[Sort]:
        def walk(node: Node) -> Iterator[Sort]:
            if isinstance(node, MapNode | SetNode):
                yield node.key
            if isinstance(node, MapNode):
                yield from walk(node.child)
            else:
                yield from (s.sort for s in scalars_in(node))

        for node in self.fields.values():
            yield from walk(node)

    @property
    def key(self) -> str:
        """A digest of everything that compiled code depends on."""
        text = repr(
            (
                self.cls.__module__,
                self.cls.__qualname__,
                sorted(self.bounds.items()),
                sorted(self.symmetric),
                sorted(self.reduced),
                self.fields,
                self.constants,
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Nested:
    """What a nested state takes for its layout: its scalars are kept by the state around it."""

    layout: Layout
    state: Any
    name: str

    def assign(self, part: Any, name: str, value: Any) -> None:
        """Set a scalar of the nested state."""
        full = f"{self.name}.{name}"
        self.layout.assign(self.state, full, value)
        part.__dict__[name] = self.state.__dict__[full]


def scalars_in(node: Node) -> Iterator[Scalar]:
    """Every scalar that a node is made of, each once however often it is repeated."""
    match node:
        case Scalar():
            yield node
        case Record():
            yield from (s for _, s, _ in node.scalars())
        case MapNode() | SeqNode():
            yield from scalars_in(node.child)
        case BagNode():
            for kind in node.kinds:
                yield from scalars_in(kind.record)


def _text(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
