"""Generates the canonical form of a state: the same for all states that differ only in the names of servers and values.

Each server gets a key that relabelling does not change: its scalars, what it keeps about itself and, summed, about
all, whom its labels point at (itself, another, none), the messages that name it. Servers are sorted by key; only
servers whose keys are equal are permuted, and the least of the resulting states is taken. This is exact: states that
are the same up to names have the same keys, hence the same candidates. Values, of which there are few, are tried in
every order.

A permutation is a word with four bits for each member: `p >> 4 * i & 15` is the new name of member i.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import Sort
from raftproof.checker.native.text import Text

ALL = (1 << WORD) - 1
SALT = (
    0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3,
    0x1D8E4E27C47D124F, 0xEB44ACCAB455D165, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93,
)  # fmt: skip
"""Odd-looking words that keep the parts of a hash apart."""


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


def generate_canonical(text: Text, layout: Layout) -> None:
    """Emit canonical(t, scratch…): t becomes the representative of its class."""
    sorts = layout.symmetric_sorts()
    _generate_less(text, layout)
    owner = next((s for s in sorts if s == layout.owner), None)
    others = [s for s in sorts if s != layout.owner]
    if owner:
        if _names_nobody(layout, owner):
            _generate_sorted(text, layout, owner)
        else:
            _generate_relabel(text, layout, owner, "relabel_owner")
            _generate_by_owner(text, layout, owner)
    for number, sort in enumerate(others):
        _generate_relabel(text, layout, sort, f"relabel_{number}")
    with text.function("canonical(t, spare, n, broken)"):
        by_owner = "canonical_by_owner({}, at(spare, n, broken), at(spare, n + 1, broken))"
        text("normal(t)")
        if not sorts:
            text("pass")
        elif not others:
            text(by_owner.format("t"))
        else:
            _generate_by_values(text, others, by_owner if owner else "pass")


def _generate_by_values(text: Text, others: list[Sort], by_owner: str) -> None:
    """Try every naming of the values: few, and exact."""
    text("u = at(spare, n + 2, broken)", "best = at(spare, n + 3, broken)", "first = True")
    orders = [itertools.permutations(range(s.size)) for s in others]
    choices = [tuple(_word_of(o) for o in choice) for choice in itertools.product(*orders)]
    names = [f"p{k}" for k in range(len(others))]
    with text.block(f"for {', '.join(names)}{',' if len(names) == 1 else ''} in {_literal(choices)}:"):
        text("copy(t, u)")
        for k, name in enumerate(names):
            text(f"relabel_{k}(u, at(spare, n, broken), U({name}))", "copy(at(spare, n, broken), u)")
        text(by_owner.format("u"))
        with text.block("if first or less(u, best):"):
            text("copy(u, best)", "first = False")
    text("copy(best, t)")


def _literal(choices: list[tuple[int, ...]]) -> str:
    return "(" + ", ".join("(" + ", ".join(map(str, c)) + ",)" for c in choices) + ",)"


def _word_of(order: tuple[int, ...]) -> int:
    return sum(name << 4 * k for k, name in enumerate(order))


def _generate_less(text: Text, layout: Layout) -> None:
    with text.function("less(a, b)"):
        for k in range(layout.words):
            text(f"if word(a, {k}) != word(b, {k}):", f"    return word(a, {k}) < word(b, {k})")
        text("return False")


# --------------------------------------------------------------------------------------------------- relabelling


def _generate_relabel(text: Text, layout: Layout, sort: Sort, name: str) -> None:
    """Emit name(t, o, p): o becomes t with the members of a sort renamed by p."""
    count = layout.owner.size if layout.owner else 0
    moves = sort == layout.owner
    with text.function(f"{name}(t, o, p)"):
        # Names stored with a bias of one: 0, none, stays 0.
        text(f"p1 = (p << U(4)) + U({sum(1 << 4 * (k + 1) for k in range(sort.size))})")
        for k in range(sort.size):
            text(f"q{k} = (p >> U({4 * k})) & U(15)")
        owned = marks_of(layout, sort, owned=True) if layout.owner else {}
        for i, k in itertools.product(range(count), range(layout.stride)):
            _relabel_word(text, f"{i * layout.stride + k}", owned.get(k, Marks()))
            place = f"q{i} * U({layout.stride}) + U({k})" if moves else f"{i * layout.stride + k}"
            text(f"set_word(o, {place}, v)")
        shared = marks_of(layout, sort, owned=False)
        bag_word = layout.bag.offset // WORD if layout.bag else layout.words
        for k in range(count * layout.stride, bag_word):
            _relabel_word(text, str(k), shared.get(k, Marks()))
            text(f"set_word(o, {k}, v)")
        if layout.bag:
            _relabel_messages(text, layout.bag, sort)


def _relabel_word(text: Text, place: str, marks: Marks) -> None:
    text(f"v = word(t, {place})")
    _rename(text, "v", marks)


def _rename(text: Text, value: str, marks: Marks) -> None:
    """Emit the renaming of members in the bits of a variable."""
    for group in marks.lanes:
        mask = (1 << group.width) - 1
        hole = ALL & ~sum(mask << group.shift + k * group.stride for k in range(group.count))
        moved = []
        for k in range(group.count):
            lane = f"(({value} >> U({group.shift + k * group.stride})) & U({mask}))"
            moved.append(f"({lane} << (q{k} * U({group.stride}) + U({group.shift})))")
        text(f"{value} = ({value} & U({hole})) | " + " | ".join(moved))
    if marks.subsets:
        sets = [marks.holding(k) for k in range(marks.members)]
        moved = [f"((({value} & U({bits})) >> U({k})) << q{k})" for k, bits in enumerate(sets)]
        text(f"{value} = ({value} & U({ALL & ~sum(sets)})) | " + " | ".join(moved))
    for label in marks.labels:
        text(f"{value} = {_renamed(value, label)}")


def _renamed(value: str, label: Label) -> str:
    mask = (1 << label.bits) - 1
    hole = ALL & ~(mask << label.shift)
    names = "p1" if label.bias else "p"
    old = f"(({value} >> U({label.shift})) & U({mask}))"
    return f"({value} & U({hole})) | ((({names} >> ({old} << U(2))) & U(15)) << U({label.shift}))"


def message_marks(bag: BagNode, sort: Sort) -> list[Marks]:
    """For each kind of message, the bits that depend on the names of a sort's members."""
    found = []
    for kind in bag.kinds:
        marks = Marks()
        for _, scalar, at in kind.record.scalars():
            mark(marks, scalar, at, sort)
        found.append(marks)
    return found


def _by_kind(text: Text, bag: BagNode, sort: Sort) -> Iterator[Marks]:
    """The marks of each kind, under a test of the tag where kinds differ; `c` holds the code."""
    marks = message_marks(bag, sort)
    if all(group == marks[0] for group in marks):
        yield marks[0]
        return
    for tag, group in enumerate(marks, 1):
        if group != Marks():
            with text.block(f"if c >> {bag.tag_shift} == {tag}:"):
                yield group


def _relabel_messages(text: Text, bag: BagNode, sort: Sort) -> None:
    text("f = bag_of(t)", "g = bag_of(o)")
    for k in range(bag.slots):
        text(f"c = slot(f, {k})")
        with text.block("if c != 0:"):
            for marks in _by_kind(text, bag, sort):
                text("u = U(c)")
                _rename(text, "u", marks)
                text("c = np.int64(u)")
        text(f"c{k} = c")
    # A small sorting network: the slots stay sorted downwards.
    for last in range(bag.slots - 1, 0, -1):
        for k in range(last):
            with text.block(f"if c{k} < c{k + 1}:"):
                text(f"c{k}, c{k + 1} = c{k + 1}, c{k}")
    for k in range(bag.slots):
        text(f"set_slot(g, {k}, c{k})")


# --------------------------------------------------------------------------------------------------- without names


def _names_nobody(layout: Layout, owner: Sort) -> bool:
    """Whether no value depends on the names of the owner's members: each has its words, and that is all."""
    marks = [*marks_of(layout, owner, owned=True).values(), *marks_of(layout, owner, owned=False).values()]
    marks += message_marks(layout.bag, owner) if layout.bag else []
    return not any(m.mask() for m in marks)


def _generate_sorted(text: Text, layout: Layout, owner: Sort) -> None:
    """Emit canonical_by_owner where states are the same up to names if the members' words are, in whatever order."""
    stride = layout.stride
    with text.function("canonical_by_owner(t, o, best)", inlined=True):
        for i, k in itertools.product(range(owner.size), range(stride)):
            text(f"w{i}_{k} = word(t, {i * stride + k})")
        for last in range(owner.size - 1, 0, -1):
            for i in range(last):
                _generate_swap(text, i, stride)
        for i, k in itertools.product(range(owner.size), range(stride)):
            text(f"set_word(t, {i * stride + k}, w{i}_{k})")


def _generate_swap(text: Text, i: int, stride: int) -> None:
    """Bring member i and the next one into the order of their words."""
    these, those = ([f"w{j}_{k}" for k in range(stride)] for j in (i, i + 1))
    if stride == 1:
        text(f"{these[0]}, {those[0]} = min({these[0]}, {those[0]}), max({these[0]}, {those[0]})")
        return
    order = f"{those[-1]} < {these[-1]}"
    for a, b in zip(reversed(these[:-1]), reversed(those[:-1]), strict=True):
        order = f"({b} < {a} or ({b} == {a} and {order}))"
    with text.block(f"if {order}:"):
        text(f"{', '.join(these + those)} = {', '.join(those + these)}")


# --------------------------------------------------------------------------------------------------- keys and ties


def _generate_by_owner(text: Text, layout: Layout, owner: Sort) -> None:
    n = owner.size
    starts, orders = _tie_orders(n)
    text("", "", f"ORDERS = np.array({orders}, dtype=np.uint64)", f"STARTS = np.array({starts}, dtype=np.int64)")
    with text.function("canonical_by_owner(t, o, best)"):
        _generate_keys(text, layout, owner)
        for i in range(n):
            ranks = [f"U(k{j} {'<=' if j < i else '<'} k{i})" for j in range(n) if j != i]
            text(f"r{i} = " + (" + ".join(ranks) or "U(0)"))
        text("p = " + " | ".join(f"(r{i} << U({4 * i}))" for i in range(n)), "ties = 0")
        for i, j in itertools.combinations(range(n), 2):
            text(f"if k{i} == k{j} and max(r{i}, r{j}) - min(r{i}, r{j}) == U(1):")
            text(f"    ties |= 1 << np.int64(min(r{i}, r{j}))")
        with text.block("if ties == 0:"):
            with text.block(f"if p != U({_word_of(tuple(range(n)))}):"):
                text("relabel_owner(t, o, p)", "copy(o, t)")
            text("return")
        with text.block("for x in range(STARTS[ties], STARTS[ties + 1]):"):
            text("z = ORDERS[x]", "q = U(0)")
            for i in range(n):
                text(f"q |= ((z >> (r{i} << U(2))) & U(15)) << U({4 * i})")
            with text.block("if x == STARTS[ties]:"):
                text("relabel_owner(t, best, q)")
            with text.block("else:"):
                text("relabel_owner(t, o, q)", "if less(o, best):", "    copy(o, best)")
        text("copy(best, t)")


def _tie_orders(n: int) -> tuple[list[int], list[int]]:
    """For each set of tied neighbours in sorted order, the permutations that move only tied members."""
    starts: list[int] = []
    orders: list[int] = []
    for ties in range(1 << n - 1):
        starts.append(len(orders))
        group = [sum(1 for x in range(i) if not ties >> x & 1) for i in range(n)]
        for order in itertools.permutations(range(n)):
            if all(group[order[i]] == group[i] for i in range(n)):
                orders.append(_word_of(order))
    starts.append(len(orders))
    return starts, orders


def _generate_keys(text: Text, layout: Layout, owner: Sort) -> None:
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
            for marks in _by_kind(text, bag, owner):
                plain = ALL & ~marks.mask()
                text(f"h = mix((U(c) & U({plain})) ^ U({SALT[4]}), U({SALT[5]}))")
                for number, label in enumerate(marks.labels):
                    text(f"v = (U(c) >> U({label.shift})) & U({(1 << label.bits) - 1})")
                    for i in range(n):
                        text(f"k{i} += (h >> U({7 * number})) if v == U({i + label.bias}) else U(0)")
                if marks.subsets:
                    for i in range(n):
                        text(f"k{i} += mix((U(c) & U({marks.holding(i)})) >> U({i}), h)")
