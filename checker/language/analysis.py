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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from raftproof.checker.language.containers import Bag, Map, Members, Seq, Set, State
from raftproof.checker.language.errors import Source, source_of

MUTATORS = {
    Set: ("add", "discard", "clear"),
    Seq: ("append", "pop", "truncate"),
    Bag: ("send", "discard"),
}
BUILTINS = ("len", "range", "min", "max", "abs", "int", "bool")
FORBIDDEN: dict[type[ast.AST], str] = {
    ast.ListComp: "write a plain for",
    ast.SetComp: "write a plain for",
    ast.DictComp: "write a plain for",
    ast.GeneratorExp: "write a plain for",
    ast.Lambda: "write a helper function",
    ast.Try: "a model raises nothing; test the condition first",
    ast.Raise: "a model raises nothing; answer False, or write an invariant",
    ast.Assert: "write an invariant",
    ast.While: "write a for over a range",
    ast.With: "a model has no resources",
    ast.Dict: "declare a Map in the state",
    ast.List: "declare a Seq in the state",
    ast.Set: "declare a Set in the state",
    ast.Div: "a model has no floats; write //",
    ast.Global: "a model has no state but its own",
    ast.Nonlocal: "a model has no state but its own",
    ast.NamedExpr: "assign in a statement",
    ast.JoinedStr: "a model has no strings",
    ast.Yield: "return once",
    ast.Await: "a model does not wait",
    ast.Import: "import at the head of the file",
    ast.ImportFrom: "import at the head of the file",
    ast.FunctionDef: "define helpers at the head of the file",
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


def helpers_of(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The plain functions that a function names."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, types.FunctionType):
            yield value


@cache
def frame_of(function: Callable[..., Any]) -> Frame:
    """What a function reads and writes, helpers included; raises ModelError where it breaks a rule of the language."""
    return Reader(function, ()).frame()


def rules_of(function: Callable[..., Any]) -> set[str]:
    """The names of the rules that a function, or a helper of it, asks about by `s.upholds(Rule.NAME)`."""
    names = set()
    for node in ast.walk(source_of(function).tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "upholds":
            names |= {argument.attr for argument in node.args if isinstance(argument, ast.Attribute)}
    return names.union(*(rules_of(h) for h in helpers_of(function) if _takes_state(h)))


class Reader:
    """One reading of one function."""

    def __init__(self, function: Callable[..., Any], callers: tuple[Callable[..., Any], ...]) -> None:
        self.function = function
        self.callers = callers
        self.source: Source = source_of(function)
        assert isinstance(self.source.tree, ast.FunctionDef)
        self.tree = self.source.tree
        hints = hints_of(function)
        self.states = {a.arg: hints_of(hints[a.arg]) for a in self.tree.args.args if is_state(hints.get(a.arg))}
        self.may_write = hints.get("return") in (bool, type(None))
        self.reads: set[str] = set()
        self.writes: set[str] = set()

    def frame(self) -> Frame:
        """Check every rule, and gather the frame."""
        if self.function in self.callers:
            raise self.source.error(None, f"{self.function.__name__} calls itself; write a for")
        for node in ast.walk(self.tree):
            self._check_form(node)
        self._visit(self.tree.body)
        self._decide_first(self.tree.body, False)
        frame = Frame(frozenset(self.writes), frozenset(self.reads))
        for helper in helpers_of(self.function):
            if _takes_state(helper):
                frame |= Reader(helper, (*self.callers, self.function)).frame()
        return frame

    # --------------------------------------------------------------------------------------------------- the form

    def _check_form(self, node: ast.AST) -> None:
        if node is not self.tree and type(node) in FORBIDDEN:
            raise self.source.error(node, f"{type(node).__name__} is not in the language: {FORBIDDEN[type(node)]}")
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            raise self.source.error(node, f"{node.value} is a float; a model holds integers")
        if isinstance(node, ast.For) and not self._is_plain_iterable(node.iter):
            raise self.source.error(
                node.iter, "a for runs over range(…) or over all members of a sort, as in s.servers"
            )

    def _is_plain_iterable(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id == "range"
        return get_origin(self.type_of(node)) is Members

    # ------------------------------------------------------------------------------------------- paths into the state

    def type_of(self, node: ast.AST) -> Any:
        """The annotation of a path such as s.log[i][k].term; None where the expression is no path."""
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in self.states:
                fields = self.states[node.value.id]
                if node.attr not in fields:
                    known = ", ".join(sorted(fields))
                    raise self.source.error(node, f"the state has no field {node.attr}; it has {known}")
                return fields[node.attr]
            inner = bare(self.type_of(node.value))
            return hints_of(inner).get(node.attr) if hasattr(inner, "_fields") else None
        if isinstance(node, ast.Subscript):
            container = bare(self.type_of(node.value))
            if get_origin(container) in (Map, Seq):
                return get_args(container)[-1]
        return None

    def _field(self, node: ast.AST) -> str | None:
        """The field that a path begins with."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.states:
                return node.attr
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
                self._check_call(node)

    def _check_use_of_state(self, node: ast.Name, parent: ast.AST) -> None:
        is_argument = isinstance(parent, ast.Call) and node in parent.args
        if not is_argument and not (isinstance(parent, ast.Attribute) and parent.value is node):
            raise self.source.error(node, f"{node.id} is the state itself; name a field of it")

    def _check_path(self, node: ast.Attribute | ast.Subscript, parents: dict[ast.AST, ast.AST]) -> None:
        parent = parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        field = self._field(node)
        if field is None:
            return
        annotation = self.type_of(node)
        if isinstance(node.ctx, ast.Store):
            self._write(node, field)
            if isinstance(parent, ast.AugAssign):
                self.reads.add(field)
            return
        if get_origin(bare(annotation)) is not Members:
            self.reads.add(field)
        if is_container(annotation) and not _may_hold(node, parent):
            text = ast.unparse(node)
            raise self.source.error(
                node, f"{text} is a mutable part of the state; no name may stand for it, write {text}[…]"
            )

    def _check_call(self, node: ast.Call) -> None:
        func = node.func
        if isinstance(func, ast.Attribute):
            if isinstance(func.value, ast.Name) and func.value.id in self.states:
                if func.attr != "upholds":
                    raise self.source.error(node, f"a state has no method {func.attr}")
                return
            kind = get_origin(bare(self.type_of(func.value)))
            field = self._field(func.value)
            if kind is None or field is None or func.attr not in MUTATORS.get(kind, ()):
                known = ", ".join(m for ms in MUTATORS.values() for m in ms)
                raise self.source.error(node, f"{ast.unparse(func)} is not in the language; methods are {known}")
            self._write(node, field)
            self.reads.add(field)
        elif isinstance(func, ast.Name) and func.id not in BUILTINS:
            target = self.function.__globals__.get(func.id)
            if not isinstance(target, types.FunctionType | type):
                raise self.source.error(node, f"{func.id} is no helper function or record of this module")
            self._check_helper(node, target)

    def _check_helper(self, node: ast.Call, target: Any) -> None:
        if not isinstance(target, types.FunctionType) or not _takes_state(target):
            return
        writes = Reader(target, (*self.callers, self.function)).frame().writes
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


def _may_hold(node: ast.AST, parent: ast.AST) -> bool:
    """Whether the place where a container stands keeps no hold of it."""
    if isinstance(parent, ast.Subscript):
        return parent.value is node
    if isinstance(parent, ast.Compare):
        return node in parent.comparators and all(isinstance(op, ast.In | ast.NotIn) for op in parent.ops)
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "len"
    return isinstance(parent, ast.Attribute)


def is_state(hint: Any) -> bool:
    """Whether an annotation is a state class, or a Protocol that names some of its fields."""
    return isinstance(hint, type) and (issubclass(hint, State) or getattr(hint, "_is_protocol", False))


def _takes_state(function: Callable[..., Any]) -> bool:
    return any(is_state(hint) for hint in hints_of(function).values())
