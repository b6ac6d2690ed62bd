"""The layout of a state: a tree of nodes built from a class's annotations, and the word and bit of every value.

            high                                                              low
  server i  | scalars: current_term role log … | labels | lane 2 | lane 1 | lane 0 |      `stride` words each
                       the sort key           relabelled   lane j = all that i keeps about j
  shared    | fields that belong to no server                                      |
  bag       | slot 0 | slot 1 | …        message codes, sorted downwards, 0 = empty |

The *owner* is the symmetric sort whose members have words of their own (the servers); what a server keeps about every
server lies in lanes, so that relabelling servers moves words and lanes and touches little else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from raftproof.checker.language.containers import Bag, Map, Members, Seq, Set, State, in_range
from raftproof.checker.language.errors import BoundsError, UnknownBound, field_error
from raftproof.checker.language.nodes import WORD, BagNode, Kind, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import AtMost, OrderOnly, Sort, Symmetric, sort_of, value_of

T = TypeVar("T")

SORTS = "bool, an IntEnum 0, 1, 2 …, a Symmetric class, OrNil[…], Annotated[int, UpTo(…)] or Annotated[int, Within(…)]"

MOST_SYMMETRIC = 8
"""Members that are the same up to their names: all their orders may have to be tried."""


@dataclass
class Region:
    """Words that are filled first fit; no small node crosses a word."""

    words: int = 0
    room: dict[int, int] = field(default_factory=dict)
    """The first free bit of each word that is not full, in ascending order: a long log has very many that are."""

    def take(self, bits: int) -> int:
        """The offset of a small node's place."""
        if not bits and self.words:
            return self.room.get(0, WORD)
        word = next((k for k, used in self.room.items() if used + bits <= WORD), self.words)
        used = self.room.get(word, 0)
        self.words = max(self.words, word + 1)
        self.fill(word, used + bits)
        return word * WORD + used

    def take_words(self, count: int) -> int:
        """The offset of whole words."""
        at = self.words
        self.words += count
        return at * WORD

    def fill(self, word: int, used: int) -> None:
        """So many bits of the last words, or of one with room, are taken."""
        if used < WORD:
            self.room[word] = used
        else:
            self.room.pop(word, None)


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
        self._place()

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
        keys = [n.key for n in self.fields.values() if isinstance(n, MapNode | SetNode) and n.key.symmetric]
        return min(keys, key=lambda k: k.symmetric.bound != "servers", default=None) if keys else None  # type: ignore[union-attr]

    # --------------------------------------------------------------------------------------------------- placing

    def _place(self) -> None:
        bags = [n for n in self.fields.values() if isinstance(n, BagNode)]
        if len(bags) > 1:
            raise field_error(self.cls, bags[1].name, f"{bags[1].name}: a state has one bag; put both kinds in one")
        self.bag: BagNode | None = bags[0] if bags else None
        owned = [n for n in self.fields.values() if self.is_owned(n)]
        shared = [n for n in self.fields.values() if not self.is_owned(n) and n is not self.bag]
        self.lanes: list[tuple[int, int, list[Node]]] = []
        """(word of the server, bits of a lane, the nodes in it)."""
        region = Region()
        self._place_lanes(region, [n for n in owned if self._is_lane(n)])
        # Labels lie below the scalars, which are the sort key.
        rest = [n for n in owned if not self._is_lane(n)]
        for node in sorted(rest, key=lambda n: not (isinstance(n, MapNode) and _is_label(n.child))):
            self._place_in(region, node.child if isinstance(node, MapNode) else node, one=isinstance(node, SetNode))
        self.stride = region.words
        """Words that a server takes."""
        for node in owned:
            if isinstance(node, MapNode):
                node.offset, node.child.offset, node.stride = node.child.offset, 0, self.stride * WORD
            elif isinstance(node, SetNode):
                node.stride = self.stride * WORD
        count = self.owner.size if self.owner else 0
        region = Region(count * self.stride)
        for node in shared:
            self._place_in(region, node)
        self.words = region.words
        if self.bag is not None:
            self.bag.offset = self.words * WORD
            self.words += -(-self.bag.bits() // WORD)
        self.words = max(self.words, 1)

    def is_owned(self, node: Node) -> bool:
        """Whether a field has a value for each owner, in the owner's words."""
        return isinstance(node, MapNode | SetNode) and self.owner is not None and node.key == self.owner

    def _is_lane(self, node: Node) -> bool:
        """Whether a server keeps the node's value about every server, side by side."""
        if self.wide:
            return False
        inner = node.child if isinstance(node, MapNode) else None
        return isinstance(inner, MapNode | SetNode) and inner.key == self.owner

    def _place_lanes(self, region: Region, nodes: list[Node]) -> None:
        """Gather what a server keeps about each server into as few words as it fits."""
        count = self.owner.size if self.owner else 0
        for node in nodes:
            assert isinstance(node, MapNode)
            inner = node.child
            assert isinstance(inner, MapNode | SetNode)
            width = 1 if isinstance(inner, SetNode) else self._pack_small(inner.child)
            if width * count > WORD:
                raise BoundsError(
                    f"{node.name}: {count} lanes of {width} bits do not fit 64; fewer {self._owner_bound()}"
                )
            if not self.lanes or (self.lanes[-1][1] + width) * count > WORD:
                self.lanes.append((len(self.lanes), 0, []))
            word, used, members = self.lanes[-1]
            inner.offset = word * WORD + used
            self.lanes[-1] = (word, used + width, [*members, inner])
        for word, width, members in self.lanes:
            region.take_words(1)
            region.fill(word, width * count)
            for member in members:
                assert isinstance(member, MapNode | SetNode)
                member.stride = width

    def _owner_bound(self) -> str:
        assert self.owner is not None and self.owner.symmetric is not None
        return self.owner.symmetric.bound

    def _place_in(self, region: Region, node: Node, one: bool = False) -> None:
        """Give a node its place in a region; of an owned set, the place of one server's bit."""
        if one and isinstance(node, SetNode) and node.key == self.owner:
            node.offset = region.take(1)
        elif node.bits() <= WORD:
            self._pack_small(node)
            node.offset = region.take(node.bits())
        else:
            node.offset = region.take_words(self._pack_large(node))

    def _pack_small(self, node: Node) -> int:
        """Lay out a node that fits a word; its width."""
        match node:
            case SetNode():
                node.stride = 1
            case MapNode():
                node.stride = self._pack_small(node.child)
            case SeqNode():
                node.stride, node.items = self._pack_small(node.child), node.length_bits()
        return node.bits()

    def _pack_large(self, node: Node) -> int:
        """Lay out a node that takes whole words; their number."""
        match node:
            case SetNode():
                node.stride, node.per_word = 1, WORD
                return -(-node.key.size // WORD)
            case Record() if self.wide:
                return node.bits() // WORD
            case SeqNode() if node.child.bits() > WORD:
                words = self._pack_large(node.child)
                node.stride, node.items = words * WORD, WORD
                return 1 + words * node.slots
            case MapNode() if node.child.bits() > WORD:
                words = self._pack_large(node.child)
                node.stride = words * WORD
                return words * node.key.size
            case MapNode() | SeqNode() if node.child.bits() <= WORD:
                count = node.key.size if isinstance(node, MapNode) else node.slots
                node.stride = max(self._pack_small(node.child), 1)
                node.per_word = WORD // node.stride
                if isinstance(node, SeqNode):
                    node.items = WORD
                return -(-count // node.per_word) + isinstance(node, SeqNode)
        raise BoundsError(f"{node.name} takes {node.bits()} bits, and a record has to fit 64; lower a bound")

    # ------------------------------------------------------------------------------------------ states, interpreted

    def new(self, broken: int = 0) -> Any:
        """A state before the initial state is set."""
        state = object.__new__(self.cls)
        slots = state.__dict__
        slots["_layout"], slots["_broken"] = self, broken
        for name, sort in self.constants.items():
            slots[name] = Members(sort)
        for name, node in self.fields.items():
            slots[name] = node.fresh()
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
        state = object.__new__(self.cls)
        slots = state.__dict__
        slots["_layout"], slots["_broken"] = self, broken
        for name, sort in self.constants.items():
            slots[name] = Members(sort)
        for name, node in self.fields.items():
            slots[name] = node.unpack(bits >> node.offset)
        return self._joined(state)

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


def _is_label(node: Node) -> bool:
    return isinstance(node, Scalar) and node.sort.symmetric is not None


def _text(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation)
