"""Generates the canonical form of a state: the same for all states that differ only in the names of servers and values.

Each server gets a key that relabelling does not change (keys.py). Servers are sorted by key; only servers whose keys
are equal are permuted, and the least of the resulting states is taken. This is exact: states that are the same up to
names have the same keys, hence the same candidates. Values, of which there are few, are tried in every order.

A permutation is a word with four bits for each member: `p >> 4 * i & 15` is the new name of member i.
"""

from __future__ import annotations

import itertools

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, BagNode
from raftproof.checker.language.sorts import Sort
from raftproof.checker.native.keys import generate_keys
from raftproof.checker.native.marks import Label, Marks, by_kind, marks_of, message_marks
from raftproof.checker.native.text import Text

ALL = (1 << WORD) - 1


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


def _relabel_messages(text: Text, bag: BagNode, sort: Sort) -> None:
    text("f = bag_of(t)", "g = bag_of(o)")
    for k in range(bag.slots):
        text(f"c = slot(f, {k})")
        with text.block("if c != 0:"):
            for marks in by_kind(text, bag, sort):
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
        generate_keys(text, layout, owner)
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
