"""Formulas, states and counterexamples as text for people.

∀ n t c d. voted(n, t, c) ∧ voted(n, t, d) → c = d
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from raftproof.checker.proof.finite import State
from raftproof.checker.proof.induction import Counterexample
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
    Sort,
    Truth,
    Variable,
)
from raftproof.checker.proof.smtlib import fresh_name
from raftproof.checker.proof.theory import Nature, Theory

Scope = dict[Variable, str]

_LOOSE, _IFF, _IMPLIES, _OR, _AND, _TIGHT = range(6)


def formula_text(formula: Formula) -> str:
    """A formula in mathematicians' signs, with as few parentheses as it needs."""
    return _formula(formula, {}, _LOOSE)


def _formula(formula: Formula, scope: Scope, place: int) -> str:
    """`place` is how tightly what stands around it binds."""
    match formula:
        case Truth(value):
            return "true" if value else "false"
        case Holds(symbol, arguments):
            return _applied(symbol.name, arguments, scope)
        case Equal(left, right):
            return f"{_element(left, scope)} = {_element(right, scope)}"
        case AtMost(low, high):
            return f"{_element(low, scope)} ≤ {_element(high, scope)}"
        case Not(Equal(left, right)):
            return f"{_element(left, scope)} ≠ {_element(right, scope)}"
        case Not(AtMost(low, high)):
            return f"{_element(high, scope)} < {_element(low, scope)}"
        case Not(part):
            return f"¬{_formula(part, scope, _TIGHT)}"
        case And(parts):
            return _joined(" ∧ ", parts, scope, _AND, place)
        case Or(parts):
            return _joined(" ∨ ", parts, scope, _OR, place)
        case Implies(premise, conclusion):
            text = f"{_formula(premise, scope, _OR)} → {_formula(conclusion, scope, _IMPLIES)}"
            return _wrapped(text, place > _IMPLIES)
        case Iff(one, other):
            return _wrapped(f"{_formula(one, scope, _OR)} ↔ {_formula(other, scope, _OR)}", place > _LOOSE)
        case ForAll(variables, body):
            return _quantified("∀", variables, body, scope, place)
        case Exists(variables, body):
            return _quantified("∃", variables, body, scope, place)
    raise TypeError(f"not a formula: {formula!r}")


def _joined(sign: str, parts: tuple[Formula, ...], scope: Scope, own: int, place: int) -> str:
    return _wrapped(sign.join(_formula(part, scope, own + 1) for part in parts), place > own)


def _quantified(sign: str, variables: tuple[Element, ...], body: Formula, scope: Scope, place: int) -> str:
    inner, names = dict(scope), []
    for variable in variables:
        assert isinstance(variable.node, Variable)
        names.append(fresh_name(variable.node.name, inner.values()).replace("!", "_"))
        inner[variable.node] = names[-1]
    return _wrapped(f"{sign} {' '.join(names)}. {_formula(body, inner, _LOOSE)}", place > _LOOSE)


def _wrapped(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


def _element(element: Element, scope: Scope) -> str:
    match element.node:
        case Variable(name) as variable:
            return scope.get(variable, name)
        case Constant(name):
            return name
        case Application(symbol, arguments):
            return _applied(symbol.name, arguments, scope)
        case Choice(condition, then, otherwise):
            chosen = (
                f"{_element(then, scope)} if {_formula(condition, scope, _TIGHT)} else {_element(otherwise, scope)}"
            )
            return f"({chosen})"


def _applied(name: str, arguments: Iterable[Element], scope: Scope) -> str:
    return f"{name}({', '.join(_element(argument, scope) for argument in arguments)})"


def values_text(sorts: dict[str, Sort], values: dict[str, int]) -> str:
    """n = s1, t = 2."""
    return ", ".join(f"{name} = {sorts[name].show(number)}" for name, number in values.items())


def facts(theory: Theory[Any], state: State, natures: tuple[Nature, ...]) -> Iterator[tuple[str, str]]:
    """What holds in a concrete state, as (name of the relation or function, fact); what is 0 or false is left out."""
    for name, entry in theory.vocabulary.declared().items():
        if entry.nature not in natures:
            continue
        for key, cell in sorted(state.tables[name].items()):
            if not cell:
                continue
            shown = ", ".join(sort.show(number) for sort, number in zip(entry.symbol.takes, key, strict=True))
            gives = entry.symbol.gives
            yield name, f"{name}({shown})" + ("" if gives is None else f" = {gives.show(cell)}")


def counterexample_text(theory: Theory[Any], found: Counterexample) -> str:
    """A counterexample to induction: the state before, what the step changes, and what fails then."""
    claim = theory.claim(found.lemma)
    before = [*facts(theory, found.before, ("state", "fixed")), *facts(theory, found.before, ("ghost",))]
    after = [*facts(theory, found.after, ("state", "fixed")), *facts(theory, found.after, ("ghost",))]
    lines = [f"A cluster of {found.instance}. What is not listed is false, 0 or none.", "", "Before:"]
    lines += (f"    {line}" for line in _by_name(before))
    if found.action:
        action = theory.action(found.action)
        arguments = values_text(action.parameters, found.arguments)
        lines += ["", f"{found.action}({arguments})", f"    {_first_line(action.sentence)}", "", "Then:"]
        lines += (f"  + {line}" for line in _by_name([fact for fact in after if fact not in before]))
        lines += (f"  - {line}" for line in _by_name([fact for fact in before if fact not in after]))
    lines += ["", f"and {found.lemma} fails, for {values_text(claim.parameters, found.values)}:"]
    lines += [f"    {_first_line(claim.sentence)}", f"    {claim_text(theory, found.lemma)}"]
    return "\n".join(lines)


def claim_text(theory: Theory[Any], name: str) -> str:
    """A lemma's formula; of a property of steps, names with ′ are of the state after."""
    claim = theory.claim(name)
    views = [theory.vocabulary(), theory.vocabulary(mark="′")]
    return formula_text(claim.formula(*views[: 2 if claim.kind == "step" else 1]))


def _by_name(listed: list[tuple[str, str]]) -> list[str]:
    lines: dict[str, list[str]] = {}
    for name, fact in listed:
        lines.setdefault(name, []).append(fact)
    return ["   ".join(group) for group in lines.values()]


def _first_line(sentence: str) -> str:
    return " ".join(sentence.split("\n\n")[0].split())
