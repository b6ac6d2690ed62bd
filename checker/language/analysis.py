"""Reads the source of a model's functions: what they read and write, and whether they keep the language's rules.

A function of a model runs interpreted and compiled and must mean the same in both, so it is held to a small
language: plain `for` and `if`, integers, calls of pure helpers. An action decides before its first write, so that one
that answers False has written nothing and needs no undo; no name stands for a mutable part of the state, so that what
is written is seen in the text. The fields that a function reads and writes are its *frame*: only the bounds and
invariants that an action can break are checked after it.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from raftproof.checker.language.containers import Bag, Map, Members, Seq, Set, State
from raftproof.checker.language.errors import Source, source_of
from raftproof.checker.language.form import BUILTINS, check_form, is_callable, why_not_callable

MUTATORS = {
    Set: ("add", "discard", "clear"),
    Seq: ("append", "pop", "truncate", "drop"),
    Bag: ("send", "discard"),
}


@dataclass(frozen=True)
class Frame:
    """The fields of the state that a function writes, and those that it reads."""

    writes: frozenset[str]
    reads: frozenset[str]

    def __or__(self, other: Frame) -> Frame:
        return Frame(self.writes | other.writes, self.reads | other.reads)


def bare(annotation: Any) -> Any:
    """An annotation without its marks."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def is_container(annotation: Any) -> bool:
    """Whether a value of this type is a mutable part of the state."""
    return get_origin(bare(annotation)) in (Map, Set, Seq, Bag)


_hints: dict[Any, dict[str, Any]] = {}


def hints_of(definition: Any) -> dict[str, Any]:
    """The annotations of a function or a class, resolved."""
    if definition not in _hints:
        _hints[definition] = get_type_hints(definition, include_extras=True)
    return _hints[definition]


def helpers_of(function: Callable[..., Any]) -> dict[str, types.FunctionType]:
    """The plain functions that a function names; a field of the same name is none."""
    tree = source_of(function).tree
    named = {n.id: function.__globals__.get(n.id) for n in ast.walk(tree) if isinstance(n, ast.Name)}
    used = function.__code__.co_names
    return {name: value for name, value in named.items() if name in used and isinstance(value, types.FunctionType)}


_being_read: list[Callable[..., Any]] = []
"""The function whose frame is asked, and those through which it was come to."""


@cache
def frame_of(function: Callable[..., Any]) -> Frame:
    """What a function reads and writes, helpers included; raises ModelError where it breaks a rule of the language."""
    if function in _being_read:
        raise source_of(function).error(None, f"{function.__name__} calls itself; write a for")
    _being_read.append(function)
    try:
        return Reader(function).frame()
    finally:
        _being_read.pop()


def rules_of(function: Callable[..., Any]) -> set[str]:
    """The names of the rules that a function, or a helper of it, asks about by `s.upholds(Rule.NAME)`."""
    names = set()
    for node in ast.walk(source_of(function).tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "upholds":
            names |= {argument.attr for argument in node.args if isinstance(argument, ast.Attribute)}
    return names.union(*(rules_of(h) for h in helpers_of(function).values() if _takes_state(h)))


class Reader:
    """One reading of one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.source: Source = source_of(function)
        hints = hints_of(function)
        self.tree = check_form(function, self.source, answers=hints.get("return") is not type(None))
        self.states = {a.arg: fields_here(hints[a.arg]) for a in self.tree.args.args if is_state(hints.get(a.arg))}
        self.records = {a.arg: records_of(hints.get(a.arg)) for a in self.tree.args.args}
        self.may_write = hints.get("return") in (bool, type(None))
        self.reads: set[str] = set()
        self.writes: set[str] = set()

    def frame(self) -> Frame:
        """Check every rule, and gather the frame."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.For) and not self._is_plain_iterable(node.iter):
                text = "a for runs over range(…) or over all members of a sort, as in s.servers"
                raise self.source.error(node.iter, text)
        self._visit(self.tree.body)
        self._decide_first(self.tree.body, False)
        for helper in helpers_of(self.function).values():
            frame_of(helper)
        return Frame(frozenset(self.writes), frozenset(self.reads))

    def _is_plain_iterable(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id == "range"
        return get_origin(self.type_of(node)) is Members

    # ------------------------------------------------------------------------------------------- paths into the state

    def type_of(self, node: ast.AST) -> Any:
        """The annotation of a path such as s.log[i][k].term; None where the expression is no path."""
        if isinstance(node, ast.Attribute):
            fields = self._fields_at(node.value)
            if fields is not None:
                if node.attr not in fields:
                    known = ", ".join(sorted(fields))
                    raise self.source.error(node, f"the state has no field {node.attr}; it has {known}")
                return fields[node.attr]
            records = self._records(node.value)
            for record in records:
                if node.attr not in record._fields:
                    known = ", ".join(record._fields)
                    raise self.source.error(node, f"{record.__name__} has no field {node.attr}; it has {known}")
            return hints_of(records[0])[node.attr] if records else None
        if isinstance(node, ast.Subscript):
            container = bare(self.type_of(node.value))
            if get_origin(container) in (Map, Seq):
                return get_args(container)[-1]
        return None

    def _records(self, node: ast.expr) -> tuple[Any, ...]:
        """The classes of the records that an expression may be, where that is known."""
        if isinstance(node, ast.Name):
            return self.records.get(node.id, ())
        return records_of(bare(self.type_of(node)))

    def _fields_at(self, node: ast.AST) -> dict[str, Any] | None:
        """The fields of the state that an expression names: a parameter, or a state nested in one."""
        if isinstance(node, ast.Name):
            return self.states.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.states:
            nested = self.states[node.value.id].get(node.attr)
            return fields_here(nested) if is_nested(nested) else None
        return None

    def _field(self, node: ast.AST) -> str | None:
        """The field that a path begins with; one of a nested state has both names: "history.log"."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute) and self._fields_at(node.value) is not None:
                return _part_of(node.value) + node.attr
            node = node.value
        return None

    def _visit(self, nodes: list[ast.stmt]) -> None:
        parents: dict[ast.AST, ast.AST] = {}
        for top in nodes:
            for node in ast.walk(top):
                for child in ast.iter_child_nodes(node):
                    parents[child] = node
        for node in parents:
            if isinstance(node, ast.Name) and node.id in self.states:
                self._check_use_of_state(node, parents[node])
            elif isinstance(node, ast.Attribute | ast.Subscript):
                self._check_path(node, parents)
            elif isinstance(node, ast.Call):
                self._check_call(node, parents[node])

    def _check_use_of_state(self, node: ast.Name, parent: ast.AST) -> None:
        is_argument = isinstance(parent, ast.Call) and node in parent.args
        if not is_argument and not (isinstance(parent, ast.Attribute) and parent.value is node):
            raise self.source.error(node, f"{node.id} is the state itself; name a field of it")

    def _check_use_of_nested(self, node: ast.Attribute | ast.Subscript, nested: Any, parent: ast.AST) -> None:
        is_argument = isinstance(parent, ast.Call) and node in parent.args
        if not is_argument and not isinstance(parent, ast.Attribute):
            raise self.source.error(node, f"{ast.unparse(node)} is a {nested.__name__}; name a field of it")

    def _check_path(self, node: ast.Attribute | ast.Subscript, parents: dict[ast.AST, ast.AST]) -> None:
        parent = parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        field, annotation = self._field(node), self.type_of(node)
        if is_nested(annotation):
            self._check_use_of_nested(node, annotation, parent)
            return
        if isinstance(node.ctx, ast.Store):
            self._check_target(node, annotation)
        if field is None:
            return
        if isinstance(node.ctx, ast.Store):
            self._write(node, field)
            if isinstance(parent, ast.AugAssign):
                self.reads.add(field)
            return
        if get_origin(bare(annotation)) is not Members:
            self.reads.add(field)
        if is_container(annotation) and not _may_hold(node, parent, get_origin(bare(annotation))):
            text = ast.unparse(node)
            if isinstance(parent, ast.Compare) and isinstance(parent.ops[-1], ast.In | ast.NotIn):
                raise self.source.error(node, f"{text}: only a Set and a Bag have `in`; write a for over the indexes")
            raise self.source.error(
                node, f"{text} is a mutable part of the state; no name may stand for it, write {text}[…]"
            )

    def _check_target(self, node: ast.Attribute | ast.Subscript, annotation: Any) -> None:
        """A scalar or a record is set as a whole, in a field of the state or in a Map."""
        text, holder = ast.unparse(node), bare(self.type_of(node.value))
        if is_container(annotation):
            raise self.source.error(node, f"{text} is a container and cannot be set; change what is in it")
        if get_origin(bare(annotation)) is Members:
            raise self.source.error(node, f"{text} is a constant; it cannot be set")
        if get_origin(holder) is Seq:
            raise self.source.error(node, f"{text}: an item of a Seq cannot be set; truncate it and append")
        if self._field(node) is None or records_of(holder):
            whole = ast.unparse(node.value)
            raise self.source.error(node, f"{text} cannot be set; set {whole} as a whole, to a new record")

    def _check_call(self, node: ast.Call, parent: ast.AST) -> None:
        func = node.func
        if isinstance(func, ast.Attribute):
            if self._fields_at(func.value) is not None:
                if func.attr != "upholds":
                    raise self.source.error(node, f"a state has no method {func.attr}")
                if not isinstance(node.args[0] if node.args else None, ast.Attribute):
                    raise self.source.error(node, "upholds asks about a rule by its name: s.upholds(Rule.NAME)")
                return
            kind = get_origin(bare(self.type_of(func.value)))
            field = self._field(func.value)
            if kind is None or field is None or func.attr not in MUTATORS.get(kind, ()):
                known = ", ".join(m for ms in MUTATORS.values() for m in ms)
                raise self.source.error(node, f"{ast.unparse(func)} is not in the language; methods are {known}")
            if node.keywords:
                raise self.source.error(node, f"{ast.unparse(func)}: write its argument without a name")
            self._write(node, field)
            self.reads.add(field)
        elif isinstance(func, ast.Name) and func.id not in BUILTINS:
            target = self.function.__globals__.get(func.id)
            if not is_callable(target):
                raise self.source.error(node, why_not_callable(func.id, target))
            self._check_helper(node, target, parent)
        elif isinstance(func, ast.Name) and func.id == "len":
            self._check_len(node)

    def _check_len(self, node: ast.Call) -> None:
        kind = get_origin(bare(self.type_of(node.args[0]))) if node.args else None
        if kind is Map:
            raise self.source.error(node, f"{ast.unparse(node)}: a Map has no length; write that of its key's Members")

    def _check_helper(self, node: ast.Call, target: Any, parent: ast.AST) -> None:
        is_command = isinstance(target, types.FunctionType) and hints_of(target).get("return") is type(None)
        if is_command and not isinstance(parent, ast.Expr):
            raise self.source.error(node, f"{target.__name__} answers nothing; call it in a line of its own")
        if not isinstance(target, types.FunctionType) or not _takes_state(target):
            return
        frame = frame_of(target)
        parts = {_part_of(argument) for argument in node.args if self._fields_at(argument) is not None}
        writes = {part + field for part in parts for field in frame.writes}
        self.reads |= {part + field for part in parts for field in frame.reads}
        if writes and hints_of(target).get("return") is not type(None):
            raise source_of(target).error(
                None, f"{target.__name__} answers and writes; a helper that writes returns None"
            )
        for field in writes:
            self._write(node, field)

    def _write(self, node: ast.AST, field: str) -> None:
        if not self.may_write:
            raise self.source.error(
                node, f"{self.function.__name__} writes {field}; a helper that answers writes nothing"
            )
        self.writes.add(field)

    # ------------------------------------------------------------------------------------------- decide, then write

    def _decide_first(self, body: list[ast.stmt], written: bool) -> bool:
        """Whether the statements may have written; an error where one answers False, or leaves it open, after that."""
        for statement in body:
            match statement:
                case ast.Return(value=ast.Constant(value=True)) | ast.Return(value=None):
                    pass
                case ast.Return() if written:
                    raise self.source.error(
                        statement, "a write stands before the decision: decide first, then write and return True"
                    )
                case ast.If(body=then, orelse=otherwise):
                    after = self._decide_first(then, written)
                    otherwise_after = self._decide_first(otherwise, written)
                    written = (after and not _returns(then)) or (otherwise_after and not _returns(otherwise))
                case ast.For(body=inner):
                    written = self._decide_first(inner, written or self._writes_in(inner))
                case _:
                    written = written or self._writes_in([statement])
        return written

    def _writes_in(self, body: list[ast.stmt]) -> bool:
        for statement in body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                    if self._field(node) is not None:
                        return True
                elif isinstance(node, ast.Call) and self._call_writes(node):
                    return True
        return False

    def _call_writes(self, node: ast.Call) -> bool:
        if isinstance(node.func, ast.Attribute):
            return node.func.attr != "upholds" and self._field(node.func.value) is not None
        target = self.function.__globals__.get(node.func.id) if isinstance(node.func, ast.Name) else None
        return isinstance(target, types.FunctionType) and hints_of(target).get("return") is type(None)


def _returns(body: list[ast.stmt]) -> bool:
    """Whether what follows a block is never reached through it."""
    return bool(body) and isinstance(body[-1], ast.Return)


def _may_hold(node: ast.AST, parent: ast.AST, kind: Any) -> bool:
    """Whether the place where a container of a kind stands keeps no hold of it."""
    if isinstance(parent, ast.Subscript):
        return parent.value is node
    if isinstance(parent, ast.Compare):
        is_asked = node in parent.comparators and all(isinstance(op, ast.In | ast.NotIn) for op in parent.ops)
        return is_asked and kind in (Set, Bag)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "len"
    return isinstance(parent, ast.Attribute)


def records_of(hint: Any) -> tuple[Any, ...]:
    """The record classes that an annotation names: one, the members of a union, or none."""
    classes = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    are_records = all(isinstance(c, type) and issubclass(c, tuple) and hasattr(c, "_fields") for c in classes)
    return tuple(classes) if are_records else ()


def is_state(hint: Any) -> bool:
    """Whether an annotation is a state class, or a Protocol that names some of its fields."""
    return isinstance(hint, type) and (issubclass(hint, State) or getattr(hint, "_is_protocol", False))


def is_nested(hint: Any) -> bool:
    """Whether a field is a state itself."""
    return isinstance(hint, type) and issubclass(hint, State)


def fields_here(state: Any) -> dict[str, Any]:
    """The annotations of a state's fields."""
    return {name: hint for name, hint in hints_of(state).items() if not name.startswith("_")}


def fields_of(state: Any) -> dict[str, Any]:
    """The annotations of a state's fields, and of the fields of states nested in it: "history.log"."""
    found: dict[str, Any] = {}
    for name, hint in fields_here(state).items():
        inner = fields_of(hint) if is_nested(hint) else {}
        found |= {name: hint} | {f"{name}.{field}": annotation for field, annotation in inner.items()}
    return found


def _part_of(node: ast.AST) -> str:
    """What the names of a state's fields begin with, seen from the state around it."""
    return f"{node.attr}." if isinstance(node, ast.Attribute) else ""


def _takes_state(function: Callable[..., Any]) -> bool:
    return any(is_state(hint) for hint in hints_of(function).values())
