"""What the generated kernels are made of: states in buffers, messages in slots, fingerprints, the shared table.

Each primitive is an intrinsic: a few instructions. `plain.py` holds their meaning in Python, for runs without
compilation.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, overload_method

from raftproof.checker.language.nodes import WORD, BagNode, Kind, SetNode
from raftproof.checker.native import wide
from raftproof.checker.native.buffers import BufferType, buffer_cell
from raftproof.checker.native.places import CHOICE, I64, Emit, RefType, StateType, const, record_type
from raftproof.checker.native.types import discard_member
from raftproof.checker.native.wide import fail

__all__ = [
    "bag_of", "buffer_of", "choice", "code_of", "compare_and_swap", "count_bits", "home", "message_of",
    "mix", "part", "peek", "prefetch",
    "set_slot", "set_word", "slot", "state_at", "word",
]  # fmt: skip


def buffer_of(checked: bool) -> Any:
    """The function buffer(array): the array's words, without counting references to it."""
    result = BufferType(checked)

    @intrinsic
    def buffer(typing_context: Any, array: Any) -> Any:
        def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            source = context.make_array(array)(context, builder, args[0])
            made = cgutils.create_struct_proxy(result)(context, builder)
            made.words, made.length = source.data, source.nitems
            return made._getvalue()

        return result(array), gen

    return buffer


@intrinsic
def part(typing_context: Any, buffer: Any, first: Any) -> Any:
    """What a buffer holds from a word on."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = cgutils.create_struct_proxy(buffer)(context, builder, value=args[0])
        index = Emit(context, builder).integer(args[1], first)
        made = cgutils.create_struct_proxy(buffer)(context, builder)
        made.words, made.length = builder.gep(whole.words, [index]), builder.sub(whole.length, index)
        return made._getvalue()

    return buffer(buffer, first), gen


def state_at(state_type: StateType) -> Any:
    """The function at(buffer, k, broken): the k-th state of a buffer."""
    size = state_type.layout.words

    @intrinsic
    def at(typing_context: Any, buffer: Any, k: Any, broken: Any) -> Any:
        def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            emit = Emit(context, builder)
            source = cgutils.create_struct_proxy(buffer)(context, builder, value=args[0])
            index = emit.integer(args[1], k)
            if buffer.checked:
                last = builder.mul(builder.add(index, const(1)), const(size))
                emit.fail_if(builder.icmp_signed(">", last, source.length), "a state lies outside its buffer")
            state = cgutils.create_struct_proxy(state_type)(context, builder)
            state.words = builder.gep(source.words, [builder.mul(index, const(size))])
            state.broken = emit.integer(args[2], broken)
            return state._getvalue()

        return state_type(buffer, k, broken), gen

    return at


def _word_pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    state = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
    return builder.gep(state.words, [context.cast(builder, args[1], sig.args[1], types.int64)])


@intrinsic
def word(typing_context: Any, state: Any, k: Any) -> Any:
    """The k-th word of a state."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_word_pointer(context, builder, sig, args))

    return types.uint64(state, k), gen


@intrinsic
def set_word(typing_context: Any, state: Any, k: Any, value: Any) -> Any:
    """Replace the k-th word of a state."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _word_pointer(context, builder, sig, args))
        return context.get_dummy_value()

    return types.none(state, k, types.uint64), gen


# --------------------------------------------------------------------------------------------------- messages


@intrinsic
def bag_of(typing_context: Any, state: Any) -> Any:
    """The bag of a state."""
    node = state.layout.bag
    result = RefType(state, node, node.name)

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit = Emit(context, builder)
        proxy = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
        return emit.make_ref(result, *emit.move(proxy.words, const(0), node.offset))

    return result(state), gen


def _slot_pointer(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Any, Any]:
    bag = sig.args[0]
    emit = Emit(context, builder)
    words, _ = emit.ref(bag, args[0])
    index = emit.integer(args[1], sig.args[1])
    if bag.state.checked:
        emit.fail_if(builder.icmp_unsigned(">=", index, const(bag.node.slots)), "a slot lies outside the bag")
    width = ir.IntType(bag.node.slot_bits)
    return builder.gep(builder.bitcast(words, width.as_pointer()), [index]), width


@intrinsic
def slot(typing_context: Any, bag: Any, k: Any) -> Any:
    """The code in the k-th slot, 0 where it is empty."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, width = _slot_pointer(context, builder, sig, args)
        code = builder.load(pointer)
        return builder.zext(code, I64) if width.width < I64.width else code

    return types.int64(bag, k), gen


@intrinsic
def set_slot(typing_context: Any, bag: Any, k: Any, code: Any) -> Any:
    """Replace the code in the k-th slot."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, width = _slot_pointer(context, builder, sig, args)
        value = Emit(context, builder).integer(args[2], code)
        builder.store(builder.trunc(value, width) if width.width < I64.width else value, pointer)
        return context.get_dummy_value()

    return types.none(bag, k, code), gen


def _kind_of(bag: BagNode, message: Any) -> Kind:
    return next(k for k in bag.kinds if k.record.cls is message.instance_class)


@intrinsic
def code_of(typing_context: Any, bag: Any, message: Any) -> Any:
    """The code of a message; raises where a field is out of its range."""
    kind = _kind_of(bag.node, message)

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = Emit(context, builder).pack(kind.record, args[1], message)
        return builder.or_(bits, const(kind.tag << bag.node.tag_shift))

    return types.int64(bag, message), gen


@intrinsic(prefer_literal=True)
def message_of(typing_context: Any, bag: Any, tag: Any, code: Any) -> Any:
    """The message of a code whose kind is known."""
    record = bag.node.kinds[tag.literal_value - 1].record

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit = Emit(context, builder)
        return emit.unpack(record, emit.integer(args[2], code))

    return record_type(record)(bag, tag, code), gen


@intrinsic
def remove_member(typing_context: Any, members: Any, member: Any) -> Any:
    """Take a member out of a set."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = Emit(context, builder).integer(args[1], member)
        discard_member(context, builder, members, args[0], value)
        return context.get_dummy_value()

    return types.none(members, member), gen


@overload_method(RefType, "send")
def _send(bag: Any, message: Any) -> Any:
    if not isinstance(bag.node, BagNode):
        return None
    if bag.node.slot_bits > WORD:
        return wide.send(bag)
    last = bag.node.slots - 1

    def send(bag: Any, message: Any) -> None:
        code = code_of(bag, message)
        if slot(bag, last) != 0:
            fail(bag, 0)
        k = last
        while k > 0 and slot(bag, k - 1) < code:
            set_slot(bag, k, slot(bag, k - 1))
            k -= 1
        set_slot(bag, k, code)

    return send


@overload_method(RefType, "discard")
def _discard(container: Any, item: Any) -> Any:
    if isinstance(container.node, SetNode):

        def remove(container: Any, item: Any) -> None:
            remove_member(container, item)

        return remove
    if container.node.slot_bits > WORD:
        return wide.discard(container)
    last = container.node.slots - 1

    def discard(container: Any, item: Any) -> None:
        code = code_of(container, item)
        k = 0
        while k < last and slot(container, k) != code:
            k += 1
        if slot(container, k) != code:
            fail(container, 1)
        while k < last:
            set_slot(container, k, slot(container, k + 1))
            k += 1
        set_slot(container, last, 0)

    return discard


@overload(operator.contains)
def _in_bag(bag: Any, message: Any) -> Any:
    if not isinstance(bag, RefType) or not isinstance(bag.node, BagNode):
        return None
    if bag.node.slot_bits > WORD:
        return wide.contains(bag)
    slots = bag.node.slots

    def contains(bag: Any, message: Any) -> bool:
        code = code_of(bag, message)
        k = 0
        while k < slots and slot(bag, k) != code:
            k += 1
        return k < slots

    return contains


@overload(len)
def _messages_in(bag: Any) -> Any:
    if not isinstance(bag, RefType) or not isinstance(bag.node, BagNode):
        return None
    if bag.node.slot_bits > WORD:
        return wide.count(bag)
    slots = bag.node.slots

    def count(bag: Any) -> int:
        k = 0
        while k < slots and slot(bag, k) != 0:
            k += 1
        return k

    return count


# --------------------------------------------------------------------------------------------------- bits


@intrinsic
def choice(typing_context: Any, digits: Any) -> Any:
    """A value for each key of a Map that an action takes, from eight bits each."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return Emit(context, builder).integer(args[0], digits)

    return CHOICE(digits), gen


@intrinsic
def count_bits(typing_context: Any, value: Any) -> Any:
    """How many bits of a word are set."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), gen


# --------------------------------------------------------------------------------------------------- fingerprints


@intrinsic
def mix(typing_context: Any, x: Any, y: Any) -> Any:
    """The two halves of the 128-bit product of two words, folded together."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.xor(
            builder.trunc(product, I64), builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), I64)
        )

    return types.uint64(types.uint64, types.uint64), gen


@intrinsic
def home(typing_context: Any, fingerprint: Any, size: Any) -> Any:
    """Where a fingerprint belongs in a table of any size: the upper half of their product, which keeps their order."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), I64)

    return types.int64(types.uint64, types.uint64), gen


# --------------------------------------------------------------------------------------------------- the shared table


def _cell(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return buffer_cell(Emit(context, builder), sig.args[0], args[0], args[1])


@intrinsic
def peek(typing_context: Any, table: Any, place: Any) -> Any:
    """Read a cell that other threads may write."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(_cell(context, builder, sig, args), "monotonic", 8)

    return types.uint64(table, types.int64), gen


@intrinsic
def compare_and_swap(typing_context: Any, table: Any, place: Any, old: Any, new: Any) -> Any:
    """Write a cell if it still holds `old`; what it held before."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _cell(context, builder, sig, args)
        return builder.extract_value(builder.cmpxchg(pointer, args[2], args[3], "monotonic", "monotonic"), 0)

    return types.uint64(table, types.int64, types.uint64, types.uint64), gen


@intrinsic
def prefetch(typing_context: Any, table: Any, place: Any) -> Any:
    """Ask for a cell's cache line before it is needed."""

    def gen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = builder.bitcast(_cell(context, builder, sig, args), ir.IntType(8).as_pointer())
        i32 = ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [pointer.type, i32, i32, i32])
        function = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")
        builder.call(function, [pointer, i32(1), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.none(table, types.int64), gen
