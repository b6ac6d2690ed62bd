"""Words that a kernel reads and writes by their index: `table[p]`, `b[GOAL]`, `len(table)`."""

from __future__ import annotations

import operator
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from raftproof.checker.native.places import WORDS, Emit


class BufferType(types.Type):
    """Words that somebody else keeps alive: a pointer and a length."""

    def __init__(self, checked: bool) -> None:
        self.checked = checked
        super().__init__("Buffer!" if checked else "Buffer")


@register_model(BufferType)
class _BufferModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        super().__init__(manager, fe_type, [("words", WORDS), ("length", types.int64)])


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(types.uint64, args[0], types.int64) if isinstance(args[0], BufferType) else None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BufferType):
            return signature(types.none, args[0], types.int64, types.uint64)
        return None


@infer_global(len)
class _Len(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(types.int64, *args) if isinstance(args[0], BufferType) else None


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
