"""An action of the model on the wide state of a trace, in plain Python: slower, but it says what decided.

It reads and writes the words that the compiled actions read and write, so that either may follow the other.
"""

from __future__ import annotations

from typing import Any

from raftproof.checker.language import Layout
from raftproof.checker.language.nodes import WORD, Array, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.native.batch import Words
from raftproof.traces.conformance.clauses import Notes, instrumented


def step(layout: Layout, words: Words, off: int, name: str, arguments: tuple[Any, ...], notes: Notes) -> bool:
    """Try an action; what its clauses were is noted."""
    return bool(instrumented(name, notes)(Whole(layout, words, off), *arguments))


def deliver(
    layout: Layout, words: Words, off: int, name: str, kind: type, values: tuple[int, ...], notes: Notes
) -> bool:
    """Put a message in flight, given as its numbers in a row, and try an action on it."""
    state = Whole(layout, words, off)
    assert layout.bag is not None
    record = next(k.record for k in layout.bag.kinds if k.record.cls is kind)
    message = _built(record, iter(values))
    state.messages.send(message)
    return bool(instrumented(name, notes)(state, message))


def _built(record: Record, values: Any) -> Any:
    parts = [_built(part, values) if isinstance(part, Record) else next(values) for part in record.fields]
    return record.cls(*parts)


class Whole:
    """The state of the cluster."""

    def __init__(self, layout: Layout, words: Words, off: int) -> None:
        slots = self.__dict__
        slots["layout"], slots["words"], slots["off"] = layout, words, off

    def __getattr__(self, name: str) -> Any:
        sort = self.layout.constants.get(name)
        if sort is not None:
            return range(sort.first, sort.last + 1)
        node = self.layout.fields[name]
        return _value(node, self.words, node.offset)

    def __setattr__(self, name: str, value: Any) -> None:
        node = self.layout.fields[name]
        _put(node, self.words, node.offset, value)

    def upholds(self, rule: int) -> bool:
        """Whether a rule is in force."""
        return not self.off >> int(rule) & 1


def _value(node: Node, words: Words, offset: int) -> Any:
    """What a node holds: a number, a record, or the place of a container."""
    if isinstance(node, Scalar):
        return int(words[offset // WORD]) - node.bias
    if isinstance(node, Record):
        return node.cls(*(_value(part, words, offset + part.offset) for part in node.fields))
    return Place(node, words, offset)


def _put(node: Node, words: Words, offset: int, value: Any) -> None:
    if isinstance(node, Record):
        for part, inner in zip(node.fields, value, strict=True):
            _put(part, words, offset + part.offset, inner)
    else:
        assert isinstance(node, Scalar)
        words[offset // WORD] = int(value) + node.bias


class Place:
    """Where a container stands."""

    def __init__(self, node: Node, words: Words, offset: int) -> None:
        self.node, self.words, self.offset = node, words, offset

    def _at(self, key: int) -> int:
        node = self.node
        assert isinstance(node, Array)
        if isinstance(node, SeqNode):
            if not 1 <= key <= len(self):
                raise IndexError(f"{node.name} has no item {key}")
            return self.offset + node.items + node.at(key - 1)
        assert isinstance(node, MapNode | SetNode)
        return self.offset + node.at(key - node.key.first)

    def __getitem__(self, key: int) -> Any:
        assert isinstance(self.node, MapNode | SeqNode)
        return _value(self.node.child, self.words, self._at(key))

    def __setitem__(self, key: int, value: Any) -> None:
        assert isinstance(self.node, MapNode | SeqNode)
        _put(self.node.child, self.words, self._at(key), value)

    def __len__(self) -> int:
        return int(self.words[self.offset // WORD])

    # ------------------------------------------------------------------------------------------- sequences

    def append(self, item: Any) -> None:
        """One more item."""
        self.words[self.offset // WORD] += 1
        self[len(self)] = item

    def truncate(self, length: int) -> None:
        """Keep the first items; the words behind them are zero."""
        node = self.node
        assert isinstance(node, SeqNode)
        first = (self.offset + node.items) // WORD
        self.words[first + length * node.stride // WORD : first + len(self) * node.stride // WORD] = 0
        self.words[self.offset // WORD] = length

    # ------------------------------------------------------------------------------------------- sets

    def _bit(self, member: int) -> tuple[int, int]:
        at = self._at(member)
        return at // WORD, 1 << at % WORD

    def __contains__(self, member: int) -> bool:
        at, bit = self._bit(member)
        return bool(int(self.words[at]) & bit)

    def add(self, member: int) -> None:
        """One more member."""
        at, bit = self._bit(member)
        self.words[at] = int(self.words[at]) | bit

    def clear(self) -> None:
        """No member."""
        assert isinstance(self.node, SetNode)
        for member in range(self.node.key.first, self.node.key.last + 1):
            at, bit = self._bit(member)
            self.words[at] = int(self.words[at]) & ~bit

    # ------------------------------------------------------------------------------------------- the network

    def send(self, message: Any) -> None:
        """A message is in flight: the only one, as a trace is followed."""
        node = self.node
        assert isinstance(node, BagNode)
        kind = node.kind_of(message)
        at = self.offset // WORD
        assert not self.words[at + node.tag_shift // WORD], "one message at a time is in flight"
        _put(kind.record, self.words, self.offset, message)
        self.words[at + node.tag_shift // WORD] = kind.tag

    def discard(self, message: Any) -> None:
        """The message is in flight no more."""
        node = self.node
        assert isinstance(node, BagNode)
        at = self.offset // WORD
        self.words[at : at + node.slot_bits // WORD] = 0
