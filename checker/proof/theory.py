"""What a theory is made of: a vocabulary, the steps of a protocol, and what is claimed of its states.

    vocabulary   the relations and functions that make up a state; some are fixed, some are ghosts (history that no
                 server stores, kept for the argument alone)
    actions      named guards, all of which must hold, and updates, which all happen at once
    lemmas       what holds in every state, proved together by induction: each step keeps each lemma
    goals        what follows from the lemmas; nothing is proved of a goal step by step
    steps        what holds of every step, of the state before and the state after
    witnesses    what exists in every state, so that a guard which asks for it never blocks

A theory is a value. To break it (drop a guard, a lemma, an axiom) is to make another one.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from raftproof.checker.names import perhaps
from raftproof.checker.proof.logic import (
    Exists,
    ForAll,
    Formula,
    Function,
    Relation,
    Sort,
    Symbol,
    Truth,
    Update,
)

Nature = Literal["state", "ghost", "fixed"]
Kind = Literal["lemma", "goal", "step", "witness"]
V = TypeVar("V", bound="Vocabulary")


@dataclass(frozen=True)
class _Declaration:
    nature: Nature
    meaning: str


def state(meaning: str) -> Any:
    """A part of the state that a server or the network holds."""
    return _Declaration("state", meaning)


def ghost(meaning: str) -> Any:
    """A part of the state that only the argument sees."""
    return _Declaration("ghost", meaning)


def fixed(meaning: str) -> Any:
    """What no step changes."""
    return _Declaration("fixed", meaning)


@dataclass(frozen=True)
class Entry:
    """One relation or function of a vocabulary."""

    symbol: Symbol
    nature: Nature
    meaning: str


class Vocabulary:
    """One state, as relations and functions; a subclass declares them with `state`, `ghost` and `fixed`."""

    entries: dict[str, Entry]

    def __init__(self, meanings: Mapping[str, Callable[..., Any]] | None = None, mark: str = "") -> None:
        """`meanings` says what symbols stand for after a step; `mark` is added to the names of what steps change."""
        for name, entry in self.declared().items():
            symbol = entry.symbol
            if mark and entry.nature != "fixed":
                symbol = Symbol(name + mark, symbol.takes, symbol.gives)
            wrapper: Any = Relation if symbol.gives is None else Function
            setattr(self, name, wrapper(symbol, (meanings or {}).get(name)))

    @classmethod
    def declared(cls) -> dict[str, Entry]:
        """The relations and functions, in the order of their declaration."""
        if "entries" not in cls.__dict__:
            hints = get_type_hints(cls)
            cls.entries = {
                name: Entry(_symbol(name, hints[name]), value.nature, value.meaning)
                for name, value in vars(cls).items()
                if isinstance(value, _Declaration)
            }
        return cls.entries

    @classmethod
    def sorts(cls) -> list[Sort]:
        """Every sort that a relation or function mentions, in order of first mention."""
        found: dict[Sort, None] = {}
        for entry in cls.declared().values():
            found.update(dict.fromkeys(entry.symbol.takes))
            if entry.symbol.gives is not None:
                found[entry.symbol.gives] = None
        return list(found)

    def after(self: V, updates: Iterable[Update]) -> V:
        """The state after a step, in terms of the state before."""
        return type(self)({update.symbol.name: update.rule for update in updates})


def _symbol(name: str, hint: Any) -> Symbol:
    sorts = get_args(hint)
    if get_origin(hint) is Relation:
        return Symbol(name, sorts, None)
    if get_origin(hint) is Function:
        return Symbol(name, sorts[1:], sorts[0])
    raise TypeError(f"{name} must be declared as a Relation[…] or a Function[…]")


@dataclass(frozen=True)
class Step:
    """What an action does: it is enabled when every guard holds; then every update happens at once."""

    when: dict[str, Formula]
    then: list[Update]


@dataclass(frozen=True)
class Action:
    """One step of the protocol, for any choice of its parameters."""

    name: str
    sentence: str
    paper: str
    parameters: dict[str, Sort]
    rule: Callable[..., Step]
    dropped: frozenset[str] = frozenset()
    """The guards that are switched off."""

    def instance(self, before: Vocabulary, *arguments: Any) -> Step:
        """Guards and updates for these parameters, without the guards that are switched off."""
        step = self.rule(before, *arguments)
        return Step({name: formula for name, formula in step.when.items() if name not in self.dropped}, step.then)

    def variables(self) -> list[Any]:
        """A variable for each parameter."""
        return [sort.named(name) for name, sort in self.parameters.items()]


def action(paper: str) -> Callable[[Callable[..., Step]], Action]:
    """Define an action: the function's name, its docstring, and its parameters after the state."""

    def define(rule: Callable[..., Step]) -> Action:
        return Action(_name(rule), inspect.getdoc(rule) or "", paper, _parameters(rule, 1), rule)

    return define


@dataclass(frozen=True)
class Lemma:
    """A claim about every state (or, of kind "step", about every step; of kind "witness", that something exists)."""

    name: str
    sentence: str
    theme: str
    paper: str
    parameters: dict[str, Sort]
    rule: Callable[..., Formula]
    kind: Kind = "lemma"

    def variables(self) -> list[Any]:
        """A variable for each parameter."""
        return [sort.named(name) for name, sort in self.parameters.items()]

    def formula(self, *states: Vocabulary) -> Formula:
        """The claim, for all values of its parameters; of a witness, for some value of the last of them."""
        variables = self.variables()
        body = self.rule(*states, *variables)
        if self.kind == "witness":
            body = Exists((variables.pop(),), body)
        return ForAll(tuple(variables), body) if variables else body


def lemma(theme: str, paper: str = "", kind: Kind = "lemma") -> Callable[[Callable[..., Formula]], Lemma]:
    """Define a lemma: the function's name, its sentence (the docstring), and parameters that are quantified over."""

    def define(rule: Callable[..., Formula]) -> Lemma:
        states = 2 if kind == "step" else 1
        return Lemma(_name(rule), inspect.getdoc(rule) or "", theme, paper, _parameters(rule, states), rule, kind)

    return define


@dataclass(frozen=True)
class Axiom:
    """What is assumed of the fixed part, with the place where it is proved."""

    name: str
    sentence: str
    rule: Callable[..., Formula]


@dataclass(frozen=True)
class Theory(Generic[V]):
    """A protocol and what is claimed of it."""

    vocabulary: type[V]
    axioms: tuple[Axiom, ...]
    initial: Callable[[V], list[Update]]
    actions: tuple[Action, ...]
    lemmas: tuple[Lemma, ...]
    goals: tuple[Lemma, ...] = ()
    steps: tuple[Lemma, ...] = ()
    witnesses: tuple[Lemma, ...] = ()
    tidy: tuple[Lemma, ...] = ()
    """What is asked of the states of a counterexample beside the lemmas, so that they look like states of the
    protocol."""
    removed: tuple[Lemma, ...] = ()
    """The lemmas that were taken away."""
    assumptions: tuple[str, ...] = ()
    """What the model leaves out or takes for granted, said beside every result."""

    def initial_state(self) -> V:
        """The first state: relations are empty unless said otherwise; a function that is left out may be anything."""
        before = self.vocabulary()
        meanings: dict[str, Callable[..., Any]] = {
            name: _nothing
            for name, entry in self.vocabulary.declared().items()
            if entry.nature != "fixed" and entry.symbol.gives is None
        }
        meanings.update({update.symbol.name: update.rule for update in self.initial(before)})
        return self.vocabulary(meanings)

    def action(self, name: str) -> Action:
        """The action of this name."""
        return _find(self.actions, name, "action")

    def claim(self, name: str) -> Lemma:
        """The lemma, goal, step property or witness of this name."""
        return _find((*self.lemmas, *self.goals, *self.steps, *self.witnesses), name, "lemma")

    def without_guard(self, action_name: str, guard: str) -> Theory[V]:
        """The same, but this guard is not asked for."""
        chosen = self.action(action_name)
        return self.with_action(replace(chosen, dropped=chosen.dropped | {guard}))

    def with_action(self, changed: Action) -> Theory[V]:
        """The same, with another definition of one action."""
        return replace(self, actions=tuple(changed if a.name == changed.name else a for a in self.actions))

    def without_axiom(self, name: str) -> Theory[V]:
        """The same, but this is not assumed."""
        return replace(self, axioms=tuple(a for a in self.axioms if a.name != name))

    def without_lemma(self, name: str) -> Theory[V]:
        """The same, but this is neither assumed nor proved."""
        gone = _find(self.lemmas, name, "lemma")
        return replace(self, lemmas=tuple(a for a in self.lemmas if a is not gone), removed=(*self.removed, gone))

    def guards(self) -> list[tuple[str, str]]:
        """Every guard, as (action, guard)."""
        before = self.vocabulary()
        return [(a.name, guard) for a in self.actions for guard in a.instance(before, *a.variables()).when]


class UnknownName(LookupError):
    """No lemma, action or rule has this name; the message lists what there is."""


Named = TypeVar("Named", Action, Lemma)


def _find(items: Iterable[Named], name: str, what: str) -> Named:
    names = []
    for item in items:
        if item.name == name:
            return item
        names.append(item.name)
    raise UnknownName(f"{name}: no such {what}{perhaps(name, names)}; there are {', '.join(names)}")


def _nothing(*_: Any) -> Formula:
    return Truth(False)


def _name(rule: Callable[..., Any]) -> str:
    return rule.__name__


def _parameters(rule: Callable[..., Any], states: int) -> dict[str, Sort]:
    hints = get_type_hints(rule, vars(sys.modules[rule.__module__]))
    return {name: hints[name] for name in list(inspect.signature(rule).parameters)[states:]}


__all__ = [
    "Action",
    "Axiom",
    "Entry",
    "Lemma",
    "Step",
    "Theory",
    "UnknownName",
    "Vocabulary",
    "action",
    "fixed",
    "ghost",
    "lemma",
    "state",
]
