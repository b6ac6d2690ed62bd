"""Where the words of a state, and the codes of messages, depend on the names of a symmetric sort's members.

label     bits that name a member
lanes     bits kept side by side for each member: they move where the member's name goes
subset    a bit for each member of a set
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import Sort
from raftproof.checker.native.text import Text


@dataclass
class Label:
    """Bits that name a member."""

    shift: int
    bits: int
    bias: int


@dataclass
class Lanes:
    """Bits kept side by side for each member."""

    shift: int
    stride: int
    width: int
    count: int


@dataclass
class Marks:
    """Where a word depends on the names of a sort's members."""

    lanes: list[Lanes] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    subsets: list[int] = field(default_factory=list)
    """Where sets of members begin, a bit for each member."""
    members: int = 0

    def holding(self, member: int) -> int:
        """The bits of one member in all sets."""
        return sum(1 << shift + member for shift in self.subsets)

    def mask(self) -> int:
        """All bits that depend on names."""
        bits = 0
        for group in self.lanes:
            for k in range(group.count):
                bits |= ((1 << group.width) - 1) << group.shift + k * group.stride
        for label in self.labels:
            bits |= ((1 << label.bits) - 1) << label.shift
        for member in range(self.members if self.subsets else 0):
            bits |= self.holding(member)
        return bits


def mark(marks: Marks, scalar: Scalar, at: int, sort: Sort) -> None:
    """Add what a scalar at a bit of a word says of the names of a sort's members."""
    if scalar.sort.symmetric is sort.symmetric:
        marks.labels.append(Label(at, scalar.bits(), scalar.bias))
    elif scalar.sort.subsets is sort.symmetric:
        marks.subsets.append(at)
        marks.members = sort.size


def marks_of(layout: Layout, sort: Sort, owned: bool) -> dict[int, Marks]:
    """The words (of one owner, or shared) that depend on the names of a sort's members."""
    found: dict[int, Marks] = {}

    def walk(node: Node, at: int) -> None:
        match node:
            case Scalar():
                mark(found.setdefault(at // WORD, Marks()), node, at % WORD, sort)
            case Record():
                for _, scalar, offset in node.scalars():
                    walk(scalar, at + offset)
            case MapNode() | SetNode():
                if node.key.symmetric is sort.symmetric:
                    width = node.child.bits() if isinstance(node, MapNode) else 1
                    if node.per_word or node.stride >= WORD:
                        raise BoundsError(f"{node.name} is too wide for symmetry; lower a bound, or --symmetry none")
                    lanes = Lanes(at % WORD, node.stride, width, node.key.size)
                    found.setdefault(at // WORD, Marks()).lanes.append(lanes)
                if isinstance(node, MapNode):
                    for place in range(node.key.size):
                        walk(node.child, at + node.at(place) + node.child.offset)
            case SeqNode():
                for place in range(node.slots):
                    walk(node.child, at + node.items + node.at(place))

    for node in layout.fields.values():
        if isinstance(node, BagNode) or layout.is_owned(node) != owned:
            continue
        if owned and isinstance(node, MapNode):
            walk(node.child, node.offset + node.child.offset)
        elif not owned:
            walk(node, node.offset)
    if owned and sort == layout.owner:
        _join_lanes(layout, found)
    return found


def _join_lanes(layout: Layout, found: dict[int, Marks]) -> None:
    """What a server keeps about each server lies in one lane, and is moved at once."""
    for word, width, _ in layout.lanes:
        found[word].lanes = [Lanes(0, width, width, layout.owner.size)] if layout.owner else []


def message_marks(bag: BagNode, sort: Sort) -> list[Marks]:
    """For each kind of message, the bits that depend on the names of a sort's members."""
    found = []
    for kind in bag.kinds:
        marks = Marks()
        for _, scalar, at in kind.record.scalars():
            mark(marks, scalar, at, sort)
        found.append(marks)
    return found


def by_kind(text: Text, bag: BagNode, sort: Sort) -> Iterator[Marks]:
    """The marks of each kind, under a test of the tag where kinds differ; `c` holds the code."""
    marks = message_marks(bag, sort)
    if all(group == marks[0] for group in marks):
        yield marks[0]
        return
    for tag, group in enumerate(marks, 1):
        if group != Marks():
            with text.block(f"if c >> {bag.tag_shift} == {tag}:"):
                yield group
