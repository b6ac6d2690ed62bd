"""Generates the keys that servers are sorted by: hashes that the names of servers do not change.

A server's key folds its scalars, what it keeps about itself and, summed, about all, whom its labels point at (itself,
another, none), the shared fields and the messages that name it.
"""

from __future__ import annotations

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, BagNode
from raftproof.checker.language.sorts import Sort
from raftproof.checker.native.marks import Marks, by_kind, marks_of
from raftproof.checker.native.text import Text

ALL = (1 << WORD) - 1
SALT = (
    0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3,
    0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93,
)  # fmt: skip
"""Odd-looking words that keep the parts of a hash apart."""


def generate_keys(text: Text, layout: Layout, owner: Sort) -> None:
    n = owner.size
    owned = marks_of(layout, owner, owned=True)
    for i in range(n):
        for k in range(layout.stride):
            _key_of_word(text, owned.get(k, Marks()), i, k, i * layout.stride + k, n)
    for k, marks in marks_of(layout, owner, owned=False).items():
        for number, label in enumerate(marks.labels):
            for i in range(n):
                value = f"((word(t, {k}) >> U({label.shift})) & U({(1 << label.bits) - 1}))"
                text(f"k{i} += U({SALT[(number + k) % 8]}) if {value} == U({i + label.bias}) else U(0)")
        if marks.subsets:
            for i in range(n):
                held = f"(word(t, {k}) & U({marks.holding(i)})) >> U({i})"
                text(f"k{i} += mix(({held}) ^ U({SALT[k % 8]}), U({SALT[(k + 2) % 8]}))")
        inner = ALL & ~Marks([], marks.labels, marks.subsets, marks.members).mask()
        for number, group in enumerate(marks.lanes):
            for i in range(n):
                shift, mask = group.shift + i * group.stride, (1 << group.width) - 1
                lane = f"(((word(t, {k}) & U({inner})) >> U({shift})) & U({mask}))"
                text(f"k{i} += mix({lane} ^ U({SALT[number % 8]}), U({SALT[(number + k + 1) % 8]}))")
    if layout.bag:
        _add_messages_to_keys(text, layout.bag, owner, n)


def _key_of_word(text: Text, marks: Marks, i: int, k: int, place: int, n: int) -> None:
    """Fold one word of server i into its key."""
    plain = ALL & ~marks.mask()
    inner = ALL & ~Marks([], marks.labels, marks.subsets, marks.members).mask()
    text(f"w = word(t, {place})", f"a = U({SALT[(2 * k + 1) % 8]})")
    for group in marks.lanes:
        mask = (1 << group.width) - 1
        lanes = [f"(((w & U({inner})) >> U({group.shift + j * group.stride})) & U({mask}))" for j in range(n)]
        text(f"a ^= {lanes[i]} | (({' + '.join(lanes)}) << U({group.width}))")
    for number, label in enumerate(marks.labels):
        text(f"v = (w >> U({label.shift})) & U({(1 << label.bits) - 1})")
        relation = f"(U(1) if v == U({i + label.bias}) else U(2))"
        if label.bias:
            relation = f"(U(0) if v == U(0) else {relation})"
        text(f"a += {relation} << U({50 + number * 2 % 14})")
    if marks.subsets:
        text(f"a += ((w & U({marks.holding(i)})) >> U({i})) * U({SALT[(k + 5) % 8]})")
    before = f"k{i} ^ " if k else ""
    text(f"k{i} = mix({before}(w & U({plain})) ^ U({SALT[2 * k % 8]}), a)")


def _add_messages_to_keys(text: Text, bag: BagNode, owner: Sort, n: int) -> None:
    text("f = bag_of(t)")
    for k in range(bag.slots):
        text(f"c = slot(f, {k})")
        with text.block("if c != 0:"):
            for marks in by_kind(text, bag, owner):
                plain = ALL & ~marks.mask()
                text(f"h = mix((U(c) & U({plain})) ^ U({SALT[4]}), U({SALT[5]}))")
                for number, label in enumerate(marks.labels):
                    text(f"v = (U(c) >> U({label.shift})) & U({(1 << label.bits) - 1})")
                    for i in range(n):
                        text(f"k{i} += (h >> U({7 * number})) if v == U({i + label.bias}) else U(0)")
                if marks.subsets:
                    for i in range(n):
                        text(f"k{i} += mix((U(c) & U({marks.holding(i)})) >> U({i}), h)")
