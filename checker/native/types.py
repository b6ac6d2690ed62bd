"""A state as numba sees it: a pointer to words and the rules that are off. A field access is a shift and a mask.

    StateType    {words, broken}    s
    RefType      {words, shift}     s.log, s.log[i]: a node's place, the static part folded into the pointer

There are no arrays, records or reference counts inside: LLVM sees loads, shifts, masks and stores, and folds them.
Every write checks its range and raises, as the interpreted containers do. A checked state checks indexes and buffers,
too.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
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
from numba.extending import lower_builtin, models, register_model

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, Array, MapNode, Node, Record, Scalar, SeqNode, SetNode
from raftproof.checker.language.sorts import Sort

I64 = ir.IntType(64)
I1 = ir.IntType(1)
INTEGERS = (types.Integer, types.Boolean, types.IntEnumMember)


def const(value: int) -> Any:
    """A 64-bit constant."""
    return ir.Constant(I64, value & (1 << 64) - 1)


class WordsType(types.Type):
    """A bare pointer to 64-bit words."""

    def __init__(self) -> None:
        super().__init__("Words")


class BufferType(types.Type):
    """Words that somebody else keeps alive: a pointer and a length."""

    def __init__(self, checked: bool) -> None:
        self.checked = checked
        super().__init__("Buffer!" if checked else "Buffer")


class StateType(types.Type):
    """A state of one layout, or a state nested in it: the same words, and the fields whose names begin with a part."""

    def __init__(self, layout: Layout, checked: bool, part: str = "") -> None:
        self.layout, self.checked, self.part = layout, checked, part
        super().__init__(f"State[{layout.key}{'!' if checked else ''}]{part}")


class RefType(types.Type):
    """The place of a container in a state."""

    def __init__(self, state: StateType, node: Any, path: str) -> None:
        self.state, self.node, self.path = state, node, path
        super().__init__(f"Ref[{state.name}.{path}]")


class ChoiceType(types.Type):
    """A value for each key of a Map that an action takes, eight bits each in a word."""

    def __init__(self) -> None:
        super().__init__("Choice")


WORDS = WordsType()
CHOICE = ChoiceType()


@register_model(WordsType)
class _WordsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, I64.as_pointer())


@register_model(ChoiceType)
class _ChoiceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, I64)


@register_model(BufferType)
class _BufferModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("words", WORDS), ("length", types.int64)])


@register_model(StateType)
class _StateModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("words", WORDS), ("broken", types.int64)])


@register_model(RefType)
class _RefModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("words", WORDS), ("shift", types.int64)])


# --------------------------------------------------------------------------------------------------- types of values


def record_type(record: Record) -> Any:
    """The named tuple that a record reads as."""
    inner = [record_type(f) if isinstance(f, Record) else scalar_type(f) for f in record.fields]
    if all(t == inner[0] for t in inner):
        return types.NamedUniTuple(inner[0], len(inner), record.cls)
    return types.NamedTuple(inner, record.cls)


def scalar_type(node: Scalar) -> Any:
    """An integer, or a truth value."""
    return types.boolean if node.sort.boolean else types.int64


def value_type(state: StateType, node: Node, path: str) -> Any:
    """What reading a node gives: a value, or for a container its place."""
    if isinstance(node, Scalar):
        return scalar_type(node)
    return record_type(node) if isinstance(node, Record) else RefType(state, node, path)


# --------------------------------------------------------------------------------------------------- bits and places


class Emit:
    """Emits loads, stores and checks at a place."""

    def __init__(self, context: Any, builder: Any) -> None:
        self.context, self.b = context, builder

    def ref(self, value_type: Any, value: Any) -> tuple[Any, Any]:
        """The pointer and the shift of a place."""
        proxy = cgutils.create_struct_proxy(value_type)(self.context, self.b, value=value)
        return proxy.words, proxy.shift

    def make_ref(self, ref_type: Any, words: Any, shift: Any) -> Any:
        """A place as a value."""
        proxy = cgutils.create_struct_proxy(ref_type)(self.context, self.b)
        proxy.words, proxy.shift = words, shift
        return proxy._getvalue()

    def move(self, words: Any, shift: Any, bits: int) -> tuple[Any, Any]:
        """A place some bits further on; what is a whole word moves the pointer."""
        word, rest = divmod(bits, WORD)
        if word:
            words = self.b.gep(words, [const(word)])
        return words, self.b.add(shift, const(rest)) if rest else shift

    def element(self, array: Array, words: Any, shift: Any, place: Any) -> tuple[Any, Any]:
        """The place of an array's child, counted from 0."""
        if array.per_word:
            words = self.b.gep(words, [self.b.udiv(place, const(array.per_word))])
            place = self.b.urem(place, const(array.per_word))
        elif array.stride % WORD == 0:
            return self.b.gep(words, [self.b.mul(place, const(array.stride // WORD))]), shift
        return words, self.b.add(shift, self.b.mul(place, const(array.stride)))

    def get(self, words: Any, shift: Any, bits: int) -> Any:
        """The bits at a place."""
        if bits == 0:
            return const(0)
        return self.b.and_(self.b.lshr(self.b.load(words), shift), const((1 << bits) - 1))

    def put(self, words: Any, shift: Any, bits: int, value: Any) -> None:
        """Replace the bits at a place; the value fits."""
        if bits:
            hole = self.b.not_(self.b.shl(const((1 << bits) - 1), shift))
            self.b.store(self.b.or_(self.b.and_(self.b.load(words), hole), self.b.shl(value, shift)), words)

    def integer(self, value: Any, value_type: Any) -> Any:
        """A value as a 64-bit integer."""
        return self.context.cast(self.b, value, value_type, types.int64)

    def stored(self, node: Scalar, value: Any) -> Any:
        """The bits of a checked value."""
        self.check(node.sort, value, node.name)
        return self.b.add(value, const(node.bias)) if node.bias else value

    def check(self, sort: Sort, value: Any, name: str) -> None:
        """Raise where a value lies outside its sort."""
        text = f"{name}: a value is outside its declared range {sort.low}..{sort.high}"
        beyond = self.b.icmp_unsigned(">", self.b.sub(value, const(sort.low)), const(sort.high - sort.low))
        self.fail_if(beyond, text)

    def fail_if(self, condition: Any, text: str) -> None:
        """Raise OverflowError, which the driver turns into a ModelError that names the step."""
        with self.b.if_then(condition, likely=False):
            self.context.call_conv.return_user_exc(self.b, OverflowError, (text,))

    def load(self, node: Scalar | Record, words: Any, shift: Any) -> Any:
        """The value at a place."""
        if isinstance(node, Record) and node.bits() > WORD:
            parts = [self.load(f, *self.move(words, shift, f.offset)) for f in node.fields]
            return self.context.make_tuple(self.b, record_type(node), parts)
        return self.unpack(node, self.get(words, shift, node.bits()))

    def store(self, node: Scalar | Record, words: Any, shift: Any, value: Any, value_type: Any) -> None:
        """Replace the value at a place, its ranges checked."""
        if isinstance(node, Record) and node.bits() > WORD:
            parts = zip(node.fields, cgutils.unpack_tuple(self.b, value), value_type.types, strict=True)
            for f, part, part_type in parts:
                self.store(f, *self.move(words, shift, f.offset), part, part_type)
        else:
            self.put(words, shift, node.bits(), self.pack(node, value, value_type))

    def unpack(self, node: Scalar | Record, bits: Any) -> Any:
        """The value of its bits."""
        if isinstance(node, Scalar):
            if node.sort.boolean:
                return self.b.trunc(bits, I1)
            return self.b.sub(bits, const(node.bias)) if node.bias else bits
        parts = []
        for f in node.fields:
            mask = const((1 << f.bits()) - 1)
            parts.append(self.unpack(f, self.b.and_(self.b.lshr(bits, const(f.offset)), mask)))
        return self.context.make_tuple(self.b, record_type(node), parts)

    def pack(self, node: Scalar | Record, value: Any, value_type: Any) -> Any:
        """The bits of a value, its ranges checked."""
        if isinstance(node, Scalar):
            return self.stored(node, self.integer(value, value_type))
        bits = const(0)
        parts = zip(node.fields, cgutils.unpack_tuple(self.b, value), value_type.types, strict=True)
        for f, part, part_type in parts:
            bits = self.b.or_(bits, self.b.shl(self.pack(f, part, part_type), const(f.offset)))
        return bits


# --------------------------------------------------------------------------------------------------- buffers


def buffer_cell(emit: Emit, buffer_type: Any, value: Any, index: Any) -> Any:
    """The pointer to a word of a buffer."""
    buffer = cgutils.create_struct_proxy(buffer_type)(emit.context, emit.b, value=value)
    if buffer_type.checked:
        emit.fail_if(emit.b.icmp_unsigned(">=", index, buffer.length), "a word lies outside its buffer")
    return emit.b.gep(buffer.words, [index])


@lower_builtin(operator.getitem, BufferType, types.int64)
def _buffer_get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(buffer_cell(Emit(context, builder), sig.args[0], args[0], args[1]))


@lower_builtin(operator.setitem, BufferType, types.int64, types.uint64)
def _buffer_set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], buffer_cell(Emit(context, builder), sig.args[0], args[0], args[1]))
    return context.get_dummy_value()


@lower_builtin(len, BufferType)
def _buffer_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0]).length


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
        if isinstance(ref, BufferType):
            return signature(types.uint64, ref, types.int64)
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
        if ref.state.checked:
            length = emit.get(words, shift, node.length_bits())
            outside = emit.b.icmp_unsigned(">=", emit.b.sub(index, const(1)), length)
            emit.fail_if(outside, f"{node.name}: an index is outside the sequence")
        words, shift = emit.move(words, shift, node.items)
        return emit.element(node, words, shift, emit.b.sub(index, const(1)))
    first = node.key.first
    place = emit.b.sub(index, const(first)) if first else index
    if ref.state.checked:
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
        if isinstance(ref, BufferType):
            return signature(types.none, ref, types.int64, types.uint64)
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
        if is_sized or isinstance(args[0], BufferType):
            return signature(types.int64, *args)
        return None


@lower_builtin(len, RefType)
def _len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    emit, node = Emit(context, builder), sig.args[0].node
    words, shift = emit.ref(sig.args[0], args[0])
    if isinstance(node, SeqNode):
        return emit.get(words, shift, node.length_bits())
    if node.stride % WORD or (node.per_word == 0 and node.key.size == 1):
        return builder.ctpop(builder.and_(builder.load(words), builder.shl(const(_members_mask(node)), shift)))
    total = const(0)
    for place in range(node.key.size):
        total = builder.add(total, emit.get(*emit.element(node, words, shift, const(place)), 1))
    return total


def _members_mask(node: SetNode) -> int:
    """The bits of all members of a set that lies within a word."""
    return sum(1 << node.at(place) for place in range(node.key.size)) & (1 << WORD) - 1


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
    if node.stride % WORD:
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
