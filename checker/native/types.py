"""A state as numba sees it: a pointer to words and the rules that are off. A field access is a shift and a mask.

Every write checks its range, and every index, and raises, as the interpreted containers do: where LLVM sees that an
index comes from a loop over the members, nothing is left of that.
"""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic, lower_setattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    bound_function,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import lower_builtin

from raftproof.checker.language.nodes import WORD, MapNode, Record, Scalar, SeqNode, SetNode
from raftproof.checker.native.places import I1, ChoiceType, Emit, RefType, StateType, const, value_type

INTEGERS = (types.Integer, types.Boolean, types.IntEnumMember)


# --------------------------------------------------------------------------------------------------- the state


@infer_getattr
class _StateAttributes(AttributeTemplate):
    key = StateType

    def generic_resolve(self, typ: Any, attr: str) -> Any:
        name = typ.part + attr
        if name in typ.layout.constants:
            return types.range_state64_type
        if name in typ.layout.nested:
            return StateType(typ.layout, typ.checked, f"{name}.")
        node = typ.layout.fields.get(name)
        return None if node is None else value_type(typ, node, name)

    @bound_function("state.upholds")
    def resolve_upholds(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.boolean, types.int64)


@lower_getattr_generic(StateType)
def _state_getattr(context: Any, builder: Any, typ: Any, value: Any, attr: str) -> Any:
    layout, name = typ.layout, typ.part + attr
    if name in layout.nested:
        part = cgutils.create_struct_proxy(typ)(context, builder, value=value)
        part.broken = const(0)  # the rules that are off are those of the state around it
        return part._getvalue()
    if name in layout.constants:
        sort = layout.constants[name]
        first, beyond = sort.first, sort.last + 1
        return context.compile_internal(builder, lambda: range(first, beyond), signature(types.range_state64_type), ())
    emit, node = Emit(context, builder), layout.fields[name]
    state = cgutils.create_struct_proxy(typ)(context, builder, value=value)
    words, shift = emit.move(state.words, const(0), node.offset)
    if isinstance(node, Scalar | Record):
        return emit.load(node, words, shift)
    return emit.make_ref(RefType(typ, node, name), words, shift)


@lower_setattr_generic(StateType)
def _state_setattr(context: Any, builder: Any, sig: Any, args: Any, attr: str) -> None:
    typ, given = sig.args
    emit, node = Emit(context, builder), typ.layout.fields[typ.part + attr]
    state = cgutils.create_struct_proxy(typ)(context, builder, value=args[0])
    words, shift = emit.move(state.words, const(0), node.offset)
    emit.store(node, words, shift, args[1], given)


@lower_builtin("state.upholds", StateType, types.int64)
def _upholds(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    state = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
    bit = builder.and_(builder.lshr(state.broken, args[1]), const(1))
    return builder.icmp_unsigned("==", bit, const(0))


# --------------------------------------------------------------------------------------------------- maps, sequences


def _child(ref: Any) -> Any:
    return value_type(ref.state, ref.node.child, f"{ref.path}[]")


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        ref, index = args
        if isinstance(ref, ChoiceType) and isinstance(index, INTEGERS):
            return signature(types.int64, ref, types.int64)
        if isinstance(ref, RefType) and isinstance(ref.node, MapNode | SeqNode) and isinstance(index, INTEGERS):
            return signature(_child(ref), ref, types.int64)
        return None


def _place(emit: Emit, ref: Any, value: Any, index: Any) -> tuple[Any, Any]:
    """The place of the child at an index of the model: of a map from its first key, of a sequence from 1."""
    node = ref.node
    words, shift = emit.ref(ref, value)
    if isinstance(node, SeqNode):
        length = emit.get(words, shift, node.length_bits())
        outside = emit.b.icmp_unsigned(">=", emit.b.sub(index, const(1)), length)
        emit.fail_if(outside, f"{node.name}: an index is outside the sequence")
        words, shift = emit.move(words, shift, node.items)
        return emit.element(node, words, shift, emit.b.sub(index, const(1)))
    first = node.key.first
    place = emit.b.sub(index, const(first)) if first else index
    outside = emit.b.icmp_unsigned(">=", place, const(node.key.size))
    emit.fail_if(outside, f"{node.name}: an index is no {node.key.name}")
    return emit.element(node, words, shift, place)


@lower_builtin(operator.getitem, RefType, types.int64)
def _getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, ref = Emit(context, builder), sig.args[0]
    words, shift = _place(emit, ref, args[0], args[1])
    if isinstance(ref.node.child, Scalar | Record):
        return emit.load(ref.node.child, words, shift)
    return emit.make_ref(sig.return_type, *emit.move(words, shift, ref.node.child.offset))


@lower_builtin(operator.getitem, ChoiceType, types.int64)
def _choice_get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    digit = builder.lshr(args[0], builder.shl(args[1], const(3)))
    return builder.and_(digit, const(255))


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        ref, index, value = args
        if isinstance(ref, RefType) and isinstance(ref.node, MapNode) and isinstance(index, INTEGERS):
            if isinstance(ref.node.child, Scalar) and isinstance(value, INTEGERS):
                return signature(types.none, ref, types.int64, types.int64)
            if isinstance(ref.node.child, Record) and isinstance(value, types.BaseTuple):
                return signature(types.none, ref, types.int64, value)
        return None


@lower_builtin(operator.setitem, RefType, types.int64, types.Any)
def _setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, ref = Emit(context, builder), sig.args[0]
    words, shift = _place(emit, ref, args[0], args[1])
    emit.store(ref.node.child, words, shift, args[2], sig.args[2])
    return context.get_dummy_value()


@infer_global(len)
class _Len(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        is_sized = isinstance(args[0], RefType) and isinstance(args[0].node, SetNode | SeqNode)
        return signature(types.int64, *args) if is_sized else None


@lower_builtin(len, RefType)
def _len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    if isinstance(node, SeqNode):
        return emit.get(words, shift, node.length_bits())
    if _lies_in_a_word(node):
        return builder.ctpop(builder.and_(builder.load(words), builder.shl(const(_members_mask(node)), shift)))
    total = const(0)
    for place in range(node.key.size):
        total = builder.add(total, emit.get(*emit.element(node, words, shift, const(place)), 1))
    return total


def _lies_in_a_word(node: SetNode) -> bool:
    """Whether all members of a set are bits of one word; of others each has a word, or 64 have."""
    return node.at(node.key.size - 1) < WORD


def _members_mask(node: SetNode) -> int:
    """The bits of all members of a set that lies within a word."""
    return sum(1 << node.at(place) for place in range(node.key.size))


# --------------------------------------------------------------------------------------------------- sets and methods


@infer_global(operator.contains)
class _Contains(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], RefType) and isinstance(args[0].node, SetNode) and isinstance(args[1], INTEGERS):
            return signature(types.boolean, args[0], types.int64)
        return None


def _bit(emit: Emit, ref: Any, value: Any, member: Any) -> tuple[Any, Any]:
    node = ref.node
    words, shift = emit.ref(ref, value)
    place = emit.b.sub(member, const(node.key.first)) if node.key.first else member
    return emit.element(node, words, shift, place)


@lower_builtin(operator.contains, RefType, types.int64)
def _contains(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, key = Emit(context, builder), sig.args[0].node.key
    # A member that the sort lacks, such as none, is in no set.
    is_member = builder.icmp_unsigned("<", builder.sub(args[1], const(key.first)), const(key.size))
    place = builder.select(is_member, args[1], const(key.first))
    bit = emit.get(*_bit(emit, sig.args[0], args[0], place), 1)
    return builder.and_(builder.trunc(bit, I1), is_member)


@infer_getattr
class _RefMethods(AttributeTemplate):
    key = RefType

    @bound_function("ref.add")
    def resolve_add(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none, types.int64) if isinstance(ty.node, SetNode) else None

    @bound_function("ref.clear")
    def resolve_clear(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none) if isinstance(ty.node, SetNode) else None

    @bound_function("ref.append")
    def resolve_append(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none, *args) if isinstance(ty.node, SeqNode) else None

    @bound_function("ref.pop")
    def resolve_pop(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none) if isinstance(ty.node, SeqNode) else None

    @bound_function("ref.truncate")
    def resolve_truncate(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none, types.int64) if isinstance(ty.node, SeqNode) else None

    @bound_function("ref.drop")
    def resolve_drop(self, ty: Any, args: Any, kws: Any) -> Any:
        return signature(types.none, types.int64) if isinstance(ty.node, SeqNode) else None


@lower_builtin("ref.add", RefType, types.int64)
def _add(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    outside = builder.icmp_unsigned(">=", builder.sub(args[1], const(node.key.first)), const(node.key.size))
    emit.fail_if(outside, f"{node.name}: a member is no {node.key.name}")
    words, shift = _bit(emit, sig.args[0], args[0], args[1])
    builder.store(builder.or_(builder.load(words), builder.shl(const(1), shift)), words)
    return context.get_dummy_value()


def discard_member(context: Any, builder: Any, ref: Any, value: Any, member: Any) -> None:
    """Take a member out of a set, if it is in."""
    emit = Emit(context, builder)
    with builder.if_then(_contains(context, builder, signature(types.boolean, ref, types.int64), (value, member))):
        words, shift = _bit(emit, ref, value, member)
        builder.store(builder.and_(builder.load(words), builder.not_(builder.shl(const(1), shift))), words)


@lower_builtin("ref.clear", RefType)
def _clear(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    if _lies_in_a_word(node):
        hole = builder.not_(builder.shl(const(_members_mask(node)), shift))
        builder.store(builder.and_(builder.load(words), hole), words)
    else:
        for place in range(node.key.size):
            emit.put(*emit.element(node, words, shift, const(place)), 1, const(0))
    return context.get_dummy_value()


@lower_builtin("ref.append", RefType, types.Any)
def _append(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    length = emit.get(words, shift, node.length_bits())
    emit.fail_if(
        builder.icmp_unsigned(">=", length, const(node.slots)),
        f"{node.name} would hold more than {node.slots} items; declare AtMost(..., over=…)",
    )
    at, start = emit.element(node, *emit.move(words, shift, node.items), length)
    emit.store(node.child, at, start, args[1], sig.args[1])
    builder.store(builder.add(builder.load(words), builder.shl(const(1), shift)), words)
    return context.get_dummy_value()


def _drop_last(emit: Emit, node: SeqNode, words: Any, shift: Any) -> None:
    """Drop the last item of a sequence that has one."""
    b = emit.b
    length = emit.get(words, shift, node.length_bits())
    b.store(b.sub(b.load(words), b.shl(const(1), shift)), words)
    at, start = emit.element(node, *emit.move(words, shift, node.items), b.sub(length, const(1)))
    for bits in range(0, max(node.child.bits(), 1), WORD):
        emit.put(*emit.move(at, start, bits), min(node.child.bits(), WORD), const(0))


@lower_builtin("ref.pop", RefType)
def _pop(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    length = emit.get(words, shift, node.length_bits())
    emit.fail_if(builder.icmp_unsigned("==", length, const(0)), f"{node.name}: pop from an empty sequence")
    _drop_last(emit, node, words, shift)
    return context.get_dummy_value()


@lower_builtin("ref.truncate", RefType, types.int64)
def _truncate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    length = emit.get(words, shift, node.length_bits())
    emit.fail_if(builder.icmp_unsigned(">", args[1], length), f"{node.name}: a sequence cannot grow by truncate")
    with cgutils.for_range(builder, builder.sub(length, args[1])):
        _drop_last(emit, node, words, shift)
    return context.get_dummy_value()


@lower_builtin("ref.drop", RefType, types.int64)
def _drop(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    length = emit.get(words, shift, node.length_bits())
    emit.fail_if(builder.icmp_unsigned(">", args[1], length), f"{node.name}: a sequence cannot drop more than it holds")
    items = emit.move(words, shift, node.items)
    with cgutils.for_range(builder, builder.sub(length, args[1])) as loop:
        source = emit.element(node, *items, builder.add(loop.index, args[1]))
        target = emit.element(node, *items, loop.index)
        for bits in range(0, max(node.child.bits(), 1), WORD):
            width = min(node.child.bits() - bits, WORD)
            emit.put(*emit.move(*target, bits), width, emit.get(*emit.move(*source, bits), width))
    with cgutils.for_range(builder, args[1]):
        _drop_last(emit, node, words, shift)
    return context.get_dummy_value()
