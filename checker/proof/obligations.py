"""What has to be proved of a theory, as a list: each obligation is one question to a solver.

    initial     the first state satisfies the lemma
    step        after an action, the lemma holds, if before it the lemmas did
    goal        the goal follows from the lemmas (and from goals before it), in any one state
    property    an action's step has the two-state property, if the lemmas hold before it
    witness     what must exist exists at first, and exists after an action if it did before

A *hypothesis* is a lemma that is assumed of the state before; which of them an obligation needs is `cores`' business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

from raftproof.checker.proof.logic import (
    Element,
    ForAll,
    Formula,
    Not,
    Or,
    Sort,
    Variable,
    children,
    conjunction,
    free_variables,
    implies,
)
from raftproof.checker.proof.smtlib import script, write_element
from raftproof.checker.proof.theory import Action, Lemma, Step, Theory, Vocabulary

Kind = Literal["initial", "step", "goal", "property", "witness"]


@dataclass(frozen=True)
class Obligation:
    """One thing to prove."""

    kind: Kind
    action: str
    """The action after which the lemma must hold; "initial" for the first state, "" for a goal."""
    lemma: str
    facts: tuple[tuple[str, Formula], ...] = field(repr=False)
    """Axioms and guards, which are always there."""
    hypotheses: dict[str, Formula] = field(repr=False)
    """Lemmas that may be assumed of the state before."""
    conclusion: Formula = field(repr=False)

    @property
    def key(self) -> str:
        """A name for it: "GrantVote → VoteOnce"."""
        return f"{self.action} → {self.lemma}" if self.action else f"⊢ {self.lemma}"

    def formulas(self, names: Iterable[str] | None = None) -> list[tuple[str, Formula]]:
        """What cannot hold together if the obligation is true, with these hypotheses (or all)."""
        chosen = self.hypotheses if names is None else {name: self.hypotheses[name] for name in names}
        return [*self.facts, *chosen.items(), ("conclusion fails", Not(self.conclusion))]

    def script(self, names: Iterable[str] | None = None) -> str:
        """The question, as SMT-LIB text: "unsat" proves the obligation."""
        return script(self.formulas(names))

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the facts or the conclusion do; hypotheses have fingerprints of their own."""
        return hashlib.sha256(script(self.formulas(())).encode()).hexdigest()[:16]


@lru_cache(maxsize=1024)
def fingerprint(formula: Formula) -> str:
    """Changes when the formula does."""
    return hashlib.sha256(script([("", formula)]).encode()).hexdigest()[:16]


def obligations(theory: Theory[Any]) -> Iterator[Obligation]:
    """All of them, in the order of the argument."""
    before, first = theory.vocabulary(), theory.initial_state()
    axioms = tuple((axiom.name, axiom.rule(before)) for axiom in theory.axioms)
    assumed = {lemma.name: lemma.formula(before) for lemma in theory.lemmas}
    established = dict(assumed)
    for goal in theory.goals:
        yield Obligation("goal", "", goal.name, axioms, dict(established), goal.formula(before))
        established[goal.name] = goal.formula(before)
    for lemma in theory.lemmas:
        yield Obligation("initial", "initial", lemma.name, axioms, {}, lemma.formula(first))
        for action in theory.actions:
            yield _step("step", axioms, before, action, established, lemma)
    for claim in theory.steps:
        for action in theory.actions:
            yield _step("property", axioms, before, action, established, claim)
    for claim in theory.witnesses:
        yield Obligation("witness", "initial", claim.name, axioms, {}, _exists_at_first(claim, first))
        for action in theory.actions:
            yield _step("witness", axioms, before, action, established, claim)


def _step(
    kind: Kind,
    axioms: tuple[tuple[str, Formula], ...],
    before: Vocabulary,
    action: Action,
    assumed: dict[str, Formula],
    claim: Lemma,
) -> Obligation:
    step = action.instance(before, *action.variables())
    after = before.after(step.then)
    guards = tuple((f"guard {name}", formula) for name, formula in step.when.items())
    if kind == "witness":
        conclusion = _exists_after(claim, before, after, step)
    else:
        conclusion = claim.formula(before, after) if claim.kind == "step" else claim.formula(after)
    return Obligation(kind, action.name, claim.name, (*axioms, *guards), assumed, conclusion)


def _exists_at_first(claim: Lemma, first: Vocabulary) -> Formula:
    """In the first state the distinguished member is the one that exists."""
    *variables, witness = claim.variables()
    return ForAll(tuple(variables), claim.rule(first, *variables, type(witness).distinguished()))


def _exists_after(claim: Lemma, before: Vocabulary, after: Vocabulary, step: Step) -> Formula:
    """What existed before, or something that the step names, exists after it.

    To name the candidates is stronger than to say that one exists, and leaves no quantifier that breeds instances.
    """
    *variables, witness = claim.variables()
    named = [*(update.rule(*update.variables()) for update in step.then), *step.when.values()]
    candidates = [witness, *_closed(named, type(witness), set(free_variables(conjunction(*step.when.values()))))]
    holds = Or(tuple(claim.rule(after, *variables, candidate) for candidate in candidates))
    return ForAll((*variables, witness), implies(claim.rule(before, *variables, witness), holds))


def _closed(trees: Iterable[Formula | Element], sort: Sort, parameters: set[Variable]) -> list[Element]:
    """The expressions of a sort that a step's formulas contain, over its parameters alone; each is listed once."""
    found: dict[str, Element] = {}

    def visit(tree: Formula | Element) -> None:
        if type(tree) is sort and isinstance(tree, Element) and set(free_variables(tree)) <= parameters:
            names = {variable: variable.name for variable in parameters}
            found.setdefault(write_element(tree, names), tree)
        for child in children(tree):
            visit(child)

    for tree in trees:
        visit(tree)
    return list(found.values())
