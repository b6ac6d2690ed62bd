"""The tree of a state: what each field is made of, where its bits lie, and how a value becomes bits and back.

A state is one long integer; compiled, it is cut into 64-bit words. Each node knows its offset in bits from its
parent, so that the place of a value is the sum along its path. No value crosses a word: a small node lies within one
word; a larger one takes whole words of its own.

    Map      its i-th child at   i * stride                              (small: stride bits; large: whole words)
             or, packed,         i // per_word words + i % per_word * stride
    Seq      its length, then its items like a Map's children; items beyond the length are zero
    Set      a Map to single bits
    Record   its fields side by side
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from raftproof.checker.language.containers import Bag, Map, Seq, Set, in_range
from raftproof.checker.language.errors import ModelError
from raftproof.checker.language.sorts import OrderOnly, Sort

WORD = 64


@dataclass
class Node:
    """A part of the state."""

    name: str
    offset: int = field(default=0, kw_only=True)
    """Bits from the start of the parent."""

    def bits(self) -> int:
        """How many bits the value takes where it lies in one piece."""
        raise NotImplementedError

    def fresh(self) -> Any:
        """The value that a field has before the initial state sets it: zero, none, empty."""
        raise NotImplementedError

    def copy(self, value: Any) -> Any:
        """A value that shares nothing mutable with the given one."""
        return value

    def pack(self, value: Any) -> int:
        """The bits of a value, counted from the node's own place."""
        raise NotImplementedError

    def unpack(self, bits: int) -> Any:
        """The value of bits that begin at the node's own place."""
        raise NotImplementedError

    def inside(self, value: Any) -> bool:
        """Whether the value lies inside the search: at most its declared limit."""
        return True

    def show(self, value: Any) -> Any:
        """The value as JSON."""
        raise NotImplementedError

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Any:
        """The value after its members of `sort`, or its values of an order-only sort, were renamed."""
        raise NotImplementedError


@dataclass
class Scalar(Node):
    """A single value of a sort, stored as value + bias."""

    sort: Sort
    bias: int = 0
    wide: bool = False
    """Whether it has a word of its own."""

    def bits(self) -> int:
        return WORD if self.wide else (self.sort.high + self.bias).bit_length()

    def fresh(self) -> int:
        return self.sort.low

    def check(self, value: Any, name: str = "") -> int:
        """The value as a plain integer; a ModelError where it is out of range."""
        return in_range(name or self.name, self.sort, value)

    def pack(self, value: int) -> int:
        return value + self.bias

    def unpack(self, bits: int) -> int:
        return (bits & (1 << self.bits()) - 1) - self.bias

    def inside(self, value: int) -> bool:
        return self.sort.limit is None or value <= self.sort.limit

    def show(self, value: int) -> Any:
        return self.sort.show(value)

    def relabel(self, value: int, sort: type | OrderOnly, to: Callable[[int], int]) -> int:
        if self.sort.subsets is sort:
            return sum(1 << to(k) for k in range(len(self.sort.names)) if value >> k & 1)
        return to(value) if value >= 0 and sort in (self.sort.symmetric, self.sort.order) else value


@dataclass
class Record(Node):
    """A NamedTuple of scalars and records: a value, replaced as a whole."""

    cls: Any
    fields: list[Scalar | Record]

    def bits(self) -> int:
        return sum(f.bits() for f in self.fields)

    def place(self, order: Callable[[Scalar | Record], Any] | None = None) -> Record:
        """Lay the fields side by side, in the given order."""
        at = 0
        for part in sorted(self.fields, key=order) if order else self.fields:
            part.offset = at
            at += part.bits()
        return self

    def scalars(self, offset: int = 0) -> Iterator[tuple[tuple[int, ...], Scalar, int]]:
        """(path of field numbers, scalar, offset in bits) of every scalar inside."""
        for k, part in enumerate(self.fields):
            if isinstance(part, Scalar):
                yield (k,), part, offset + part.offset
            else:
                yield from (((k, *path), s, at) for path, s, at in part.scalars(offset + part.offset))

    def check(self, value: Any, name: str = "") -> Any:
        """The value with plain integers in it; a ModelError where a field is out of its range."""
        place = name or self.name
        if not isinstance(value, self.cls):
            raise ModelError(f"{place} = {value!r} is no {self.cls.__name__}")
        checked = []
        for part, item in zip(self.fields, value, strict=True):
            if isinstance(part, Record):
                checked.append(part.check(item, f"{place}.{part.name}"))
            else:
                number = in_range(f"{place}.{part.name}", part.sort, item)
                checked.append(bool(number) if part.sort.boolean else number)
        return self.cls(*checked)

    def fresh(self) -> Any:
        return self.cls(*(f.fresh() for f in self.fields))

    def pack(self, value: Any) -> int:
        return sum(f.pack(v) << f.offset for f, v in zip(self.fields, value, strict=True))

    def unpack(self, bits: int) -> Any:
        values = (f.unpack(bits >> f.offset) for f in self.fields)
        return self.cls(
            *(
                bool(v) if isinstance(f, Scalar) and f.sort.boolean else v
                for f, v in zip(self.fields, values, strict=True)
            )
        )

    def inside(self, value: Any) -> bool:
        return all(f.inside(v) for f, v in zip(self.fields, value, strict=True))

    def show(self, value: Any) -> dict[str, Any]:
        return {f.name: f.show(v) for f, v in zip(self.fields, value, strict=True)}

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Any:
        return self.cls(*(f.relabel(v, sort, to) for f, v in zip(self.fields, value, strict=True)))


@dataclass
class Array(Node):
    """Places side by side: what maps, sets and sequences have in common."""

    stride: int = field(default=0, kw_only=True)
    """Bits from one child to the next."""
    per_word: int = field(default=0, kw_only=True)
    """How many children share a word, where they are packed; 0 where they are not."""

    def at(self, place: int) -> int:
        """The offset in bits of the child at a place, counted from 0."""
        if self.per_word:
            return place // self.per_word * WORD + place % self.per_word * self.stride
        return place * self.stride


@dataclass
class MapNode(Array):
    """A value for every member of a sort."""

    key: Sort
    child: Node

    def bits(self) -> int:
        return self.key.size * self.child.bits()

    def _check(self) -> Callable[[Any, str], Any] | None:
        """How a value is checked before it is assigned; None for containers, which are changed in place."""
        return self.child.check if isinstance(self.child, Scalar | Record) else None

    def fresh(self) -> Map[int, Any]:
        return Map(self.name, self.key, [self.child.fresh() for _ in range(self.key.size)], self._check())

    def copy(self, value: Any) -> Map[int, Any]:
        if isinstance(self.child, Scalar | Record):
            return Map(self.name, self.key, value._values[:], self.child.check)
        return Map(self.name, self.key, [self.child.copy(v) for v in value._values], None)

    def pack(self, value: Any) -> int:
        return sum(self.child.pack(v) << self.at(k) for k, v in enumerate(value._values))

    def unpack(self, bits: int) -> Map[int, Any]:
        values = [self.child.unpack(bits >> self.at(k)) for k in range(self.key.size)]
        return Map(self.name, self.key, values, self._check())

    def inside(self, value: Any) -> bool:
        return all(self.child.inside(v) for v in value._values)

    def show(self, value: Any) -> dict[str, Any]:
        names = self.key.names or tuple(map(str, range(self.key.first, self.key.last + 1)))
        return {n: self.child.show(v) for n, v in zip(names, value._values, strict=True)}

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Map[int, Any]:
        values = [self.child.relabel(v, sort, to) for v in value._values]
        if self.key.symmetric is sort:
            values = [v for _, v in sorted((to(k), v) for k, v in enumerate(values))]
        return Map(self.name, self.key, values, self._check())


@dataclass
class SetNode(Array):
    """A set of members of a sort, a bit each."""

    key: Sort

    def bits(self) -> int:
        return self.key.size

    def fresh(self) -> Set[int]:
        return Set(self.name, self.key)

    def copy(self, value: Any) -> Set[int]:
        made: Set[int] = Set(self.name, self.key)
        made._members = set(value._members)
        return made

    def pack(self, value: Any) -> int:
        return sum(1 << self.at(m - self.key.first) for m in value._members)

    def unpack(self, bits: int) -> Set[int]:
        made: Set[int] = Set(self.name, self.key)
        made._members = {k + self.key.first for k in range(self.key.size) if bits >> self.at(k) & 1}
        return made

    def show(self, value: Any) -> list[Any]:
        return [self.key.show(m) for m in sorted(value._members)]

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Set[int]:
        made = self.copy(value)
        if self.key.symmetric is sort:
            made._members = {to(m) for m in value._members}
        return made


@dataclass
class SeqNode(Array):
    """A bounded sequence: its length, then its items."""

    child: Scalar | Record
    limit: int
    slots: int
    items: int = 0
    """Bits from the length to the first item."""

    def length_bits(self) -> int:
        """The width of the length."""
        return self.slots.bit_length()

    def bits(self) -> int:
        return self.length_bits() + self.slots * self.child.bits()

    def fresh(self) -> Seq[Any]:
        return Seq(self.name, self.slots, self.child.check)

    def copy(self, value: Any) -> Seq[Any]:
        made: Seq[Any] = Seq(self.name, self.slots, self.child.check)
        made._items = value._items[:]
        return made

    def pack(self, value: Any) -> int:
        items = sum(self.child.pack(v) << self.items + self.at(k) for k, v in enumerate(value._items))
        return items + len(value._items)

    def unpack(self, bits: int) -> Seq[Any]:
        made: Seq[Any] = Seq(self.name, self.slots, self.child.check)
        length = bits & (1 << self.length_bits()) - 1
        made._items = [self.child.unpack(bits >> self.items + self.at(k)) for k in range(length)]
        return made

    def inside(self, value: Any) -> bool:
        return len(value._items) <= self.limit and all(self.child.inside(v) for v in value._items)

    def show(self, value: Any) -> list[Any]:
        return [self.child.show(v) for v in value._items]

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Seq[Any]:
        made = self.copy(value)
        made._items = [self.child.relabel(v, sort, to) for v in value._items]
        return made


@dataclass
class Kind:
    """One kind of message: a record under a tag; the tags begin at 1, so that no message is zero."""

    record: Record
    tag: int


@dataclass
class BagNode(Node):
    """A multiset of messages: their codes in slots, sorted downwards, 0 for an empty slot."""

    kinds: list[Kind]
    limit: int
    copies: int
    slots: int
    tag_shift: int = 0
    slot_bits: int = 0

    def place(self) -> BagNode:
        """Lay out the codes: fields low, tag above them, in slots of 32 bits or of whole words."""
        self.tag_shift = max(k.record.bits() for k in self.kinds)
        self.slot_bits = 32 if self.code_bits() < 32 else -(-self.code_bits() // WORD) * WORD
        return self

    def code_bits(self) -> int:
        """The width of a message's code."""
        return self.tag_shift + len(self.kinds).bit_length()

    def bits(self) -> int:
        return self.slots * self.slot_bits

    def kind_of(self, message: Any) -> Kind:
        """The kind that a message's class declares."""
        kind = next((k for k in self.kinds if k.record.cls is type(message)), None)
        if kind is None:
            raise ModelError(f"{self.name}: {message!r} is none of its messages")
        return kind

    def code(self, message: Any) -> int:
        """A message as an integer."""
        kind = self.kind_of(message)
        return kind.tag << self.tag_shift | kind.record.pack(kind.record.check(message))

    def message(self, code: int) -> Any:
        """The message of a code."""
        return self.kinds[(code >> self.tag_shift) - 1].record.unpack(code)

    def fresh(self) -> Bag[Any]:
        return Bag(self.name, self.slots)

    def copy(self, value: Any) -> Bag[Any]:
        made: Bag[Any] = Bag(self.name, self.slots)
        made._counts = Counter(value._counts)
        return made

    def pack(self, value: Any) -> int:
        codes = sorted((self.code(m) for m in value._counts.elements()), reverse=True)
        return sum(c << k * self.slot_bits for k, c in enumerate(codes))

    def unpack(self, bits: int) -> Bag[Any]:
        made: Bag[Any] = Bag(self.name, self.slots)
        for k in range(self.slots):
            code = bits >> k * self.slot_bits & (1 << self.slot_bits) - 1
            if code:
                made._counts[self.message(code)] += 1
        return made

    def inside(self, value: Any) -> bool:
        counts = value._counts
        return counts.total() <= self.limit and all(c <= self.copies for c in counts.values())

    def distinct(self, value: Any) -> list[Any]:
        """The different messages in flight, in the order of their codes, downwards."""
        return sorted(value._counts, key=self.code, reverse=True)

    def show(self, value: Any) -> list[Any]:
        messages = sorted(value._counts.elements(), key=self.code, reverse=True)
        return [{"kind": type(m).__name__, **self.kind_of(m).record.show(m)} for m in messages]

    def relabel(self, value: Any, sort: type | OrderOnly, to: Callable[[int], int]) -> Bag[Any]:
        made: Bag[Any] = Bag(self.name, self.slots)
        for message, count in value._counts.items():
            made._counts[self.kind_of(message).record.relabel(message, sort, to)] += count
        return made
