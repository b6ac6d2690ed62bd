"""A model run as plain Python: the meaning of the compiled one.

A state travels as one integer (see layout.py), so that it can be hashed, compared and stored; to look at it, decode it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from raftproof.checker.language.errors import ModelError, place_of
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Action, Declared, Model, Parameter, Property
from raftproof.checker.language.sorts import ROOM, Symmetric


@dataclass(frozen=True)
class Choice:
    """An action with values for its parameters."""

    action: Action
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Domain:
    """What a parameter runs over."""

    values: range | frozenset[type]
    """The values of its sort, or kinds of message."""
    keys: range | None = None
    """The keys of a Map, which has a value for each."""
    where: Callable[..., bool] | None = None


class Interpreter:
    """A model under bounds, with some faults on and some rules off.

    It has the three methods that the plain search asks of any object: `initial_states`, `actions`, `next_state`.
    """

    def __init__(self, model: Model, layout: Layout, faults: Iterable[str] = (), broken: int = 0) -> None:
        self.model, self.layout, self.broken = model, layout, broken
        self.enabled_actions = [a for a in model.actions if not a.fault or a.fault in set(faults)]
        self._last: tuple[int, Any] = (-1, None)
        self._domains: dict[Callable[..., Any], list[Domain]] = {}
        self._reductions = [r for r in model.reductions if r.name in layout.reduced]
        self._lives = model.lives if "live" in layout.reduced else []
        self._is_normal = not (self._reductions or self._lives or layout.orders())
        for live in self._lives:
            layout.check_neutral(live.fields)

    # ------------------------------------------------------------------------------------------ the search's view

    def initial_states(self) -> list[int]:
        """Every initial state."""
        found: dict[int, None] = {}
        for declared in self.model.initials:
            for arguments in self._bindings(declared, self.layout.new(self.broken)):
                state = self.layout.new(self.broken)
                with self._naming(declared.name, declared.function):
                    declared.function(state, *arguments)
                    found[self.layout.encode(state)] = None
        return list(found)

    def actions(self, state: int) -> Iterator[Choice]:
        """Every action that could be tried in a state."""
        decoded = self._decoded(state)
        for action in self.enabled_actions:
            for arguments in self._bindings(action, decoded):
                yield Choice(action, arguments)

    def next_state(self, state: int, choice: Choice) -> int | None:
        """The successor, or None where the action is not enabled.

        Raises ModelError where the step leaves a declared range.
        """
        after = self.layout.copy(self._decoded(state))
        with self._naming(choice, choice.action.function):
            enabled = choice.action.function(after, *choice.arguments)
        if enabled and choice.action.then:
            with self._naming(choice, choice.action.then):
                enabled = self._takes(choice, self._decoded(state), after)
        with self._naming(choice, choice.action.function):
            return self.layout.encode(after) if enabled else None

    def _takes(self, choice: Choice, before: Any, after: Any) -> bool:
        """Whether the choice is the first, of all that follow the same action, that says the step is of its kind."""
        for action in self.model.actions:
            if action.function is choice.action.function and action.then:
                if action.then(before, after, *choice.arguments):
                    return action is choice.action
                if action is choice.action:
                    return False
        return False

    def inside(self, state: int) -> bool:
        """Whether a state lies inside the bounds and the declared constraints."""
        decoded = self._decoded(state)
        return self.layout.inside(decoded) and all(self._holds(c, decoded) for c in self.model.constraints)

    def violated(self, state: int) -> list[Property]:
        """The invariants that a state breaks."""
        decoded = self._decoded(state)
        return [p for p in self.model.invariants if not self._holds(p, decoded)]

    def violated_step(self, before: int, after: int) -> list[Property]:
        """The action invariants that a step breaks."""
        if not self.model.action_invariants:
            return []
        first, second = self.layout.decode(before, self.broken), self.layout.decode(after, self.broken)
        return [p for p in self.model.action_invariants if not self._holds(p, first, second)]

    def witnessed(self, state: int) -> list[Property]:
        """The witnesses that a state shows."""
        decoded = self._decoded(state)
        shown = [w for w in self.model.witnesses if w.states == 1]
        return [w for w in shown if self._shows(w, decoded)]

    def witnessed_step(self, before: int, after: int) -> list[Property]:
        """The witnesses of two states that a step shows."""
        first, second = self.layout.decode(before, self.broken), self.layout.decode(after, self.broken)
        return [w for w in self.model.witnesses if w.states == 2 and self._shows(w, first, second)]

    # ----------------------------------------------------------------------------------------------- for people

    def state(self, bits: int) -> Any:
        """The state as an object, fresh for the caller."""
        return self.layout.decode(bits, self.broken)

    def arguments(self, choice: Choice) -> dict[str, Any]:
        """The parameters of a choice as JSON."""
        shown: dict[str, Any] = {}
        for parameter, value in zip(choice.action.parameters, choice.arguments, strict=True):
            sort = parameter.sort(self.layout)
            key = parameter.key(self.layout)
            if sort is not None and key is not None:
                shown[parameter.name] = {key.show(k): sort.show(v) for k, v in enumerate(value, key.first)}
            elif sort is not None:
                shown[parameter.name] = sort.show(value)
            else:
                assert self.layout.bag is not None
                record = self.layout.bag.kind_of(value).record
                shown[parameter.name] = {"kind": type(value).__name__, **record.show(value)}
        return shown

    def describe(self, choice: Choice) -> str:
        """The choice as people write it: timeout(s1)."""
        texts = []
        for value in self.arguments(choice).values():
            if isinstance(value, dict):
                inner = ", ".join(f"{k}={_short(v)}" for k, v in value.items() if k != "kind")
                texts.append(f"{value['kind']}({inner})" if "kind" in value else f"({inner})")
            else:
                texts.append(_short(value))
        return f"{choice.action.name}({', '.join(texts)})"

    def roomy(self, steps: int) -> Interpreter:
        """The same with room for `steps` more values of each order-only sort, so that they need no new names."""
        layout = self.layout
        bounds = {**layout.bounds, ROOM: steps}
        wider = Layout(layout.cls, bounds, layout.symmetric, reduced=layout.reduced)
        return Interpreter(self.model, wider, {a.fault for a in self.enabled_actions}, self.broken)

    def normal(self, state: int) -> int:
        """The state that stands for all with the same future, as the reductions and the order-only sorts have it."""
        if self._is_normal:
            return state
        after = self.layout.copy(self._decoded(state))
        for reduction in self._reductions:
            with self._naming(reduction.name, reduction.function):
                reduction.function(after)
        for live in self._lives:
            with self._naming(live.name, live.function):
                for arguments in self._bindings(live, after):
                    if not live.function(after, *arguments):
                        for name in live.fields:
                            self.layout.clear(after, name, *arguments)
        return self.layout.encode(self.layout.ranked(after))

    def canonical(self, state: int) -> int:
        """The least of all relabellings of a state: the plain meaning of the compiled canonical form's classes."""
        twins = [self.normal(state)]
        for sort in self.layout.symmetric_sorts():
            assert sort.symmetric is not None
            twins = [t for twin in twins for t in self._relabelled(twin, sort.symmetric, sort.size)]
        return min(twins)

    def orbit(self, state: int) -> int:
        """How many states are the same as this one up to relabelling."""
        twins = {state}
        for sort in self.layout.symmetric_sorts():
            assert sort.symmetric is not None
            twins = {t for twin in twins for t in self._relabelled(twin, sort.symmetric, sort.size)}
        return len(twins)

    def _relabelled(self, state: int, sort: type[Symmetric], size: int) -> Iterator[int]:
        decoded = self._decoded(state)
        for order in itertools.permutations(range(size)):
            yield self.layout.encode(self.layout.relabel(decoded, sort, order.__getitem__))

    # ----------------------------------------------------------------------------------------------- inner parts

    def _decoded(self, bits: int) -> Any:
        """The state as an object that nobody writes to; the last one is kept."""
        if self._last[0] != bits:
            self._last = (bits, self.layout.decode(bits, self.broken))
        return self._last[1]

    def _bindings(self, declared: Declared, state: Any) -> Iterator[tuple[Any, ...]]:
        """Every choice of values for the parameters, messages among those in flight."""
        if declared.function not in self._domains:
            self._domains[declared.function] = [self._domain(p) for p in declared.parameters]
        domains = self._domains[declared.function]
        if any(d.where or d.keys is not None for d in domains):
            return self._chosen(domains, state, ())
        return itertools.product(*(self._values(d, state) for d in domains))

    def _domain(self, parameter: Parameter) -> Domain:
        sort, key = parameter.sort(self.layout), parameter.key(self.layout)
        if sort is None:
            return Domain(frozenset(k.record.cls for k in parameter.kinds(self.layout)))
        keys = None if key is None else range(key.first, key.last + 1)
        return Domain(range(sort.first, sort.last + 1), keys, parameter.where)

    def _values(self, domain: Domain, state: Any) -> Iterable[Any]:
        if isinstance(domain.values, range):
            return domain.values
        bag = self.layout.bag
        assert bag is not None
        return [m for m in bag.distinct(state.__dict__[bag.name]) if type(m) in domain.values]

    def _chosen(self, domains: list[Domain], state: Any, chosen: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """Every choice that begins with the values chosen so far and keeps to the Where functions."""
        if len(chosen) == len(domains):
            yield chosen
            return
        domain = domains[len(chosen)]
        where = domain.where or _anything
        with self._naming(where.__name__, where):
            if domain.keys is None:
                values: Iterable[Any] = [v for v in self._values(domain, state) if where(state, *chosen, v)]
            else:
                allowed = [[v for v in self._values(domain, state) if where(state, *chosen, k, v)] for k in domain.keys]
                values = itertools.product(*allowed)
        for value in values:
            yield from self._chosen(domains, state, (*chosen, value))

    def _holds(self, declared: Declared, *states: Any) -> bool:
        """Whether a property is true for all values of its parameters."""
        function: Callable[..., bool] = declared.function
        with self._naming(declared.name, function):
            return all(function(*states, *a) for a in self._bindings(declared, states[0]))

    def _shows(self, declared: Declared, *states: Any) -> bool:
        """Whether a witness is true for some values of its parameters."""
        function: Callable[..., bool] = declared.function
        with self._naming(declared.name, function):
            return any(function(*states, *a) for a in self._bindings(declared, states[0]))

    @contextmanager
    def _naming(self, what: str | Choice, function: Callable[..., Any]) -> Iterator[None]:
        """Turn whatever a function of the model raises into a ModelError that names the step, the file and the line."""
        try:
            yield
        except (ModelError, ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as fault:
            step = what if isinstance(what, str) else self.describe(what)
            text = str(fault) if isinstance(fault, ModelError) else f"{type(fault).__name__}: {fault}"
            raise ModelError(f"{place_of(fault, function)}: {self.model.name}: {step}: {text}") from fault


def _anything(*_: Any) -> bool:
    """No restriction."""
    return True


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(_short(v) for v in value.values()) + ")"
    return "none" if value is None else str(value)
