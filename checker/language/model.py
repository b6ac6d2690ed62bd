"""What a model declares: its initial states, actions, invariants, action invariants, witnesses and constraints.

    model = Model("figure2", Raft, bounds={"servers": 3, …}, rules=Rule)

    @model.action(Rule.ELECTION_TIMEOUT)
    def timeout(s: Raft, i: Server) -> bool:       # the annotations are the enumeration: tried for every server i
        ...

A property may have parameters too: an invariant holds for all of their values, a witness for some.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, Union, get_args, get_origin

from raftproof.checker.language.analysis import (
    Frame,
    bare,
    fields_of,
    frame_of,
    hints_of,
    is_state,
    records_of,
    rules_of,
)
from raftproof.checker.language.containers import Bag, State
from raftproof.checker.language.errors import BoundsError, ModelError, Source, source_of
from raftproof.checker.language.layout import SORTS, Layout
from raftproof.checker.language.nodes import Kind
from raftproof.checker.language.sorts import Sort, sort_of
from raftproof.checker.result import LogView

MOST_RULES = 63
"""Which rules are off is one word."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action or a property: its name and its annotation."""

    name: str
    annotation: Any

    def sort(self, layout: Layout) -> Sort | None:
        """The sort that it runs over, or None for a message."""
        return sort_of(self.annotation, layout.bounds)

    def kinds(self, layout: Layout) -> list[Kind]:
        """The kinds of message that it runs over."""
        union = get_origin(self.annotation) is Union or hasattr(self.annotation, "__args__")
        classes = get_args(self.annotation) if union else (self.annotation,)
        return [k for k in layout.bag.kinds if k.record.cls in classes] if layout.bag else []


@dataclass(frozen=True)
class Declared:
    """A function of the model, and how it is called on the command line."""

    name: str
    function: Callable[..., Any]
    states: int = 1
    """How many states it takes: two for an action invariant."""

    @property
    def parameters(self) -> list[Parameter]:
        """What follows the states."""
        names = list(inspect.signature(self.function).parameters)[self.states :]
        return [Parameter(n, hints_of(self.function)[n]) for n in names]

    @property
    def sentence(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").split("\n")[0]

    @property
    def frame(self) -> Frame:
        """What it reads and writes."""
        return frame_of(self.function)


@dataclass(frozen=True)
class Action(Declared):
    """A step that the model may take."""

    rules: tuple[enum.IntEnum, ...] = ()
    fault: str = ""
    """The fault that it is, switched on by `--faults`; empty for what the protocol itself does."""
    then: Callable[..., bool] | None = None
    """What follows it, if it is an action of another model: told the states before and after, and the parameters, it
    answers whether the step is of its kind, and writes what the other model does not know of."""

    @property
    def frame(self) -> Frame:
        """What it reads and writes, and what follows it."""
        frame = frame_of(self.function)
        return frame | frame_of(self.then) if self.then else frame


@dataclass(frozen=True)
class Property(Declared):
    """An invariant, an action invariant or a witness."""


@dataclass
class Model:
    """A protocol: a state, and all that is declared about it."""

    name: str
    state: type[State]
    bounds: Mapping[str, int]
    """Every bound that the layout names, with its default."""
    rules: type[enum.IntEnum] | None = None
    """The rules that can be switched off."""
    view: LogView | None = None
    actions: list[Action] = field(default_factory=list)
    invariants: list[Property] = field(default_factory=list)
    action_invariants: list[Property] = field(default_factory=list)
    witnesses: list[Property] = field(default_factory=list)
    constraints: list[Property] = field(default_factory=list)
    initials: list[Declared] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (isinstance(self.state, type) and issubclass(self.state, State)):
            raise source_of(self.state).error(None, f"{self.state.__name__} is no State; derive it from State")
        if self.rules and not all(0 <= rule < MOST_RULES for rule in self.rules):
            raise source_of(self.rules).error(None, f"rules are numbered from 0 to {MOST_RULES - 1}")

    def action(self, *rules: enum.IntEnum, fault: str = "") -> Callable[[F], F]:
        """Declare an action: it answers whether it is enabled, and takes the step if so."""

        def declare(function: F) -> F:
            self.actions.append(self._checked(Action(function.__name__, function, 1, rules, fault), bool))
            return function

        return declare

    def after(self, other: Model, function: Callable[..., bool]) -> Callable[[F], F]:
        """Declare what follows an action of another model, whose state this model's state is derived from.

        The action is taken over under the name of what follows it; so it may be taken over more than once, each time
        for another kind of step.
        """
        source = next(action for action in other.actions if action.function is function)

        def declare(then: F) -> F:
            taken = Action(then.__name__, function, 1, source.rules, source.fault, then)
            self._checked(Action(then.__name__, then, 2), bool)
            self.actions.append(self._checked(taken, bool))
            return then

        return declare

    def initial(self, function: F) -> F:
        """Declare the initial state, or one for each value of the parameters."""
        self.initials.append(self._checked(Declared(function.__name__, function), type(None)))
        return function

    def invariant(self, function: F) -> F:
        """Declare what holds in every state, the ones just outside the bounds included."""
        self.invariants.append(self._property(function))
        return function

    def action_invariant(self, function: F) -> F:
        """Declare what holds of every step, from its first state to its second."""
        self.action_invariants.append(self._property(function, states=2))
        return function

    def witness(self, function: F) -> F:
        """Declare what some state, or some step, shows, so that an empty search is noticed."""
        self.witnesses.append(self._property(function, states=_states_of(function)))
        return function

    def constraint(self, function: F) -> F:
        """Declare what holds of every state inside the search, beside the bounds of the layout."""
        self.constraints.append(self._property(function))
        return function

    def faults(self) -> list[str]:
        """The faults that the model knows."""
        return sorted({a.fault for a in self.actions if a.fault})

    def breakable(self) -> list[enum.IntEnum]:
        """The rules that some action asks about, so that they can be switched off."""
        names = set().union(*(rules_of(a.function) for a in self.actions))
        return [r for r in self.rules or () if r.name in names]

    def properties(self) -> list[Property]:
        """Everything that can be violated."""
        return [*self.invariants, *self.action_invariants]

    def _property(self, function: Callable[..., Any], states: int = 1) -> Property:
        name = "".join(part.capitalize() for part in function.__name__.split("_"))
        return self._checked(Property(name, function, states), bool)

    D = TypeVar("D", bound=Declared)

    def _checked(self, declared: D, answer: type) -> D:
        """The declaration, after every rule that can be checked without bounds was checked."""
        source = source_of(declared.function)
        hints = hints_of(declared.function)
        if hints.get("return") is not answer:
            wanted = "None" if answer is type(None) else answer.__name__
            raise source.error(None, f"{declared.function.__name__} must be annotated -> {wanted}")
        self._check_parameters(declared, source, hints)
        fields = fields_of(self.state)
        others: list[Declared] = [*self.actions, *self.invariants, *self.action_invariants, *self.witnesses]
        if declared.name in {other.name for other in others}:
            raise source.error(None, f"{declared.name} is declared already; choose another name")
        frame = declared.frame
        for name in sorted(frame.reads | frame.writes):
            if name not in fields:
                raise source.error(None, f"{declared.function.__name__} uses {name}, which {self.state.__name__} lacks")
        if isinstance(declared, Property) and frame.writes:
            raise source.error(
                None, f"{declared.function.__name__} writes {', '.join(sorted(frame.writes))}; a property only reads"
            )
        return declared

    def _check_parameters(self, declared: Declared, source: Source, hints: dict[str, Any]) -> None:
        """The states first, then sorts; of an action one may be a message."""
        names = list(inspect.signature(declared.function).parameters)
        states = names[: declared.states]
        if len(states) < declared.states or not all(is_state(hints.get(name)) for name in states):
            wanted = ", ".join(f"{name}: {self.state.__name__}" for name in ("s", "t")[: declared.states])
            raise source.error(None, f"{declared.function.__name__} takes no state; write ({wanted}, …)")
        messages = 0
        for name in names[declared.states :]:
            try:
                is_sort = sort_of(hints.get(name), self.bounds) is not None
            except BoundsError as fault:
                raise source.error(None, f"the parameter {name}: {fault}") from fault
            is_message = isinstance(declared, Action) and _are_messages(hints.get(name), self.state)
            if not is_sort and not is_message:
                also = " or a message of the state's Bag" if isinstance(declared, Action) else ""
                raise source.error(None, f"the parameter {name} has no sort; annotate it with {SORTS}{also}")
            messages += is_message
        if messages > 1:
            raise source.error(None, f"{declared.name} takes {messages} messages; an action takes one at most")


def _states_of(function: Callable[..., Any]) -> int:
    """How many states a function takes first."""
    hints = list(hints_of(function).values())
    return 2 if len(hints) > 1 and is_state(hints[1]) else 1


def _are_messages(annotation: Any, state: type[State]) -> bool:
    """Whether an annotation names kinds of message, all of which some bag of the state holds."""
    bags = [bare(hint) for hint in hints_of(state).values() if get_origin(bare(hint)) is Bag]
    held = {record for bag in bags for record in records_of(get_args(bag)[0])}
    wanted = records_of(annotation)
    return bool(wanted) and held.issuperset(wanted)


__all__ = ["Action", "Declared", "Model", "ModelError", "Parameter", "Property"]
