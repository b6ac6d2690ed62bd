"""The small language that a model's functions are written in, as far as it shows without the state's layout.

What is listed here is allowed, everything else is not: what runs as Python but means something else compiled (a name
that may be unset, a division's float, a constant that compilation would freeze) is refused where it is defined.
"""

from __future__ import annotations

import ast
import builtins
import enum
import types
from collections.abc import Callable, Iterator
from typing import Any

from raftproof.checker.language.errors import Source

BUILTINS = ("len", "range", "min", "max", "abs", "int", "bool")
ALLOWED: tuple[type[ast.AST], ...] = (
    ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.Expr, ast.Pass,
    ast.Break, ast.Continue, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call, ast.keyword,
    ast.Constant, ast.Attribute, ast.Subscript, ast.Name, ast.Tuple, ast.expr_context, ast.boolop, ast.operator,
    ast.unaryop, ast.cmpop,
)  # fmt: skip
INSTEAD: dict[type[ast.AST], str] = {
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
    ast.Match: "write if and elif",
    ast.Delete: "a Set has discard, a Seq pop and truncate, a Bag discard",
    ast.Slice: "write a for over the indexes",
    ast.Starred: "write each argument",
    ast.Dict: "declare a Map in the state",
    ast.List: "declare a Seq in the state",
    ast.Set: "declare a Set in the state",
    ast.Div: "a model has no floats; write //",
    ast.Pow: "write a product",
    ast.Is: "write ==",
    ast.IsNot: "write !=",
    ast.Global: "a model has no state but its own",
    ast.Nonlocal: "a model has no state but its own",
    ast.NamedExpr: "assign in a statement",
    ast.JoinedStr: "a model has no strings",
    ast.Yield: "return once",
    ast.YieldFrom: "return once",
    ast.Await: "a model does not wait",
    ast.Import: "import at the head of the file",
    ast.ImportFrom: "import at the head of the file",
    ast.FunctionDef: "define helpers at the head of the file",
    ast.AsyncFunctionDef: "define helpers at the head of the file",
    ast.ClassDef: "define classes at the head of the file",
}


def check_form(function: Callable[..., Any], source: Source, answers: bool) -> ast.FunctionDef:
    """The function's tree; raises ModelError where it steps out of the language."""
    tree = source.tree
    if not isinstance(tree, ast.FunctionDef):
        raise source.error(None, f"{function.__name__} is no plain function; write def {function.__name__}(…)")
    _check_signature(function, source, tree)
    for node, parent in _inside(tree):
        _check_node(source, node, parent)
    _Names(function, source, tree).check(answers)
    return tree


def _inside(tree: ast.FunctionDef) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Every node of the body with its parent; the docstring and annotations are no part of what runs."""
    body = tree.body[1:] if ast.get_docstring(tree, clean=False) is not None else tree.body
    waiting: list[tuple[ast.AST, ast.AST]] = [(statement, tree) for statement in body]
    while waiting:
        node, parent = waiting.pop(0)
        yield node, parent
        annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
        waiting += [(child, node) for child in ast.iter_child_nodes(node) if child is not annotation]


def _check_signature(function: Callable[..., Any], source: Source, tree: ast.FunctionDef) -> None:
    given = tree.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
        raise source.error(None, f"{function.__name__}: write plain parameters, without *, / or default values")
    if function.__code__.co_freevars:
        free = function.__code__.co_freevars[0]
        raise source.error(None, f"{function.__name__} uses {free} of the function around it; define both in the file")


def _check_node(source: Source, node: ast.AST, parent: ast.AST) -> None:
    kind = type(node)
    if kind in INSTEAD or not isinstance(node, ALLOWED):
        place = node if hasattr(node, "lineno") else parent
        instead = INSTEAD.get(kind, "a model has integers, if, for, calls of helpers, and its state")
        raise source.error(place, f"{kind.__name__} is not in the language: {instead}")
    if isinstance(node, ast.Constant):
        _check_constant(source, node, parent)
    if isinstance(node, ast.For) and node.orelse:
        raise source.error(node.orelse[0], "a for has no else in the language; write an if after it")


def _check_constant(source: Source, node: ast.Constant, parent: ast.AST) -> None:
    value = node.value
    if isinstance(value, float):
        raise source.error(node, f"{value} is a float; a model holds integers")
    if value is None and isinstance(parent, ast.Return):
        return
    if not _is_constant(value):
        raise source.error(node, f"{value!r} is no integer of 64 bits; a model holds nothing else")


class _Names:
    """Follows the names of a function: each is set before it is used, and every way through ends in an answer."""

    def __init__(self, function: Callable[..., Any], source: Source, tree: ast.FunctionDef) -> None:
        self.function, self.source, self.tree = function, source, tree
        stored = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        self.locals = {a.arg for a in tree.args.args} | {n.id for n in stored}

    def check(self, answers: bool) -> None:
        """Raise ModelError at the first name or way that is wrong."""
        self.answers = answers
        end = self._follow(self.tree.body, frozenset(a.arg for a in self.tree.args.args))
        if answers and end is not None:
            last = self.tree.body[-1]
            raise self.source.error(last, f"{self.function.__name__} can end here without an answer; write a return")

    def _follow(self, body: list[ast.stmt], known: frozenset[str]) -> frozenset[str] | None:
        """The names that are certainly set after the statements; None where what follows is never reached."""
        for statement in body:
            after = self._step(statement, known)
            if after is None:
                return None
            known = after
        return known

    def _step(self, statement: ast.stmt, known: frozenset[str]) -> frozenset[str] | None:
        match statement:
            case ast.Return(value=value):
                if value is None and self.answers:
                    raise self.source.error(statement, "a return without an answer; write return True or return False")
                self._use(value, known)
                return None
            case ast.Break() | ast.Continue():
                return None
            case ast.If(test=test, body=then, orelse=otherwise):
                self._use(test, known)
                ends = [e for e in (self._follow(then, known), self._follow(otherwise, known)) if e is not None]
                return frozenset.intersection(*ends) if ends else None
            case ast.For(target=target, iter=iterable, body=inner):
                self._use(iterable, known)
                self._follow(inner, known | self._stored(target))
                return known
            case ast.AugAssign(target=ast.Name(id=name)) if name not in known:
                raise self.source.error(statement, f"{name} may have no value here; give it one on every way")
        self._use(statement, known)
        return known | self._stored(statement)

    def _stored(self, node: ast.AST) -> frozenset[str]:
        names = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        return frozenset(n.id for n in names)

    def _use(self, node: ast.AST | None, known: frozenset[str]) -> None:
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                if part.id in self.locals and part.id not in known:
                    raise self.source.error(part, f"{part.id} may have no value here; give it one on every way")
                if part.id not in self.locals:
                    self._check_global(part)

    def _check_global(self, node: ast.Name) -> None:
        value = self.function.__globals__.get(node.id, self)
        if value is self:
            if hasattr(builtins, node.id) and node.id not in BUILTINS:
                known = ", ".join(BUILTINS)
                raise self.source.error(node, f"{node.id} is not in the language; Python's own that are: {known}")
            if node.id not in BUILTINS:
                raise self.source.error(node, f"{node.id} is not defined")
        elif isinstance(value, types.ModuleType):
            raise self.source.error(node, f"{node.id} is a module; import the name itself: from {node.id} import …")
        elif isinstance(value, type) and not issubclass(value, enum.IntEnum | tuple):
            raise self.source.error(node, why_not_callable(node.id, value))
        elif not _is_constant(value) and not isinstance(value, types.FunctionType | type):
            raise self.source.error(
                node,
                f"{node.id} is a {type(value).__name__}; a model may name integers, tuples of them, enumerations, "
                "records and helper functions",
            )


def _is_constant(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_constant, value))
    return isinstance(value, int) and -(1 << 63) <= value < 1 << 63


def is_callable(value: Any) -> bool:
    """Whether a function of the model may call this: a helper, or a record's class."""
    is_record = isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")
    return isinstance(value, types.FunctionType) or is_record


def why_not_callable(name: str, value: Any) -> str:
    """What to write instead of a call that is not in the language."""
    if isinstance(value, type) and issubclass(value, enum.IntEnum):
        return f"{name}(…) is not in the language; name the member, as in {name}.{next(iter(value)).name}"
    if isinstance(value, type):
        return f"{name}(…) is not in the language; write the number, or make a constant at the head of the file"
    return f"{name} is no helper function or record of this module"
