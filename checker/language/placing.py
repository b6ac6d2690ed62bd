"""Places the nodes of a state: the word and the bit of every value.

            high                                                              low
  server i  | scalars: current_term role log … | labels | lane 2 | lane 1 | lane 0 |      `stride` words each
                       the sort key           relabelled   lane j = all that i keeps about j
  shared    | fields that belong to no server                                      |
  bag       | slot 0 | slot 1 | …        message codes, sorted downwards, 0 = empty |

The *owner* is the symmetric sort whose members have words of their own (the servers); what a server keeps about every
server lies in lanes, so that relabelling servers moves words and lanes and touches little else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.nodes import WORD, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import Sort


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


class Placing:
    """Gives the nodes of a state their places; raises BoundsError where one does not fit."""

    def __init__(self, fields: Iterable[Node], owner: Sort | None, wide: bool) -> None:
        self.owner, self.wide = owner, wide
        self.lanes: list[tuple[int, int, list[Node]]] = []
        nodes = list(fields)
        owned = [n for n in nodes if is_owned(n, owner)]
        self.stride = self._place_owned(owned)
        region = Region((owner.size if owner else 0) * self.stride)
        for node in nodes:
            if not is_owned(node, owner) and not isinstance(node, BagNode):
                self._place_in(region, node)
        self.words = region.words
        for bag in nodes:
            if isinstance(bag, BagNode):
                bag.offset = self.words * WORD
                self.words += -(-bag.bits() // WORD)
        self.words = max(self.words, 1)

    def _place_owned(self, owned: list[Node]) -> int:
        """Place what each owner has; how many words that takes."""
        region = Region()
        self._place_lanes(region, [n for n in owned if self._is_lane(n)])
        # Labels lie below the scalars, which are the sort key.
        rest = [n for n in owned if not self._is_lane(n)]
        for node in sorted(rest, key=lambda n: not (isinstance(n, MapNode) and _is_label(n.child))):
            self._place_in(region, node.child if isinstance(node, MapNode) else node, one=isinstance(node, SetNode))
        for node in owned:
            if isinstance(node, MapNode):
                node.offset, node.child.offset, node.stride = node.child.offset, 0, region.words * WORD
            elif isinstance(node, SetNode):
                node.stride = region.words * WORD
        return region.words

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


def is_owned(node: Node, owner: Sort | None) -> bool:
    """Whether a field has a value for each owner, in the owner's words."""
    return isinstance(node, MapNode | SetNode) and owner is not None and node.key == owner


def _is_label(node: Node) -> bool:
    return isinstance(node, Scalar) and node.sort.symmetric is not None
