"""What may be changed in a trace: a field of a line; a line dropped, doubled, swapped with one close behind it, or said
again elsewhere, as if the server did the same in the state in which it is there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from raftproof.traces.events import Event, Placed
from raftproof.traces.reading.lines import KINDS

ROLES: Final = ("StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate")
ACTIONS: Final = ("AddNewServer", "RemoveServer", "AddLearner")
PLAIN: Final = ("BecomeFollower", "BecomeCandidate", "BecomeLeader", "Replicate", "Commit", "Ready")
"""Events that carry nothing but the state, so that one can stand for another."""
SOON: Final = 40
"""How far behind a line it is often said again."""
STEPS: Final = 3
"""How many lines of its server later one is said again behind a message."""
FAR: Final = 4
"""How far away a line may be with which another is swapped."""

Place: TypeAlias = tuple[str | int, ...]


_known_fields: dict[tuple[Any, ...], list[str]] = {}


class Change(NamedTuple):
    """One change of a trace."""

    kind: str
    """The field that is changed, or drop, double, swap, again."""
    at: int
    """The line, counted from 0 among the events."""
    other: int = 0
    """The line that it is swapped with, or before which it is said again."""
    place: Place = ()
    """Where the field stands in the event."""
    value: Any = None
    """What the field becomes."""


def random_change(items: Sequence[Placed], chance: random.Random) -> Change:
    """A random change of a trace."""
    at = chance.randrange(len(items))
    kind = chance.choices(("field", "drop", "double", "swap"), (8, 1, 1, 1))[0]
    if kind == "swap":
        return Change(kind, at, min(at + 1 + chance.randrange(FAR), len(items) - 1))
    return random_field(items, at, chance) if kind == "field" else Change(kind, at)


def random_field(items: Sequence[Placed], at: int, chance: random.Random, name: str = "") -> Change:
    """A random field of a line, or the one that is named, has another value of its sort."""
    event, ids = items[at].event, ids_of(items)
    data = msgspec.to_builtins(event)
    places = [place for place in _places(data) if place != ("nid",) or len(ids) > 1]
    place = chance.choice([p for p in places if not name or name_of(p) == name])
    value: Any = data
    for key in place:
        value = value[key]
    return Change(name_of(place), at, 0, place, _other(name_of(place), value, event, ids, chance))


def applied(items: Sequence[Placed], change: Change) -> list[Placed]:
    """The trace after a change. A line keeps its number, and takes its place in time along."""
    changed, at = list(items), change.at
    if change.kind == "drop":
        del changed[at]
    elif change.kind == "double":
        changed.insert(at, items[at])
    elif change.kind == "swap":
        changed[at], changed[change.other] = changed[change.other], changed[at]
    elif change.kind == "again":
        there = items[change.other]
        changed.insert(change.other, Placed(there.file, there.number, _again(items[at].event, there.event), there.time))
    else:
        item = items[at]
        changed[at] = Placed(item.file, item.number, changed_field(item.event, change), item.time)
    return changed


def random_again(items: Sequence[Placed], chance: random.Random, at: int = -1) -> Change:
    """A line is said again before another, often one soon after it; by the server of that one."""
    at = chance.randrange(len(items)) if at < 0 else at
    soon = min(at + 1 + chance.randrange(SOON), len(items) - 1)
    return Change("again", at, chance.choice((soon, chance.randrange(len(items)))))


def random_behind(items: Sequence[Placed], lines: Sequence[int], came: int, chance: random.Random) -> Change | None:
    """One of some lines is said again soon after a message came, by its receiver; if it can be, to its sender."""
    event = items[came].event
    its_next = islice((k for k in range(came + 1, len(items)) if items[k].event.nid == event.nid), STEPS)
    sent_back = [k for k in lines if (m := items[k].event.msg) and event.msg and m.dest == event.msg.source]
    places = list(its_next)
    return Change("again", chance.choice(sent_back or lines), chance.choice(places)) if places and lines else None


def _again(event: Event, there: Event) -> Event:
    """An event in the state that another line shows; what is sent is sent by its server, in its term."""
    shown: dict[str, Any] = {"nid": there.nid, "state": there.state, "log": there.log, "conf": there.conf}
    if not event.name.startswith("Become"):
        shown["role"] = there.role
    if event.msg is not None and event.name.startswith("Send"):
        shown["msg"] = msgspec.structs.replace(event.msg, term=there.state.term, source=there.nid)
    return msgspec.structs.replace(event, **shown)


def changed_field(event: Event, change: Change) -> Event:
    """An event with another value in one place."""
    data = msgspec.to_builtins(event)
    *above, last = change.place
    inner: Any = data
    for key in above:
        inner = inner[key]
    inner[last] = change.value
    return msgspec.convert(data, Event)


def ids_of(items: Sequence[Placed]) -> list[str]:
    """The servers of a trace."""
    return sorted({item.event.nid for item in items}, key=lambda nid: (len(nid), nid))


def name_of(place: Place) -> str:
    """A field as a table calls it: msg.index, prop.cc.changes.nid."""
    return ".".join(key for key in place if isinstance(key, str))


def fields_of(event: Event) -> list[str]:
    """The fields of an event that can be changed; those of an event of the same shape are known."""
    prop, beyond = event.prop, event.raftproof
    cc = prop.cc if prop is not None else None
    shape = (
        event.name,
        event.msg is None,
        cc is not None and bool(cc.changes),
        cc is None,
        prop is None or prop.match is None,
        *(getattr(beyond, name) is None for name in (beyond.__struct_fields__ if beyond is not None else ())),
    )
    known = _known_fields.get(shape)
    if known is None:
        places = _places(msgspec.to_builtins(event))
        known = _known_fields[shape] = list(dict.fromkeys(name_of(place) for place in places))
    return known


def _places(data: Any, above: Place = ()) -> Iterator[Place]:
    """Every field of an event that has a value to change; a configuration, and a list of terms, is one field."""
    for key, value in data.items():
        place = (*above, key)
        if value is None:
            continue
        if key == "changes":
            for k in range(len(value)):
                yield from ((*place, k, "nid"), (*place, k, "action"))
        elif isinstance(value, dict):
            yield from _places(value, place)
        elif place != ("name",) or value in PLAIN or value in KINDS:
            yield place


def _other(name: str, value: Any, event: Event, ids: Sequence[str], chance: random.Random) -> Any:
    """Another value of the same sort."""

    def pick(values: Sequence[Any]) -> Any:
        return chance.choice([v for v in values if v != value] or [value])

    if name == "name":
        same = [n for n in KINDS if KINDS[n] == KINDS[value] and n != value] if value in KINDS else PLAIN
        return pick(same)
    if name == "msg.type":
        return pick(sorted(KINDS[event.name]))
    if name == "role":
        return pick(ROLES)
    if name.endswith("action"):
        return pick(ACTIONS)
    if name == "raftproof.terms":
        return [term + 1 for term in value] or [1]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int) and name == "msg.index" and value and not chance.randrange(4):
        return chance.randrange(value)  # far below: what a leader may have discarded
    if isinstance(value, int):
        return max(0, value + chance.choice((-2, -1, 1, 2))) if value else value + chance.choice((1, 2))
    if name == "conf":
        half = chance.randrange(2)
        halves = [list(part) for part in value]
        halves[half] = _another_set(halves[half], ids, chance)
        return halves
    if name.endswith("newconf"):
        return _another_set(list(value), ids, chance)
    return pick(["0", *ids])


def _another_set(members: list[str], ids: Sequence[str], chance: random.Random) -> list[str]:
    """A set with one member more, or one less."""
    one = chance.choice(ids)
    changed = [m for m in members if m != one] if one in members else [*members, one]
    return sorted(changed, key=lambda nid: (len(nid), nid))
