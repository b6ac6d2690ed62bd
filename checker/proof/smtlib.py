"""An obligation as SMT-LIB text: the one form in which solvers see it, in which it is stored, hashed and exported.

The text declares only the sorts and symbols that occur, in the order of their names, so it changes only when the
obligation does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raftproof.checker.proof.logic import (
    And,
    Application,
    AtMost,
    Choice,
    Constant,
    Element,
    Equal,
    Exists,
    ForAll,
    Formula,
    Holds,
    Iff,
    Implies,
    Not,
    Or,
    Ordered,
    Sort,
    Symbol,
    Truth,
    Variable,
    children,
    free_variables,
)

Scope = dict[Variable, str]


def script(named: Sequence[tuple[str, Formula]]) -> str:
    """A script that asks whether all formulas can hold together; free variables are constants of any value.

    Each formula is an assertion, in the order given, after those that say what an order is; its name is a comment.
    """
    vocabulary = _Vocabulary()
    for _, formula in named:
        vocabulary.add(formula)
    scope = vocabulary.free_names()
    lines = ["(set-logic UF)", *vocabulary.declarations(scope)]
    for sort in vocabulary.ordered():
        lines += (f"(assert {axiom})" for axiom in _order_axioms(sort))
    lines += (f"(assert {write(formula, scope)}) ; {name}" for name, formula in named)
    return "\n".join([*lines, "(check-sat)", ""])


def write(formula: Formula, scope: Scope) -> str:
    """One formula; `scope` names its free variables."""
    match formula:
        case Truth(value):
            return "true" if value else "false"
        case And(parts):
            return _apply("and", (write(part, scope) for part in parts))
        case Or(parts):
            return _apply("or", (write(part, scope) for part in parts))
        case Not(part):
            return f"(not {write(part, scope)})"
        case Implies(premise, conclusion):
            return f"(=> {write(premise, scope)} {write(conclusion, scope)})"
        case Iff(left, right):
            return f"(= {write(left, scope)} {write(right, scope)})"
        case Equal(a, b):
            return f"(= {write_element(a, scope)} {write_element(b, scope)})"
        case AtMost(low, high):
            return f"(le_{type(low).__name__} {write_element(low, scope)} {write_element(high, scope)})"
        case Holds(symbol, arguments):
            return _apply(symbol.name, (write_element(argument, scope) for argument in arguments))
        case ForAll(variables, body):
            return _quantified("forall", variables, body, scope)
        case Exists(variables, body):
            return _quantified("exists", variables, body, scope)
    raise TypeError(f"not a formula: {formula!r}")


def write_element(element: Element, scope: Scope) -> str:
    """One element."""
    match element.node:
        case Variable() as variable:
            return scope[variable]
        case Constant(name):
            return name
        case Application(symbol, arguments):
            return _apply(symbol.name, (write_element(argument, scope) for argument in arguments))
        case Choice(condition, then, otherwise):
            return f"(ite {write(condition, scope)} {write_element(then, scope)} {write_element(otherwise, scope)})"


def fresh_name(name: str, taken: Iterable[str]) -> str:
    """The name, numbered if it is taken."""
    names, candidate, number = set(taken), name, 0
    while candidate in names:
        number += 1
        candidate = f"{name}!{number}"
    return candidate


def _apply(head: str, arguments: Iterable[str]) -> str:
    return f"({' '.join([head, *arguments])})"


def _quantified(quantifier: str, variables: tuple[Element, ...], body: Formula, scope: Scope) -> str:
    inner, bound = dict(scope), []
    for variable in variables:
        assert isinstance(variable.node, Variable)
        inner[variable.node] = fresh_name(variable.node.name, inner.values())
        bound.append(f"({inner[variable.node]} {type(variable).__name__})")
    return f"({quantifier} ({' '.join(bound)}) {write(body, inner)})"


def _order_axioms(sort: Sort) -> list[str]:
    name, least = sort.__name__, sort.constant
    x, xy, xyz = f"((x {name}))", f"((x {name}) (y {name}))", f"((x {name}) (y {name}) (z {name}))"
    le = f"le_{name}"
    return [
        f"(forall {x} ({le} x x))",
        f"(forall {xyz} (=> (and ({le} x y) ({le} y z)) ({le} x z)))",
        f"(forall {xy} (=> (and ({le} x y) ({le} y x)) (= x y)))",
        f"(forall {xy} (or ({le} x y) ({le} y x)))",
        f"(forall {x} ({le} {least} x))",
    ]


class _Vocabulary:
    """What occurs in some formulas."""

    def __init__(self) -> None:
        self.sorts: set[Sort] = set()
        self.symbols: dict[str, Symbol] = {}
        self.free: dict[Variable, Sort] = {}

    def add(self, formula: Formula) -> None:
        """Note the formula's sorts, symbols and free variables."""
        self.free.update((v, sort) for v, sort in free_variables(formula).items() if v not in self.free)
        self._visit(formula)

    def _visit(self, tree: Formula | Element) -> None:
        match tree:
            case Element(node=Application(symbol, _)) | Holds(symbol, _):
                self.symbols[symbol.name] = symbol
                self.sorts |= set(symbol.takes) | ({symbol.gives} if symbol.gives else set())
            case Element():
                self.sorts.add(type(tree))
            case ForAll(variables, _) | Exists(variables, _):
                self.sorts |= {type(variable) for variable in variables}
        for child in children(tree):
            self._visit(child)

    def free_names(self) -> Scope:
        """A name for each free variable, apart from those of the symbols and constants."""
        taken = {*self.symbols, *(sort.constant for sort in self.sorts if sort.constant)}
        scope: Scope = {}
        for variable in self.free:
            scope[variable] = fresh_name(variable.name, taken | set(scope.values()))
        return scope

    def ordered(self) -> list[type[Ordered]]:
        return sorted((s for s in self.sorts if issubclass(s, Ordered)), key=lambda s: s.__name__)

    def declarations(self, scope: Scope) -> list[str]:
        sorts = sorted(self.sorts, key=lambda s: s.__name__)
        lines = [f"(declare-sort {sort.__name__} 0)" for sort in sorts]
        lines += [f"(declare-const {sort.constant} {sort.__name__})" for sort in sorts if sort.constant]
        lines += [f"(declare-fun le_{s.__name__} ({s.__name__} {s.__name__}) Bool)" for s in self.ordered()]
        for name, symbol in sorted(self.symbols.items()):
            takes = " ".join(sort.__name__ for sort in symbol.takes)
            lines.append(f"(declare-fun {name} ({takes}) {symbol.gives.__name__ if symbol.gives else 'Bool'})")
        lines += [f"(declare-const {scope[variable]} {sort.__name__})" for variable, sort in self.free.items()]
        return lines
