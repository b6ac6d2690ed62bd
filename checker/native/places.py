"""The types that numba is told of, and what is emitted at a place in a state: loads, stores, shifts and checks.

    StateType    {words, broken}    s
    RefType      {words, shift}     s.log, s.log[i]: a node's place, the static part folded into the pointer

There are no arrays, records or reference counts inside: LLVM sees loads, shifts, masks and stores, and folds them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import models, register_model

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.nodes import WORD, Array, Node, Record, Scalar
from raftproof.checker.language.sorts import Sort

I64 = ir.IntType(64)
I1 = ir.IntType(1)


def const(value: int) -> Any:
    """A 64-bit constant."""
    return ir.Constant(I64, value & (1 << 64) - 1)


class WordsType(types.Type):
    """A bare pointer to 64-bit words."""

    def __init__(self) -> None:
        super().__init__("Words")


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
