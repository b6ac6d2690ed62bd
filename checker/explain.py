"""Why a property is false: the parts of the state that its own text looked at when it said so.

The property is run once more under a trace. Where it answers False, the conditions around that `return` are read from
its source, and every place of the state that they name is shown with its value; of a loop around it the numbers that
end it, such as a commit index. So each property explains itself, and no explanation can say something else than the
check.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from raftproof.checker.language.errors import source_of
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.language.model import Property
from raftproof.checker.language.nodes import MapNode, Node, Record, SeqNode


def facts_of(system: Interpreter, declared: Property, states: list[Any]) -> dict[str, str]:
    """What contradicts each other: `place = value` with its place, in the order of the property's text."""
    arguments = _failing(system, declared, states)
    seen = _return_of(declared.function, [*states, *arguments])
    if seen is None:
        return {}
    line, names = seen
    tree = source_of(declared.function).tree
    reader = _Places(system, dict(zip(names, states, strict=False)), names | _globals(declared.function))
    told: dict[str, str] = {}
    is_asked = False
    for expression, is_loop in _around(tree, line):
        found = {f: place for f, place in reader.facts(expression) if not is_loop or _NUMBER.search(f)}
        is_asked |= bool(found) and not is_loop
        told |= found
    return told if is_asked else dict(_counted(tree, line, reader))


def _failing(system: Interpreter, declared: Property, states: list[Any]) -> tuple[Any, ...]:
    """The values of a property's parameters for which it is false."""
    domains = []
    for parameter in declared.parameters:
        sort = parameter.sort(system.layout)
        assert sort is not None
        domains.append(range(sort.first, sort.last + 1))
    return next(a for a in itertools.product(*domains) if not declared.function(*states, *a))


def _globals(function: Callable[..., Any]) -> dict[str, Any]:
    return function.__globals__


def _return_of(function: Callable[..., Any], arguments: list[Any]) -> tuple[int, dict[str, Any]] | None:
    """The line at which a call returns, and the local names there."""
    found: list[tuple[int, dict[str, Any]]] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code is not function.__code__:
            return None
        if event == "return":
            found.append((frame.f_lineno, dict(frame.f_locals)))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return found[-1] if found else None


_NUMBER = re.compile(r" = \d+$")


def _around(tree: ast.AST, line: int) -> Iterator[tuple[ast.expr, bool]]:
    """What led to a line, outermost first: conditions, loops (with True), and what is returned there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.For) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0):
            yield (node.iter, True) if isinstance(node, ast.For) else (node.test, False)
        if isinstance(node, ast.Return) and node.lineno == line and not isinstance(node.value, ast.Constant | None):
            yield node.value, False


def _counted(tree: ast.AST, line: int, reader: _Places) -> Iterator[tuple[str, str]]:
    """Where the condition itself names no place, it was counted: what the loops around it ran over, and what the loop
    before it asked of each value."""
    around = [n for n in ast.walk(tree) if isinstance(n, ast.For) and n.lineno <= line <= (n.end_lineno or 0)]
    for loop in around:
        yield from reader.facts(loop.iter)
    before = [n for n in (around[-1].body if around else []) if isinstance(n, ast.For) and (n.end_lineno or 0) < line]
    for loop in before:
        asked = [n.test for n in ast.walk(loop) if isinstance(n, ast.If)]
        for value in reader.values(loop.iter):
            for test in asked:
                yield from reader.naming(loop.target, value).facts(test)


class _Places:
    """Reads the places of states that an expression names."""

    def __init__(self, system: Interpreter, states: dict[str, Any], names: dict[str, Any]) -> None:
        self.system, self.layout, self.states, self.names = system, system.layout, states, names

    def facts(self, expression: ast.expr) -> Iterator[tuple[str, str]]:
        """`place = value` for every place in an expression, in reading order, and the place alone."""
        found = self._place(expression)
        if found is not None:
            text, node, value = found
            place = text.split(": ")[-1].split(".")[0]
            yield f"{text} = {_text(node.show(value) if node else value)}", place
            return
        for child in ast.iter_child_nodes(expression):
            if isinstance(child, ast.expr):
                yield from self.facts(child)

    def values(self, expression: ast.expr) -> list[Any]:
        """What a loop runs over."""
        return list(self._value(expression))

    def naming(self, target: ast.expr, value: Any) -> _Places:
        """The same where the variable of a loop has a value."""
        assert isinstance(target, ast.Name)
        return _Places(self.system, self.states, self.names | {target.id: value})

    def _value(self, expression: ast.expr) -> Any:
        return eval(compile(ast.Expression(expression), "<expression>", "eval"), {}, {**self.names, **self.states})

    def _place(self, expression: ast.expr) -> tuple[str, Node | None, Any] | None:
        """The text, the node and the value of a path such as s.log[i][k].term; None for anything else."""
        match expression:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in self.states:
                if attr not in self.layout.fields:
                    return None
                prefix = "" if len(self.states) == 1 else ("before: " if name == next(iter(self.states)) else "after: ")
                return prefix + attr, self.layout.fields[attr], self.states[name].__dict__[attr]
            case ast.Attribute(value=inner, attr=attr):
                found = self._place(inner)
                if found is None or not isinstance(found[1], Record):
                    return None
                part = next(f for f in found[1].fields if f.name == attr)
                return f"{found[0]}.{attr}", part, getattr(found[2], attr)
            case ast.Subscript(value=inner, slice=index):
                return self._element(inner, index)
        return None

    def _element(self, inner: ast.expr, index: ast.expr) -> tuple[str, Node | None, Any] | None:
        found = self._place(inner)
        if found is None:
            return None
        text, node, value = found
        key = self._value(index)
        if isinstance(node, MapNode):
            return f"{text}[{node.key.show(key)}]", node.child, value[key]
        if isinstance(node, SeqNode) and 1 <= key <= len(value):  # where there is none, the whole sequence is the fact
            return f"{text}[{key}]", node.child, value[key]
        return None


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{k} {_text(v)}" for k, v in value.items() if v != []) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return "none" if value is None else str(value)


__all__ = ["facts_of"]
