"""A counterexample in the Informal Trace Format (ITF), which Apalache, Quint and their tools read and write.

The format is that of Apalache's ADR 15: an object of `vars` and `states`, where a JSON list is a sequence and a JSON
object a record, a set is {"#set": [..]}, a map {"#map": [[key, value], ..]}, an integer {"#bigint": ".."}. It has no
bag and no null: a bag is written as TLA+ writes it, a map from each message to its number of copies, and none as "Nil".
What a step did stands in each state's "#meta", where the format leaves room for it.
"""

from __future__ import annotations

import msgspec

from raftproof.checker.result import Json, Result, Shape
from raftproof.checker.show.behavior import Behavior, behavior_of, key_of
from raftproof.checker.show.words import containers_of

NIL = "Nil"


def itf_json(result: Result) -> str:
    """The counterexample as one ITF object, a state a line."""
    behavior = behavior_of(result)
    violation = behavior.violation
    meta = {
        "format": "ITF",
        "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
        "description": f"A counterexample to {violation.property}, found by: {result.command}",
        "source": result.model,
        "status": "violation",
    }
    states = ",\n".join(_line(_state(behavior, number)) for number in range(len(behavior.states)))
    return f'{{"#meta": {_line(meta)},\n"vars": {_line(list(behavior.states[0]))},\n"states": [\n{states}\n]}}\n'


def _line(value: Json) -> str:
    return msgspec.json.encode(value).decode()


def _state(behavior: Behavior, number: int) -> dict[str, Json]:
    shape = behavior.shape
    meta: dict[str, Json] = {"index": number}
    if number:
        step = behavior.moves[number - 1].step
        meta |= {"action": step.action, "parameters": {name: _guess(v, shape) for name, v in step.parameters.items()}}
    state = behavior.states[number]
    fields = {name: itf_value(value, shape, containers_of(name, shape)) for name, value in state.items()}
    return {"#meta": meta, **fields}


def itf_value(value: Json, shape: Shape, containers: list[str] | None = None) -> Json:
    """One value; its containers say what a list or an object stands for, and where they are unknown it is guessed."""
    if not containers:
        return _guess(value, shape)
    outer, inner = containers[0], containers[1:]
    if outer == "map" and isinstance(value, dict):
        return {"#map": [[_key(key), itf_value(item, shape, inner)] for key, item in value.items()]}
    if outer == "set" and isinstance(value, list):
        return {"#set": [itf_value(item, shape, inner) for item in value]}
    if outer == "bag" and isinstance(value, list):
        return {"#map": _copies(value, shape)}
    if isinstance(value, list):
        return [itf_value(item, shape, inner) for item in value]
    return _guess(value, shape)


def _guess(value: Json, shape: Shape) -> Json:
    """A value without declared containers: an object keyed by members is a map, any other is a record."""
    if value is None:
        return NIL
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return {"#bigint": str(value)}
    if isinstance(value, list):
        return [_guess(item, shape) for item in value]
    if isinstance(value, dict):
        if any(value.keys() == set(members) for members in shape.members.values()):
            return {"#map": [[key, _guess(item, shape)] for key, item in value.items()]}
        return {name: _guess(item, shape) for name, item in value.items()}
    return str(value)


def _key(key: str) -> Json:
    """A map's key is text in JSON; an integer is written as one again."""
    return {"#bigint": key} if key.removeprefix("-").isdecimal() else key


def _copies(bag: list[Json], shape: Shape) -> list[Json]:
    copies: dict[bytes, list[Json]] = {}
    for message in bag:
        copies.setdefault(key_of(message), []).append(message)
    return [[_guess(same[0], shape), {"#bigint": str(len(same))}] for same in copies.values()]
