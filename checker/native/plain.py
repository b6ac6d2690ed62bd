"""What the primitives mean, in Python: the kernels run uncompiled on this (NUMBA_DISABLE_JIT=1), slowly.

A kernel can so be stepped through, and the generated code is tested apart from numba and LLVM. A state is still a few
words in a buffer; a field access finds its bits by the layout, as compiled code does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, Array, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.native.batch import Words

__all__ = [
    "bag_of", "choice", "code_of", "compare_and_swap", "count_bits", "home", "message_of", "mix",
    "part", "peek", "prefetch", "set_slot",
    "set_word", "slot", "word",
]  # fmt: skip

ALL = (1 << WORD) - 1


class PlainState:
    """A state in a buffer."""

    def __init__(self, layout: Layout, buffer: Words, first: int, broken: int, part: str = "") -> None:
        if not 0 <= first <= len(buffer) - layout.words:
            raise IndexError("a state lies outside its buffer")
        slots = self.__dict__
        slots["layout"], slots["buffer"], slots["first"], slots["broken"] = layout, buffer, first, broken
        slots["part"] = part

    def __getattr__(self, name: str) -> Any:
        name = self.part + name
        if name in self.layout.nested:
            return PlainState(self.layout, self.buffer, self.first, 0, f"{name}.")
        sort = self.layout.constants.get(name)
        if sort is not None:
            return range(sort.first, sort.last + 1)
        node = self.layout.fields[name]
        return _value(node, self.buffer, self.first * WORD + node.offset)

    def __setattr__(self, name: str, value: Any) -> None:
        node = self.layout.fields[self.part + name]
        assert isinstance(node, Scalar | Record)
        _put(self.buffer, self.first * WORD + node.offset, node.bits(), node.pack(node.check(value)))

    def upholds(self, rule: int) -> bool:
        """Whether a rule is in force."""
        return not self.broken >> int(rule) & 1


def state_at(layout: Layout) -> Callable[[Words, int, int], PlainState]:
    """The function at(buffer, k, broken): the k-th state of an array of words."""
    return lambda buffer, k, broken: PlainState(layout, buffer, int(k) * layout.words, broken)


def _get(buffer: Words, offset: int, bits: int) -> int:
    if bits > WORD:  # a record of a wide layout
        return _get(buffer, offset, WORD) | _get(buffer, offset + WORD, bits - WORD) << WORD
    return int(buffer[offset // WORD]) >> offset % WORD & (1 << bits) - 1 if bits else 0


def _put(buffer: Words, offset: int, bits: int, value: int) -> None:
    if bits > WORD:
        _put(buffer, offset, WORD, value & ALL)
        _put(buffer, offset + WORD, bits - WORD, value >> WORD)
    elif bits:
        mask = (1 << bits) - 1 << offset % WORD
        buffer[offset // WORD] = int(buffer[offset // WORD]) & ~mask & ALL | value << offset % WORD


def _value(node: Node, buffer: Words, offset: int) -> Any:
    if isinstance(node, Scalar | Record):
        value = node.unpack(_get(buffer, offset, node.bits()))
        return bool(value) if isinstance(node, Scalar) and node.sort.boolean else value
    return PlainRef(node, buffer, offset)


class PlainRef:
    """The place of a container in a state."""

    def __init__(self, node: Any, buffer: Words, offset: int) -> None:
        self.node, self.buffer, self.offset = node, buffer, offset

    def _element(self, index: int) -> int:
        """The offset of a child."""
        node: Array = self.node
        if isinstance(node, SeqNode):
            if not 1 <= index <= len(self):
                raise IndexError(f"{node.name}: an index is outside the sequence")
            return self.offset + node.items + node.at(index - 1)
        assert isinstance(node, MapNode | SetNode)
        if not node.key.first <= index <= node.key.last:
            raise IndexError(f"{node.name}: an index is no {node.key.name}")
        return self.offset + node.at(index - node.key.first)

    def __getitem__(self, index: int) -> Any:
        child = self.node.child
        return _value(
            child, self.buffer, self._element(int(index)) + (0 if isinstance(child, Record) else child.offset)
        )

    def __setitem__(self, index: int, value: Any) -> None:
        child = self.node.child
        _put(self.buffer, self._element(int(index)), child.bits(), child.pack(child.check(value)))

    def __len__(self) -> int:
        node = self.node
        if isinstance(node, SeqNode):
            return _get(self.buffer, self.offset, node.length_bits())
        if isinstance(node, BagNode):
            return sum(1 for k in range(node.slots) if slot(self, k))
        return sum(_get(self.buffer, self.offset + node.at(k), 1) for k in range(node.key.size))

    def __contains__(self, member: Any) -> bool:
        if isinstance(self.node, BagNode):
            return any(slot(self, k) == code_of(self, member) for k in range(self.node.slots))
        is_member = self.node.key.first <= int(member) <= self.node.key.last
        return is_member and bool(_get(self.buffer, self._element(int(member)), 1))

    def add(self, member: int) -> None:
        """Put a member into a set."""
        _put(self.buffer, self._element(int(member)), 1, 1)

    def clear(self) -> None:
        """Empty a set."""
        for member in range(self.node.key.first, self.node.key.last + 1):
            _put(self.buffer, self._element(member), 1, 0)

    def append(self, item: Any) -> None:
        """Add an item to a sequence."""
        node, length = self.node, len(self)
        if length == node.slots:
            raise OverflowError(f"{node.name} would hold more than {node.slots} items; declare AtMost(..., over=…)")
        bits = node.child.pack(node.child.check(item))
        _put(self.buffer, self.offset, node.length_bits(), length + 1)
        _put(self.buffer, self._element(length + 1), node.child.bits(), bits)

    def pop(self) -> None:
        """Drop the last item of a sequence."""
        length = len(self)
        if not length:
            raise OverflowError(f"{self.node.name}: pop from an empty sequence")
        _put(self.buffer, self._element(length), self.node.child.bits(), 0)
        _put(self.buffer, self.offset, self.node.length_bits(), length - 1)

    def truncate(self, length: int) -> None:
        """Keep the first items of a sequence."""
        if not 0 <= length <= len(self):
            raise OverflowError(f"{self.node.name}: a sequence cannot grow by truncate")
        while len(self) > length:
            self.pop()

    def drop(self, count: int) -> None:
        """Drop the first items of a sequence."""
        if not 0 <= count <= len(self):
            raise OverflowError(f"{self.node.name}: a sequence cannot drop more than it holds")
        items = [self[k] for k in range(count + 1, len(self) + 1)]
        self.truncate(0)
        for item in items:
            self.append(item)

    def send(self, message: Any) -> None:
        """Put a message into a bag; its slots stay sorted downwards."""
        codes = self._codes()
        if len(codes) == self.node.slots:
            raise OverflowError(
                f"{self.node.name} would hold more than {self.node.slots} messages; declare AtMost(..., over=…)"
            )
        self._set_codes([*codes, code_of(self, message)])

    def discard(self, item: Any) -> None:
        """Take a member out of a set, or a copy of a message out of a bag."""
        if not isinstance(self.node, BagNode):
            if item in self:
                _put(self.buffer, self._element(int(item)), 1, 0)
            return
        codes, code = self._codes(), code_of(self, item)
        if code not in codes:
            raise OverflowError(f"{self.node.name}: the message is not in flight")
        codes.remove(code)
        self._set_codes(codes)

    def _codes(self) -> list[int]:
        return [code for k in range(self.node.slots) if (code := slot(self, k))]

    def _set_codes(self, codes: list[int]) -> None:
        ordered = sorted(codes, reverse=True) + [0] * (self.node.slots - len(codes))
        for k, code in enumerate(ordered):
            set_slot(self, k, code)


# --------------------------------------------------------------------------------------------------- primitives


def buffer(array: Words) -> Words:
    """The array itself."""
    return array


def part(words: Words, first: int) -> Words:
    """What a buffer holds from a word on."""
    return words[int(first) :]


def word(state: PlainState, k: int) -> np.uint64:
    """The k-th word of a state."""
    return np.uint64(state.buffer[state.first + int(k)])


def set_word(state: PlainState, k: int, value: Any) -> None:
    """Replace the k-th word of a state."""
    state.buffer[state.first + int(k)] = value


def bag_of(state: PlainState) -> PlainRef:
    """The bag of a state."""
    bag = state.layout.bag
    return PlainRef(bag, state.buffer, state.first * WORD + bag.offset)


def slot(bag: PlainRef, k: int) -> int:
    """The code in the k-th slot, 0 where it is empty."""
    return _get(bag.buffer, bag.offset + int(k) * bag.node.slot_bits, bag.node.slot_bits)


def set_slot(bag: PlainRef, k: int, code: Any) -> None:
    """Replace the code in the k-th slot."""
    _put(bag.buffer, bag.offset + int(k) * bag.node.slot_bits, bag.node.slot_bits, int(code))


def code_of(bag: PlainRef, message: Any) -> int:
    """The code of a message."""
    return int(bag.node.code(message))


def message_of(bag: PlainRef, tag: int, code: int) -> Any:
    """The message of a code whose kind is known."""
    return bag.node.kinds[tag - 1].record.unpack(int(code))


def choice(digits: int) -> tuple[int, ...]:
    """A value for each key of a Map that an action takes, from eight bits each."""
    return tuple(int(digits).to_bytes(8, "little"))


def count_bits(value: Any) -> np.uint64:
    """How many bits of a word are set."""
    return np.uint64(int(value).bit_count())


def mix(x: Any, y: Any) -> np.uint64:
    """The two halves of the 128-bit product of two words, folded together."""
    product = int(x) * int(y)
    return np.uint64(product & ALL ^ product >> WORD)


def home(fingerprint: Any, size: Any) -> int:
    """Where a fingerprint belongs in a table."""
    return int(fingerprint) * int(size) >> WORD


def peek(table: Words, place: int) -> np.uint64:
    """Read a cell."""
    return np.uint64(table[place])


def compare_and_swap(table: Words, place: int, old: Any, new: Any) -> np.uint64:
    """Write a cell if it still holds `old`; what it held before. Plain kernels run in one thread."""
    before = np.uint64(table[place])
    if before == old:
        table[place] = new
    return before


def prefetch(table: Words, place: int) -> None:
    """Nothing: a hint to the processor."""
