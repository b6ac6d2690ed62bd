"""Generates the normal form of a state: the one that stands for all states with the same future.

It is taken before the names of servers and values are: declared reductions, then dead fields, which get the value of
a new state, then order-only values, which become 1, 2, 3, … in their order. None of these depends on names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Live, Model
from raftproof.checker.language.nodes import WORD, BagNode, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import OrderOnly
from raftproof.checker.native.text import Text

ALL = (1 << WORD) - 1
MOST_ORDERED = WORD - 2
"""Which values of an order-only sort are in use is one word."""


def generate_normal(text: Text, model: Model, layout: Layout) -> None:
    """Emit normal(t): t becomes the state that stands for it."""
    with text.function("normal(t)", inlined=True):
        text("pass")
        for k, reduction in enumerate(model.reductions):
            if reduction.name in layout.reduced:
                text(f"reduction_{k}(t)")
        if "live" in layout.reduced:
            for k, live in enumerate(model.lives):
                _clear_dead(text, layout, k, live)
        for order in layout.orders():
            _rank(text, layout, order)


# --------------------------------------------------------------------------------------------------- dead fields


def _clear_dead(text: Text, layout: Layout, number: int, live: Live) -> None:
    if not live.parameters:
        with text.block(f"if not live_{number}(t):"):
            for name in live.fields:
                node = layout.fields[name]
                _reset(text, mask_of(node, node.offset), node.pack(node.fresh()) << node.offset)
        return
    sort = live.parameters[0].sort(layout)
    assert sort is not None
    for key in range(sort.first, sort.last + 1):
        with text.block(f"if not live_{number}(t, {key}):"):
            for name in live.fields:
                node = layout.fields[name]
                assert isinstance(node, MapNode | SetNode)
                at = node.offset + node.at(key - node.key.first)
                if isinstance(node, SetNode):
                    _reset(text, 1 << at, 0)
                else:
                    _reset(text, mask_of(node.child, at), node.child.pack(node.child.fresh()) << at)


def _reset(text: Text, mask: int, fresh: int) -> None:
    """Replace the bits under a mask, word by word."""
    for k in range(-(-mask.bit_length() // WORD)):
        hole, bits = mask >> k * WORD & ALL, fresh >> k * WORD & ALL
        if hole:
            text(f"set_word(t, {k}, (word(t, {k}) & U({ALL & ~hole})) | U({bits}))")


def mask_of(node: Node, at: int) -> int:
    """The bits that a node takes."""
    match node:
        case MapNode():
            inner: Iterable[int] = (mask_of(node.child, at + node.at(place)) for place in range(node.key.size))
        case SetNode():
            inner = (1 << at + node.at(place) for place in range(node.key.size))
        case SeqNode():
            items = (mask_of(node.child, at + node.items + node.at(place)) for place in range(node.slots))
            inner = ((1 << node.length_bits()) - 1 << at, *items)
        case _:
            return (1 << node.bits()) - 1 << at
    mask = 0
    for bits in inner:
        mask |= bits
    return mask


# --------------------------------------------------------------------------------------------------- order-only values


def _rank(text: Text, layout: Layout, order: OrderOnly) -> None:
    """Rename the values in use to 1, 2, 3, …: as a rule they are these already."""
    words: dict[int, list[Scalar]] = {}
    for scalar, at in _places(layout, order):
        _check_room(scalar)
        words.setdefault(at // WORD, []).append(Scalar(scalar.name, scalar.sort, offset=at % WORD))
    bag = layout.bag
    kinds = _kinds(bag, order)
    text("used = U(1)")
    for k, scalars in words.items():
        text(f"w = word(t, {k})")
        text(*(f"used |= U(1) << {_value('w', s)}" for s in scalars))
    if bag is not None and kinds:
        text("bag = bag_of(t)")
        for fields in _codes(text, bag, kinds):
            text(*(f"used |= U(1) << {_value('c', s)}" for s in fields))
    with text.block("if used & (used + U(1)) != U(0):"):
        for k, scalars in words.items():
            text(f"w = word(t, {k})")
            text(*(_renamed("w", s) for s in scalars), f"set_word(t, {k}, w)")
        if bag is not None and kinds:
            for fields in _codes(text, bag, kinds):
                # The order of codes is kept, so that the slots stay sorted.
                text(*(_renamed("c", s) for s in fields), "set_slot(bag, k, np.int64(c))")


def _check_room(scalar: Scalar) -> None:
    if scalar.sort.high > MOST_ORDERED:
        raise BoundsError(
            f"{scalar.name}: {scalar.sort.high} values of which only the order counts do not fit, at most "
            f"{MOST_ORDERED} do; lower a bound"
        )


def _places(layout: Layout, order: OrderOnly) -> Iterator[tuple[Scalar, int]]:
    """Every scalar of the sort outside the bag, with its place."""

    def walk(node: Node, at: int) -> Iterator[tuple[Scalar, int]]:
        match node:
            case Scalar():
                if node.sort.order == order:
                    yield node, at
            case Record():
                for _, scalar, offset in node.scalars():
                    yield from walk(scalar, at + offset)
            case MapNode():
                for place in range(node.key.size):
                    yield from walk(node.child, at + node.at(place))
            case SeqNode():
                for place in range(node.slots):
                    yield from walk(node.child, at + node.items + node.at(place))

    for node in layout.fields.values():
        yield from walk(node, node.offset)


def _kinds(bag: BagNode | None, order: OrderOnly) -> dict[int, list[Scalar]]:
    """The fields of the sort in each kind of message, by its tag."""
    found: dict[int, list[Scalar]] = {}
    for kind in bag.kinds if bag else ():
        for _, scalar, at in kind.record.scalars():
            if scalar.sort.order == order:
                _check_room(scalar)
                found.setdefault(kind.tag, []).append(Scalar(scalar.name, scalar.sort, offset=at))
    return found


def _codes(text: Text, bag: BagNode, kinds: dict[int, list[Scalar]]) -> Iterator[list[Scalar]]:
    """Emit a loop over the messages; inside, c is the code of one with the given fields, in slot k."""
    with text.block(f"for k in range({bag.slots}):"):
        text("c = U(slot(bag, k))")
        for tag, scalars in kinds.items():
            with text.block(f"if c >> U({bag.tag_shift}) == U({tag}):"):
                yield scalars


def _value(word: str, scalar: Scalar) -> str:
    return f"(({word} >> U({scalar.offset})) & U({(1 << scalar.bits()) - 1}))"


def _renamed(word: str, scalar: Scalar) -> str:
    hole = ALL & ~(((1 << scalar.bits()) - 1) << scalar.offset)
    rank = f"count_bits(used & ((U(1) << {_value(word, scalar)}) - U(1)))"
    return f"{word} = ({word} & U({hole})) | ({rank} << U({scalar.offset}))"
