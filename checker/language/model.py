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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

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
from raftproof.checker.language.containers import Bag, Map, Members, Set, State
from raftproof.checker.language.errors import BoundsError, ModelError, Source, source_of
from raftproof.checker.language.layout import SORTS, Layout
from raftproof.checker.language.nodes import Kind
from raftproof.checker.language.sorts import Sort, Where, sort_of
from raftproof.checker.result import LogView, Told, Violation

MOST = 63
"""Which rules are off is one word; so is which properties are violated, which witnesses seen, which faults on."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action or a property: its name and its annotation."""

    name: str
    annotation: Any

    def sort(self, layout: Layout) -> Sort | None:
        """The sort that it, or each value of it, runs over; None for a message."""
        return sort_of(self._value, layout.bounds)

    def key(self, layout: Layout) -> Sort | None:
        """The sort of the keys of a Map: it has a value for each; None for any other parameter."""
        whole = bare(self.annotation)
        return sort_of(get_args(whole)[0], layout.bounds) if get_origin(whole) is Map else None

    @property
    def _value(self) -> Any:
        whole = bare(self.annotation)
        return get_args(whole)[1] if get_origin(whole) is Map else self.annotation

    @property
    def where(self) -> Callable[..., bool] | None:
        """The function that its values are restricted by."""
        marks = get_args(self.annotation)[1:] if get_origin(self.annotation) is Annotated else ()
        return next((mark.function for mark in marks if isinstance(mark, Where)), None)

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
    def guards(self) -> list[Callable[..., bool]]:
        """The functions that restrict its parameters."""
        return [p.where for p in self.parameters if p.where]

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


@dataclass(frozen=True)
class Live(Declared):
    """Says when fields are live. While they are dead, nothing reads them before they are set again."""

    fields: tuple[str, ...] = ()
    needs: tuple[enum.IntEnum, ...] = ()
    """The rules that this rests on."""


@dataclass(frozen=True)
class Reduction(Declared):
    """Brings a state into a form that stands for all states with the same future."""

    needs: tuple[enum.IntEnum, ...] = ()
    """The rules that this rests on."""
    covers: str = ""
    """What a search stands for with it, where that is another thing than without."""


@dataclass
class Model:
    """A protocol: a state, and all that is declared about it."""

    name: str
    state: type[State]
    bounds: Mapping[str, int]
    """Every bound that the layout names, with its default."""
    rules: type[enum.IntEnum] | None = None
    """The rules that can be switched off."""
    needs: Mapping[enum.IntEnum, str] = field(default_factory=dict)
    """Rules that the model itself rests on, so that it cannot show what happens without them; each with the reason."""
    covers: str = ""
    """What a search stands for beyond its own states, in a sentence; bounds stand in it as {max_log}."""
    view: LogView | None = None
    tell: Callable[[Mapping[str, int], Sequence[str], Violation], Told | None] | None = None
    """Tells a counterexample, under bounds and without some rules, in the finer steps of another model."""
    actions: list[Action] = field(default_factory=list)
    invariants: list[Property] = field(default_factory=list)
    action_invariants: list[Property] = field(default_factory=list)
    witnesses: list[Property] = field(default_factory=list)
    constraints: list[Property] = field(default_factory=list)
    initials: list[Declared] = field(default_factory=list)
    lives: list[Live] = field(default_factory=list)
    reductions: list[Reduction] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (isinstance(self.state, type) and issubclass(self.state, State)):
            raise source_of(self.state).error(None, f"{self.state.__name__} is no State; derive it from State")
        if self.rules and not all(0 <= rule < MOST for rule in self.rules):
            raise source_of(self.rules).error(None, f"rules are numbered from 0 to {MOST - 1}")

    def action(self, *rules: enum.IntEnum, fault: str = "") -> Callable[[F], F]:
        """Declare an action: it answers whether it is enabled, and takes the step if so."""

        def declare(function: F) -> F:
            self.actions.append(self._checked(Action(function.__name__, function, 1, rules, fault), bool))
            _refuse_many(function, self.faults(), "faults")
            return function

        return declare

    def after(self, other: Model, function: Callable[..., bool]) -> Callable[[F], F]:
        """Declare what follows an action of another model, whose state this model's state is derived from.

        The action is taken over under the name of what follows it; so it may be taken over more than once, each time
        for another kind of step. Kinds of one action are declared in a row, and asked in this order; the first that
        answers True takes the step.
        """
        source = next(action for action in other.actions if action.function is function)

        def declare(then: F) -> F:
            if any(a.function is function for a in self.actions[:-1]) and self.actions[-1].function is not function:
                raise source_of(then).error(None, f"{then.__name__}: declare what follows {function.__name__} in a row")
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
        _refuse_many(function, self.properties(), "invariants, those of steps among them")
        return function

    def action_invariant(self, function: F) -> F:
        """Declare what holds of every step, from its first state to its second."""
        self.action_invariants.append(self._property(function, states=2))
        _refuse_many(function, self.properties(), "invariants, those of steps among them")
        return function

    def witness(self, function: F) -> F:
        """Declare what some state, or some step, shows, so that an empty search is noticed."""
        self.witnesses.append(self._property(function, states=_states_of(function)))
        _refuse_many(function, self.witnesses, "witnesses")
        return function

    def constraint(self, function: F) -> F:
        """Declare what holds of every state inside the search, beside the bounds of the layout."""
        self.constraints.append(self._property(function))
        return function

    def live(self, *fields: str, needs: tuple[enum.IntEnum, ...] = ()) -> Callable[[F], F]:
        """Declare when fields are live: for which keys of a Map or a Set, or in which states; `--reduce live` uses it.

        A dead field is read by nothing before it is set again, so that states that differ only there have the same
        future. `needs` names the rules that this rests on.
        """

        def declare(function: F) -> F:
            declared = Live(function.__name__, function, 1, fields, needs)
            self._check_live(self._checked(declared, bool))
            self.lives.append(declared)
            return function

        return declare

    def reduction(self, *needs: enum.IntEnum, covers: str = "") -> Callable[[F], F]:
        """Declare a normal form: the function brings a state into it; `--reduce NAME` uses it.

        States with the same normal form have the same future, up to it. `needs` names the rules that this rests on;
        `covers` says what a search then stands for.
        """

        def declare(function: F) -> F:
            declared = Reduction(function.__name__, function, 1, needs, covers)
            self.reductions.append(self._checked(declared, type(None)))
            self._check_askless(declared)
            return function

        return declare

    def reducible(self) -> dict[str, tuple[enum.IntEnum, ...]]:
        """The reductions that `--reduce` knows, each with the rules that it rests on."""
        named = {r.name: r.needs for r in self.reductions}
        if self.lives:
            named["live"] = tuple(dict.fromkeys(rule for live in self.lives for rule in live.needs))
        return named

    def faults(self) -> list[str]:
        """The faults that the model knows."""
        return sorted({a.fault for a in self.actions if a.fault})

    def breakable(self) -> list[enum.IntEnum]:
        """The rules that some action or property asks about, so that they can be switched off."""
        asking = [f for a in self.actions for f in (a.function, *a.guards)] + [p.function for p in self.properties()]
        names = set().union(*map(rules_of, asking))
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
        others: list[Declared] = [*self.actions, *self.properties(), *self.witnesses, *self.reductions, *self.lives]
        if declared.name in {other.name for other in others}:
            raise source.error(None, f"{declared.name} is declared already; choose another name")
        frame = declared.frame
        for name in sorted(frame.reads | frame.writes):
            if name not in fields:
                raise source.error(None, f"{declared.function.__name__} uses {name}, which {self.state.__name__} lacks")
        if isinstance(declared, Property | Live) and frame.writes:
            raise source.error(
                None, f"{declared.function.__name__} writes {', '.join(sorted(frame.writes))}; a property only reads"
            )
        return declared

    def _check_live(self, live: Live) -> None:
        """What is live for some keys is a Map or a Set over them."""
        source, hints = source_of(live.function), fields_of(self.state)
        self._check_askless(live)
        keys = [p.annotation for p in live.parameters]
        for name in live.fields:
            if name not in hints or get_origin(bare(hints[name])) is Members:
                raise source.error(None, f"{live.name}: {self.state.__name__} has no field {name}")
            container = bare(hints[name])
            is_keyed = get_origin(container) in (Map, Set)
            if len(keys) > 1 or (keys and not (is_keyed and get_args(container)[0] == keys[0])):
                raise source.error(
                    None,
                    f"{live.name}: {name} is no Map or Set over what {live.name} takes after the state; "
                    "take the state alone, or the field's key",
                )

    def _check_askless(self, declared: Declared) -> None:
        """What is the same as what cannot depend on the rules that are off."""
        for rule in sorted(rules_of(declared.function)):
            raise source_of(declared.function).error(
                None, f"{declared.name} asks about {rule}; name it in needs=, and the reduction is off without it"
            )

    def _check_parameters(self, declared: Declared, source: Source, hints: dict[str, Any]) -> None:
        """The states first, then sorts; of an action one may be a message."""
        names = list(inspect.signature(declared.function).parameters)
        states = names[: declared.states]
        if len(states) < declared.states or not all(is_state(hints.get(name)) for name in states):
            wanted = ", ".join(f"{name}: {self.state.__name__}" for name in ("s", "t")[: declared.states])
            raise source.error(None, f"{declared.function.__name__} takes no state; write ({wanted}, …)")
        messages = 0
        for name in names[declared.states :]:
            parameter = Parameter(name, hints.get(name))
            try:
                is_sort = self._runs_over_sorts(declared, parameter)
            except BoundsError as fault:
                raise source.error(None, f"the parameter {name}: {fault}") from fault
            is_message = isinstance(declared, Action) and _are_messages(hints.get(name), self.state)
            if not is_sort and not is_message:
                also = " or a message of the state's Bag" if isinstance(declared, Action) else ""
                raise source.error(None, f"the parameter {name} has no sort; annotate it with {SORTS}{also}")
            messages += is_message
        if messages > 1:
            raise source.error(None, f"{declared.name} takes {messages} messages; an action takes one at most")
        self._check_guards(declared, source)

    def _runs_over_sorts(self, declared: Declared, parameter: Parameter) -> bool:
        """Whether a parameter has a sort, or is a Map of sorts as only a step may choose one."""
        annotation = parameter.annotation
        if get_origin(bare(annotation)) is Map:
            key, value = get_args(bare(annotation))
            sorts = [sort_of(key, self.bounds), sort_of(value, self.bounds)] if isinstance(declared, Action) else [None]
        else:
            sorts = [sort_of(annotation, self.bounds)]
        return all(sort is not None and not sort.order for sort in sorts)

    def _check_guards(self, declared: Declared, source: Source) -> None:
        """A Where function takes the state, the parameters before its own, and a value."""
        for before, parameter in enumerate(declared.parameters, declared.states):
            guard = parameter.where
            if guard is None:
                continue
            if not isinstance(declared, Action):
                raise source.error(None, f"the parameter {parameter.name}: only parameters of actions have a Where")
            wanted = before + (2 if get_origin(bare(parameter.annotation)) is Map else 1)
            hints = hints_of(guard)
            given = list(inspect.signature(guard).parameters)
            if hints.get("return") is not bool or len(given) != wanted or not is_state(hints.get(given[0])):
                raise source_of(guard).error(
                    None,
                    f"{guard.__name__} must take the state, the parameters before {parameter.name}, and a value "
                    "(of a Map, a key and its value), and be annotated -> bool",
                )
            if frame_of(guard).writes:
                raise source_of(guard).error(None, f"{guard.__name__} writes; what restricts a parameter only reads")


def _refuse_many(function: Callable[..., Any], declared: Sequence[object], what: str) -> None:
    """Raise ModelError where a model declares more than a word has bits."""
    if len(declared) > MOST:
        raise source_of(function).error(None, f"a model has at most {MOST} {what}; this is one too many")


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
