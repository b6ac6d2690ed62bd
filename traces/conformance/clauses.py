"""The conditions of the model's actions, each for itself, found in their source: a new one is here by itself.

A *clause* is a condition that is no `and`, `or` or `not` of others: `s.role[i] != Role.LEADER`. It stands where an
action or a helper of it tests it, and is known by that place and its text. A rule's switch (`s.upholds(…)`) is none,
and the name of an earlier condition is none a second time.

An *instrumented* action is the same action, run as plain Python, that tells of each clause what it was, and lets it be
something else: so is seen which clause an answer rests on.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from raftproof.checker.language.analysis import helpers_of
from raftproof.checker.language.errors import source_of
from raftproof.model.deployed import catalogue

Function = Callable[..., Any]
_NOTE: Final = "_note_clause"


class Clause(NamedTuple):
    """One condition, where it stands."""

    module: str
    function: str
    text: str
    number: int
    """Which of its function's clauses of this text it is, from 1 on."""
    enables: bool
    """Whether it stands where an action answers False: there it decides whether the action may be at all."""

    @property
    def name(self) -> str:
        """What it is called in a table."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.module}.{self.function}: {self.text}{again}"


class Noted(NamedTuple):
    """What a clause was when it was tested."""

    clause: Clause
    value: bool


class Notes:
    """What the clauses of some runs were, and what they have to be instead."""

    def __init__(self, instead: Mapping[Clause, bool] | None = None) -> None:
        self.noted: list[Noted] = []
        self.instead = instead or {}
        self.made: dict[Function, Function] = {}
        """Functions that note here."""

    def note(self, clause: Clause, value: Any) -> Any:
        """A clause is tested."""
        if clause in self.instead:
            return self.instead[clause]
        self.noted.append(Noted(clause, bool(value)))
        return value

    def refusing(self) -> list[Clause]:
        """The clause that an action's answer False rests on; of a `may_…` the one inside it, too."""
        tested = [noted.clause for noted in self.noted if noted.clause.enables]
        first = len(tested) - 1
        while first > 0 and tested[first].text.startswith("may_"):
            first -= 1
        return tested[first:]


# --------------------------------------------------------------------------------------------------- finding them


class _Marked(ast.NodeTransformer):
    """Wraps each clause of a function in a call that notes it."""

    def __init__(self, function: Function) -> None:
        self.module = function.__module__.rpartition(".")[2]
        self.function = function.__name__
        self.clauses: list[Clause] = []
        tree = source_of(function).tree
        assert isinstance(tree, ast.FunctionDef)
        self.answers = ast.unparse(tree.returns) == "bool" if tree.returns else False
        self.known = {
            node.targets[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        """Names of conditions whose clauses stand where they are made."""
        self.may_refuse = self.function.startswith("may_") or source_of(function).tree in _actions()
        refusals = [node.test for node in ast.walk(tree) if isinstance(node, ast.If) and self._refuses(node)]
        self.refusing = {n.id for test in refusals for n in ast.walk(test) if isinstance(n, ast.Name)}
        """Names that stand where the answer is False."""
        self.tree = self.visit(copy.deepcopy(tree))

    def _refuses(self, node: ast.If) -> bool:
        return self.may_refuse and ast.unparse(node.body[0]) == "return False"

    def visit_If(self, node: ast.If) -> ast.If:
        """The test of a branch; it enables an action where the branch is the answer False."""
        node.test = self._marked(node.test, self._refuses(node))
        self.generic_visit(node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        """The test between two values."""
        node.test = self._marked(node.test)
        self.generic_visit(node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        """An answer that is a condition: of `may_…` whether an action may be."""
        if self.answers and node.value is not None:
            node.value = self._marked(node.value, self.may_refuse)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        """A condition that gets a name."""
        if isinstance(node.value, ast.BoolOp | ast.Compare):
            node.value = self._marked(node.value, ast.unparse(node.targets[0]) in self.refusing)
        self.generic_visit(node)
        return node

    def _marked(self, node: ast.expr, enables: bool = False) -> ast.expr:
        if isinstance(node, ast.BoolOp):
            node.values = [self._marked(value, enables) for value in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self._marked(node.operand, enables)
            return node
        is_switch = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".upholds")
        if isinstance(node, ast.Constant) or is_switch or (isinstance(node, ast.Name) and node.id in self.known):
            return node
        text = ast.unparse(node)
        number = 1 + sum(clause.text == text for clause in self.clauses)
        self.clauses.append(Clause(self.module, self.function, text, number, enables))
        return ast.Call(ast.Name(_NOTE, ast.Load()), [ast.Constant(len(self.clauses) - 1), node], [])


@cache
def _actions() -> list[ast.AST]:
    return [source_of(action.function).tree for action in catalogue.actions]


@cache
def _marked(function: Function) -> _Marked:
    return _Marked(function)


def _reached(functions: Iterable[Function]) -> dict[Function, None]:
    """The functions, and all helpers that they call, each once."""
    reached: dict[Function, None] = {}
    waiting = list(functions)
    while waiting:
        function = waiting.pop(0)
        if function not in reached:
            reached[function] = None
            waiting += helpers_of(function).values()
    return reached


def clauses_of(action: str) -> list[Clause]:
    """The clauses of an action and its helpers."""
    function = next(a.function for a in catalogue.actions if a.name == action)
    return [clause for reached in _reached([function]) for clause in _marked(reached).clauses]


def clauses() -> list[Clause]:
    """All clauses of all actions, action by action, each once."""
    return list(dict.fromkeys(clause for action in catalogue.actions for clause in clauses_of(action.name)))


# --------------------------------------------------------------------------------------------------- running them


def instrumented(action: str, notes: Notes) -> Function:
    """An action that notes its clauses."""
    function = next(a.function for a in catalogue.actions if a.name == action)
    return _instrumented(function, notes)


def _instrumented(function: Function, notes: Notes) -> Function:
    if function not in notes.made:
        marked = _marked(function)
        helpers = helpers_of(function).items()
        own = marked.clauses

        def note(number: int, value: Any) -> Any:
            return notes.note(own[number], value)

        names = function.__globals__ | {name: _instrumented(h, notes) for name, h in helpers} | {_NOTE: note}
        exec(_compiled(function), names)
        notes.made[function] = names[function.__name__]
    return notes.made[function]


@cache
def _compiled(function: Function) -> Any:
    tree = _marked(function).tree
    tree.decorator_list, tree.returns = [], None
    for argument in tree.args.args:
        argument.annotation = None
    module = ast.fix_missing_locations(ast.Module([tree], []))
    return compile(module, Path(source_of(function).file).name, "exec")


def in_modules() -> Iterator[tuple[str, list[Clause]]]:
    """The clauses by the module that they stand in, in the order of their actions."""
    by_module: dict[str, list[Clause]] = {}
    for clause in clauses():
        by_module.setdefault(clause.module, []).append(clause)
    yield from by_module.items()
