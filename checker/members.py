"""Where the text of a model knows a member of a symmetric sort by its number.

A search up to symmetry takes for granted that members have no names. A comparison of a server with a number, a sum, a
number where a server is asked for: these tell servers apart whatever the state is, and are refused by their text. What
the text does not show is tried (symmetry.py). That a member is none, `-1`, may be asked: `i == NOBODY`, `i < 0`.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

from raftproof.checker.language.analysis import Reader, bare, helpers_of, hints_of
from raftproof.checker.language.containers import Map, Members, Set
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.language.model import Action, Declared, Model
from raftproof.checker.language.sorts import Symmetric

_SUMS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)


def refuse_numbered_members(system: Interpreter) -> None:
    """Raise BoundsError where a function of the model knows a member of a sort in force by its number."""
    sorts = {sort.symmetric for sort in system.layout.symmetric_sorts() if sort.symmetric}
    seen: set[Any] = set()
    waiting = list(_functions(system.model)) if sorts else []
    while waiting:
        function = waiting.pop(0)
        if function in seen:
            continue
        seen.add(function)
        waiting += helpers_of(function).values()
        reading = _Reading(function, sorts)
        for node, what in reading.faults():
            line = getattr(node, "lineno", 0)
            raise BoundsError(
                f"{reading.reader.source.file}:{line}: {function.__name__} {what}, and so tells members apart: "
                f"{ast.unparse(node)}; use members with members only, or --symmetry none"
            )


def _functions(model: Model) -> Iterator[Callable[..., Any]]:
    """All but the initial states, which are compared as they are."""
    groups: list[list[Any]] = [model.actions, model.properties(), model.witnesses, model.constraints]
    declared: list[Declared] = [d for group in [*groups, model.lives, model.reductions] for d in group]
    for one in declared:
        yield from (one.function, *one.guards)
        if isinstance(one, Action) and one.then:
            yield one.then


class _Reading:
    """One function, and the names in it that stand for members."""

    def __init__(self, function: Callable[..., Any], sorts: set[type[Symmetric]]) -> None:
        self.function, self.sorts = function, sorts
        self.reader = Reader(function)
        hints = hints_of(function)
        self.names = {a.arg: sort for a in self.reader.tree.args.args if (sort := self._sort(hints.get(a.arg)))}
        for node in ast.walk(self.reader.tree):
            if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                self._note(node.target.id, self._members_of(self.reader.type_of(node.iter), Members))
        for node in ast.walk(self.reader.tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._note(node.targets[0].id, self.member(node.value))

    def _note(self, name: str, sort: type[Symmetric] | None) -> None:
        if sort is not None:
            self.names[name] = sort

    def _sort(self, hint: Any) -> type[Symmetric] | None:
        """The sort in force that an annotation names."""
        return next((sort for sort in self.sorts if bare(hint) is sort), None)

    def _members_of(self, hint: Any, *containers: Any) -> type[Symmetric] | None:
        """The sort in force that a container is over."""
        whole = bare(hint)
        return self._sort(get_args(whole)[0]) if get_origin(whole) in containers else None

    def member(self, node: ast.AST) -> type[Symmetric] | None:
        """The sort of an expression that is a member."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        return self._sort(self.reader.type_of(node))

    def number(self, node: ast.AST) -> bool:
        """Whether an expression is a number that might be a member's; a negative one is none."""
        if isinstance(node, ast.Name) and node.id not in self.names:
            value = self.function.__globals__.get(node.id)
            return isinstance(value, int) and value >= 0
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int) and node.value >= 0
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id == "len"
        hint = bare(self.reader.type_of(node))
        return isinstance(hint, type) and issubclass(hint, int) and not issubclass(hint, Symmetric)

    def faults(self) -> Iterator[tuple[ast.AST, str]]:
        """Each place that knows a member by its number, and what it does."""
        for node in ast.walk(self.reader.tree):
            match node:
                case ast.Compare():
                    yield from self._compared(node)
                case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _SUMS):
                    if sort := self.member(left) or self.member(right):
                        yield node, f"computes with a {sort.__name__}"
                case ast.Subscript(value=value, slice=index) if self.number(index):
                    if sort := self._members_of(self.reader.type_of(value), Map):
                        yield node, f"takes a number for a {sort.__name__}"
                case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target], value=value):
                    if (sort := self.member(target)) and self.number(value):
                        yield node, f"takes a number for a {sort.__name__}"
                case ast.Call(args=[*_]):
                    yield from self._called(node)

    def _compared(self, node: ast.Compare) -> Iterator[tuple[ast.AST, str]]:
        terms = [node.left, *node.comparators]
        for left, op, right in zip(terms, node.ops, terms[1:], strict=False):
            if isinstance(op, ast.In | ast.NotIn):
                sort = self._members_of(self.reader.type_of(right), Set) if self.number(left) else None
            elif _asks_for_none(left, op, right):
                continue
            else:
                sort = (self.member(left) if self.number(right) else None) or (
                    self.member(right) if self.number(left) else None
                )
            if sort:
                yield node, f"compares a {sort.__name__} with a number"

    def _called(self, node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
        """A number as an argument where a member is asked for: of a Set's method, a helper, a record."""
        sorts: list[type[Symmetric] | None] = []
        if isinstance(node.func, ast.Attribute):
            sorts = [self._members_of(self.reader.type_of(node.func.value), Set)]
        elif isinstance(node.func, ast.Name) and node.func.id in self.function.__globals__:
            target = self.function.__globals__[node.func.id]
            sorts = [self._sort(hints_of(target).get(name)) for name in inspect.signature(target).parameters]
        for sort, given in zip(sorts, node.args, strict=False):
            if sort and self.number(given):
                yield node, f"takes a number for a {sort.__name__}"


def _asks_for_none(left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool:
    """i < 0, i >= 0, and the same turned round: whether there is a member at all."""
    first, last = _is_zero(left), _is_zero(right)
    return (last and isinstance(op, ast.Lt | ast.GtE)) or (first and isinstance(op, ast.Gt | ast.LtE))


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0
