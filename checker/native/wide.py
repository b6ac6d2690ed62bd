"""Messages of a wide layout: a slot is a word for the tag above a word for each field, and slots stay sorted downwards.

A wide state is changed in place by a model's own actions, at the size of a real trace; it is never searched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from raftproof.checker.language.nodes import WORD, Record
from raftproof.checker.native.places import I64, Emit, const


@intrinsic
def fail(typing_context: Any, bag: Any, what: Any) -> Any:
    """Raise: the bag is full, or the message is not in it."""
    node = bag.node
    texts = {
        0: f"{node.name} would hold more than {node.slots} messages; declare AtMost(..., over=…)",
        1: f"{node.name}: the message is not in flight",
    }

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit = Emit(context, builder)
        for value, text in texts.items():
            emit.fail_if(builder.icmp_signed("==", args[1], const(value)), text)
        return context.get_dummy_value()

    return types.none(bag, types.int64), gen


def _slot(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """The pointer to the first word of a slot."""
    bag = sig.args[0]
    emit = Emit(context, builder)
    words, _ = emit.ref(bag, args[0])
    index = emit.integer(args[1], sig.args[1])
    if bag.state.checked:
        emit.fail_if(builder.icmp_unsigned(">=", index, const(bag.node.slots)), "a slot lies outside the bag")
    return builder.gep(words, [builder.mul(index, const(bag.node.slot_bits // WORD))])


def _message_words(emit: Emit, bag: Any, value: Any, message: Any) -> list[Any]:
    """The words of a message, from the lowest, its ranges checked."""
    node = bag.node
    kind = next(k for k in node.kinds if k.record.cls is message.instance_class)
    words = [const(0)] * (node.slot_bits // WORD)
    words[node.tag_shift // WORD] = const(kind.tag)

    def fill(record: Record, parts: Any, types_of: Any, base: int) -> None:
        for f, part, part_type in zip(record.fields, cgutils.unpack_tuple(emit.b, parts), types_of, strict=True):
            if isinstance(f, Record):
                fill(f, part, part_type.types, base + f.offset)
            else:
                words[(base + f.offset) // WORD] = emit.pack(f, part, part_type)

    fill(kind.record, value, message.types, 0)
    return words


@intrinsic
def tag_of(typing_context: Any, bag: Any, k: Any) -> Any:
    """The tag in the k-th slot, 0 where it is empty."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.gep(_slot(context, builder, sig, args), [const(bag.node.tag_shift // WORD)]))

    return types.int64(bag, k), gen


@intrinsic
def compare(typing_context: Any, bag: Any, k: Any, message: Any) -> Any:
    """Whether the k-th slot comes before a message (-1), holds it (0), or comes after it (1), in ascending order."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _slot(context, builder, sig, args)
        order = const(0)
        for k, word in reversed(list(enumerate(_message_words(Emit(context, builder), bag, args[2], message)))):
            held = builder.load(builder.gep(pointer, [const(k)]))
            less = builder.select(builder.icmp_unsigned("<", held, word), const(-1), const(1))
            here = builder.select(builder.icmp_unsigned("==", held, word), const(0), less)
            order = builder.select(builder.icmp_signed("==", order, const(0)), here, order)
        return order

    return types.int64(bag, k, message), gen


@intrinsic
def put_message(typing_context: Any, bag: Any, k: Any, message: Any) -> Any:
    """Write a message into the k-th slot."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _slot(context, builder, sig, args)
        for k, word in enumerate(_message_words(Emit(context, builder), bag, args[2], message)):
            builder.store(word, builder.gep(pointer, [const(k)]))
        return context.get_dummy_value()

    return types.none(bag, k, message), gen


@intrinsic
def copy_slot(typing_context: Any, bag: Any, source: Any, target: Any) -> Any:
    """Copy one slot over another."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source_at = _slot(context, builder, sig, args)
        target_at = _slot(context, builder, sig, [args[0], args[2]])
        for k in range(bag.node.slot_bits // WORD):
            builder.store(builder.load(builder.gep(source_at, [const(k)])), builder.gep(target_at, [const(k)]))
        return context.get_dummy_value()

    return types.none(bag, types.int64, types.int64), gen


@intrinsic
def clear_slot(typing_context: Any, bag: Any, k: Any) -> Any:
    """Empty the k-th slot."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _slot(context, builder, sig, args)
        for k in range(bag.node.slot_bits // WORD):
            builder.store(I64(0), builder.gep(pointer, [const(k)]))
        return context.get_dummy_value()

    return types.none(bag, k), gen


# --------------------------------------------------------------------------------------------------- the operations


def send(bag: Any) -> Callable[..., None]:
    """Put a message in flight."""
    last = bag.node.slots - 1

    def impl(bag: Any, message: Any) -> None:
        if tag_of(bag, last) != 0:
            fail(bag, 0)
        k = last
        while k > 0 and compare(bag, k - 1, message) < 0:
            copy_slot(bag, k - 1, k)
            k -= 1
        put_message(bag, k, message)

    return impl


def discard(container: Any) -> Callable[..., None]:
    """Take one copy of a message out of flight."""
    last = container.node.slots - 1

    def impl(container: Any, item: Any) -> None:
        k = 0
        while k < last and compare(container, k, item) > 0:
            k += 1
        if compare(container, k, item) != 0:
            fail(container, 1)
        while k < last and tag_of(container, k) != 0:
            copy_slot(container, k + 1, k)
            k += 1
        clear_slot(container, k)

    return impl


def contains(bag: Any) -> Callable[..., bool]:
    """Whether a message is in flight."""
    last = bag.node.slots - 1

    def impl(bag: Any, message: Any) -> bool:
        k = 0
        while k < last and compare(bag, k, message) > 0:
            k += 1
        return bool(compare(bag, k, message) == 0)

    return impl


def count(bag: Any) -> Callable[..., int]:
    """How many messages are in flight."""
    slots = bag.node.slots

    def impl(bag: Any) -> int:
        k = 0
        while k < slots and tag_of(bag, k) != 0:
            k += 1
        return k

    return impl
