"""A counterexample as a drawing sees it: its states, who acts in each step, and the flight of every message.

A result says only what changed. Whatever a picture needs beyond that is derived here, once, for every form of output:

    step 3 at s1   messages: {} → {m}       a flight of m begins
    step 5 at s2   handles m, keeps it      … arrives
    step 6 at s2   messages: {m} → {}       … and ends

A bag does not say which of two equal messages was taken, and it does not matter: the one that was sent first is taken.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from raftproof.checker.result import DamagedResult, Json, Result, Shape, Step, Violation, states_of

RESTART, DROP, DUPLICATE = "restart", "drop", "duplicate"
_FAULT_NAMES = {"crash": RESTART, "lose_message": DROP, "drop_message": DROP, "duplicate_message": DUPLICATE}


@dataclass
class Flight:
    """A message from the step that put it into the bag to the step that took it out."""

    message: Json
    sent: int
    """The step that sent it; 0 where the initial state holds it."""
    arrived: list[int] = field(default_factory=list)
    """The steps that looked at it, the one that took it out last."""
    ended: int | None = None
    """The step that took it out; None where it is still in flight at the end."""
    lost: bool = False
    copy_of: Flight | None = None
    """The message that the network copied."""


@dataclass(frozen=True)
class Place:
    """A place in a state, taken apart: "next_index[s1][s2]" is the field and its keys."""

    field: str
    keys: tuple[str, ...]

    @staticmethod
    def of(text: str) -> Place:
        """Take the text apart."""
        name, *keys = text.replace("]", "").split("[")
        return Place(name, tuple(keys))

    def owner(self, actors: list[str]) -> str | None:
        """The actor to whom the place belongs, if it belongs to one."""
        return self.keys[0] if self.keys and self.keys[0] in actors else None

    def __str__(self) -> str:
        return self.field + "".join(f"[{key}]" for key in self.keys)


@dataclass
class Move:
    """A step, and what a picture must know of it."""

    number: int
    step: Step
    actor: str | None
    """The member that acts; None where the network acts, or nobody in particular."""
    fault: str
    sent: list[Flight] = field(default_factory=list)
    received: list[Flight] = field(default_factory=list)


@dataclass(frozen=True)
class Fact:
    """One side of the contradiction, and the places of the last state that show it."""

    text: str
    places: list[str]


@dataclass
class Behavior:
    """A counterexample with everything that a picture needs."""

    violation: Violation
    shape: Shape
    states: list[Json]
    moves: list[Move]
    flights: list[Flight]
    actors: list[str]

    @property
    def facts(self) -> list[Fact]:
        """What contradicts each other; what is said place by place of one actor is one fact, as a reader would say it.

        So "role[s1] = LEADER" and "current_term[s1] = 2" are one fact about s1, against another about s2.
        """
        violation, groups = self.violation, dict[str, list[Fact]]()
        for number, text in enumerate(violation.facts):
            places = violation.fact_places[number] if number < len(violation.fact_places) else []
            owners = {Place.of(place).owner(self.actors) for place in places}
            one = next(iter(owners)) if len(owners) == 1 and text.startswith(places[0]) else None
            groups.setdefault(one or f"fact {number}", []).append(Fact(text, places))
        return [_joined(group) for group in groups.values()]

    @property
    def last(self) -> Json:
        """The state that breaks the property."""
        return self.states[-1]


def _joined(group: list[Fact]) -> Fact:
    """One fact of several; of a log and an entry of it only the entry is told."""
    places = [place for fact in group for place in fact.places]
    told = [fact for fact in group if not any(p.startswith(f"{own}[") for own in fact.places for p in places)]
    return Fact(" and ".join(fact.text for fact in told), [place for fact in told for place in fact.places])


def behavior_of(result: Result) -> Behavior:
    """Derive the behavior of a result's violation; raises DamagedResult where its steps do not fit its states."""
    if result.violation is None:
        raise ValueError("the result has no violation")
    shape, violation = result.shape, result.violation
    states = _checked_states(result)
    actors = shape.members.get(shape.actors, []) if shape.actors else []
    flights: list[Flight] = []
    if shape.bag:
        flights = [Flight(message, 0) for message in states[0][shape.bag]]
    moves = []
    for number, step in enumerate(violation.steps, start=1):
        move = Move(number, step, _actor(step, shape, actors), fault_of(step))
        if shape.bag:
            _fly(move, states[number - 1][shape.bag], states[number][shape.bag], shape, flights)
        moves.append(move)
    return Behavior(violation, shape, states, moves, flights, list(actors))


def fault_of(step: Step) -> str:
    """The fault that a step is, told by the step, or else by the usual names of such actions."""
    if step.fault:
        return step.fault
    name = step.action.lower()
    return name if name in (RESTART, DROP, DUPLICATE) else _FAULT_NAMES.get(name, "")


def key_of(message: Json) -> bytes:
    """Equal messages, and only those, have equal keys."""
    return msgspec.json.encode(message, order="deterministic")


def is_message(value: Json, shape: Shape) -> bool:
    """A message is a record with a kind, in a model that has a bag of them."""
    return shape.bag is not None and isinstance(value, dict) and "kind" in value


def _actor(step: Step, shape: Shape, actors: list[str]) -> str | None:
    if fault_of(step) in (DROP, DUPLICATE):
        return None
    for value in step.parameters.values():
        if isinstance(value, str) and value in actors:
            return value
        if is_message(value, shape) and shape.dest and value.get(shape.dest) in actors:
            return str(value[shape.dest])
    owners = (Place.of(text).owner(actors) for text in step.changes)
    return next((owner for owner in owners if owner), None)


def _fly(move: Move, before: list[Json], after: list[Json], shape: Shape, flights: list[Flight]) -> None:
    """Match a step's change of the bag with the messages in flight."""
    had, has = Counter(map(key_of, before)), Counter(map(key_of, after))
    gone, new = had - has, has - had
    looked_at = {key_of(value) for value in move.step.parameters.values() if is_message(value, shape)}
    originals: dict[bytes, Flight] = {}
    for flight in [flight for flight in flights if flight.ended is None]:
        key = key_of(flight.message)
        taken = gone[key] > 0
        if not taken and (key in originals or key not in looked_at):
            continue
        originals.setdefault(key, flight)
        if move.fault != DUPLICATE and move.fault != DROP:
            flight.arrived.append(move.number)
        if taken:
            gone[key] -= 1
            flight.ended, flight.lost = move.number, move.fault == DROP
            move.received.append(flight)
    for message in after:
        key = key_of(message)
        if new[key] > 0:
            new[key] -= 1
            flight = Flight(message, move.number, copy_of=originals.get(key) if move.fault == DUPLICATE else None)
            flights.append(flight)
            move.sent.append(flight)


def _checked_states(result: Result) -> list[Json]:
    """The states of the counterexample, after a look at whether they are what the shape says."""
    assert result.violation is not None
    if not isinstance(result.violation.initial, dict):
        raise DamagedResult("the first state of the violation is not an object of fields")
    states = [result.violation.initial]
    for number, step in enumerate(result.violation.steps, start=1):
        one = Violation("", 0, [step], states[-1])
        try:
            states.append(states_of(one)[1])
        except (KeyError, TypeError, IndexError):
            places = ", ".join(step.changes)
            raise DamagedResult(f"step {number} changes {places}, and the state before it has no such place") from None
    for number, state in enumerate(states):
        if state.keys() != states[0].keys():
            raise DamagedResult(f"step {number} changes a field that the initial state does not have")
        _check_state(state, result.shape, f"the state after step {number}" if number else "the initial state")
    return states


def _check_state(state: Json, shape: Shape, where: str) -> None:
    """The bag is a list of records; the fields of the view are maps from every actor."""
    if shape.bag is not None:
        bag = state.get(shape.bag)
        if not isinstance(bag, list) or not all(isinstance(message, dict) and "kind" in message for message in bag):
            raise DamagedResult(f"{where} has no bag of messages in the field {shape.bag!r}")
    if shape.actors is not None and shape.actors not in shape.members:
        raise DamagedResult(f"the shape names {shape.actors!r} as actors, and has no such members")
    if shape.view is None:
        return
    actors = shape.members.get(shape.actors or "", [])
    view = shape.view
    others = (view.commit_index, view.current_term, view.role, view.next_index, view.match_index)
    for name in (view.log, *filter(None, others)):
        if not isinstance(state.get(name), dict) or any(actor not in state[name] for actor in actors):
            raise DamagedResult(f"{where} has no value of {name!r} for every member of {shape.actors}")
    for actor in actors:
        log = state[view.log][actor]
        if not isinstance(log, list) or not all(isinstance(e, dict) and view.term_of_entry in e for e in log):
            raise DamagedResult(f"{where}: {view.log}[{actor}] is not a sequence of entries with a term")
