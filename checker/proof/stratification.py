"""Whether a question is effectively propositional: if so, a solver can always answer it, and does in practice.

An existential quantifier under universal ones stands for a function from their sorts to its own; so does a function of
the vocabulary. If these arrows form no cycle, only finitely many elements can be named, and the question is decidable
(many-sorted EPR). If they do, instances may breed instances without end: such questions time out, now and then, on some
seeds. The check is made on the formulas before a solver sees them, and refuses the question with the cycle.

    every quorum pair shares some server      Quorum ──▶ Server
    voters: Function[Quorum, Term]            Term ──▶ Quorum
    length: Function[Index, Server]           Server ──▶ Index, and a leader's log has a length: a cycle
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from raftproof.checker.proof.logic import (
    Application,
    Choice,
    Element,
    Exists,
    ForAll,
    Formula,
    Holds,
    Iff,
    Implies,
    Not,
    Sort,
    Variable,
    children,
    free_variables,
)

Arrow = tuple[Sort, Sort]
Reasons = dict[Arrow, str]


class NotStratified(Exception):
    """The question's sorts form a cycle; the message shows it, arrow by arrow."""


def require_stratified(key: str, formulas: Iterable[Formula]) -> None:
    """Raise NotStratified if the arrows of these formulas form a cycle."""
    arrows: Reasons = {}
    for formula in formulas:
        _visit(formula, True, {}, arrows)
    cycle = find_cycle(arrows)
    if cycle:
        steps = "; ".join(f"{a.__name__} → {b.__name__} ({arrows[a, b]})" for a, b in cycle)
        raise NotStratified(f"{key} is not effectively propositional, its sorts form a cycle: {steps}")


def find_cycle(arrows: Iterable[Arrow]) -> list[Arrow]:
    """Some cycle of arrows, or nothing."""
    following: dict[Sort, list[Sort]] = {}
    for source, target in arrows:
        following.setdefault(source, []).append(target)
    done: set[Sort] = set()

    def walk(path: list[Sort]) -> list[Arrow]:
        for target in following.get(path[-1], ()):
            if target in path:
                loop = [*path[path.index(target) :], target]
                return list(itertools.pairwise(loop))
            if target not in done and (cycle := walk([*path, target])):
                return cycle
        done.add(path[-1])
        return []

    return next((cycle for sort in following if sort not in done and (cycle := walk([sort]))), [])


Depends = dict[Variable, frozenset[Sort]]
"""For each variable in scope, the sorts of the universal variables that its value may depend on."""


def _visit(tree: Formula | Element, positive: bool, scope: Depends, arrows: Reasons) -> None:
    match tree:
        case Not(part):
            _visit(part, not positive, scope, arrows)
        case Implies(premise, conclusion):
            _visit(premise, not positive, scope, arrows)
            _visit(conclusion, positive, scope, arrows)
        case Iff(left, right):
            for side in (left, right):
                _visit(side, True, scope, arrows)
                _visit(side, False, scope, arrows)
        case ForAll(variables, body) | Exists(variables, body):
            universal = isinstance(tree, ForAll) == positive
            _visit(body, positive, scope | _bound(tree, variables, universal, scope, arrows), arrows)
        case Element(node=Application(symbol, _)):
            assert symbol.gives is not None
            arrows.update({(sort, symbol.gives): f"the function {symbol.name}" for sort in symbol.takes})
            _visit_all(children(tree), positive, scope, arrows)
        case Element(node=Choice(condition, then, otherwise)):
            _visit(condition, True, scope, arrows)
            _visit(condition, False, scope, arrows)
            _visit_all((then, otherwise), positive, scope, arrows)
        case Holds(_, arguments):
            _visit_all(arguments, positive, scope, arrows)
        case _:
            _visit_all(children(tree), positive, scope, arrows)


def _visit_all(trees: Iterable[Formula | Element], positive: bool, scope: Depends, arrows: Reasons) -> None:
    for tree in trees:
        _visit(tree, positive, scope, arrows)


def _bound(tree: Formula, variables: tuple[Element, ...], universal: bool, scope: Depends, arrows: Reasons) -> Depends:
    """What the quantifier's variables depend on: a universal one on itself, an existential one on what is free in
    it."""
    free = frozenset[Sort]().union(*(scope.get(variable, frozenset()) for variable in free_variables(tree)))
    bound: Depends = {}
    for variable in variables:
        assert isinstance(variable.node, Variable)
        sort = type(variable)
        bound[variable.node] = frozenset({sort}) if universal else free
        if not universal:
            arrows.update({(source, sort): f"some {variable.node.name} for every choice" for source in free})
    return bound
