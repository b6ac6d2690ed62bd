"""One place of many states at once: a column of integers, read from the states' words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, MapNode, Node, Record, Scalar, SeqNode, SetNode

LENGTH = 0
"""The place in a sequence that stands for its length: items are numbered from 1."""

Column = NDArray[np.int64]


class Columns:
    """Some states of a layout, a row of words each."""

    def __init__(self, layout: Layout, words: NDArray[np.uint64]) -> None:
        self.layout, self.words = layout, words.reshape(-1, layout.words)
        self._read: dict[tuple[int | str, ...], Column] = {}

    def __len__(self) -> int:
        return len(self.words)

    def __call__(self, field: str, *path: int | str) -> Column:
        """The value at a place in every state: ("log", server, index, "term"), ("log", server, LENGTH), ("role",
        server); of a set and a member, 1 if the member is in."""
        place = (field, *path)
        if place not in self._read:
            node = self.layout.fields[field]
            offset, width, bias = _place(node, node.offset, path)
            bits = self.words[:, offset // WORD] >> np.uint64(offset % WORD)
            self._read[place] = (bits & np.uint64((1 << width) - 1)).astype(np.int64) - bias
        return self._read[place]


def _place(node: Node, offset: int, path: tuple[int | str, ...]) -> tuple[int, int, int]:
    """Where a value's bits begin, how many they are, and what is added to the value."""
    match node, path:
        case Scalar(), ():
            return offset, node.bits(), node.bias
        case SetNode(), (int(member),):
            return offset + node.at(member - node.key.first), 1, 0
        case SeqNode(), (0,):
            return offset, node.length_bits(), 0
        case MapNode(), (int(key), *rest):
            return _place(node.child, offset + node.at(key - node.key.first), tuple(rest))
        case SeqNode(), (int(index), *rest):
            return _place(node.child, offset + node.items + node.at(index - 1), tuple(rest))
        case Record(), (str(name), *rest):
            part = next(part for part in node.fields if part.name == name)
            return _place(part, offset + part.offset, tuple(rest))
    raise KeyError(f"{node.name}: {path} is no single value")
