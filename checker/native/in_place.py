"""A model's actions as compiled functions that change one wide state in place, kept from one run to the next.

    step(words, broken, arguments)      try an action with its arguments
    deliver(words, broken, values)      put a message in flight and try an action on it: the network is the caller's

Because an action decides before it writes, one that answers False has left the state as it was, but for the message.
The values of a message are one flat tuple of integers, which numba takes from Python several times faster than records.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Action, Model
from raftproof.checker.language.nodes import Kind, Record
from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import digest_of, functions_of, namespace
from raftproof.checker.native.cache import module_of

HEAD = '''"""Generated from {model}, {bounds}, wide. Do not edit."""
from numba import njit
'''
STEP = """

@njit(cache=True, **ENTRY)
def step_{k}(words, broken, arguments):
    return bool(action_{k}(at(buffer(words), 0, broken), *arguments))
"""
DELIVER = """

@njit(cache=True, **ENTRY)
def deliver_{k}_{tag}(words, broken, values):
    s = at(buffer(words), 0, broken)
    message = {message}
    s.{bag}.send(message)
    return bool(action_{k}(s, message))
"""


@dataclass(frozen=True)
class InPlace:
    """The actions of a model on a wide layout, by name."""

    step: dict[str, Callable[[Words, int, tuple[Any, ...]], bool]]
    deliver: dict[tuple[str, type], Callable[[Words, int, tuple[int, ...]], bool]]
    """Of the actions whose only parameter is a message: by the action's name and the message's class."""


def in_place(model: Model, layout: Layout, announce: Callable[[str], None] | None = None) -> InPlace:
    """Each action is compiled when it is first called, or loaded if the same one was compiled before.

    `announce` is told if nothing was compiled before.
    """
    functions = {name: f for name, f in functions_of(model).items() if name.startswith("action_")}
    takers = [(k, kind) for k, action in enumerate(model.actions) for kind in _kinds(action, layout)]
    bag = layout.bag.name if layout.bag else ""
    source = HEAD.format(model=model.name, bounds=layout.bounds)
    source += "".join(STEP.format(k=k) for k in range(len(model.actions)))
    for k, kind in takers:
        source += DELIVER.format(k=k, tag=kind.tag, bag=bag, message=_built(kind.record, itertools.count()))
    digest = digest_of(model, layout, source, functions)
    records = {record.cls.__name__: record.cls for _, kind in takers for record in _records(kind.record)}

    def at_first() -> None:
        if announce:
            announce(f"compiling {model.name} at the size of a trace, once; this takes some seconds")

    module = module_of("in_place", digest, source, lambda: namespace(layout, functions) | records, at_first)
    names = [action.name for action in model.actions]
    return InPlace(
        {name: vars(module)[f"step_{k}"] for k, name in enumerate(names)},
        {(names[k], kind.record.cls): vars(module)[f"deliver_{k}_{kind.tag}"] for k, kind in takers},
    )


def _kinds(action: Action, layout: Layout) -> list[Kind]:
    """The messages that an action handles, if it has no other parameter."""
    if len(action.parameters) != 1 or action.parameters[0].sort(layout) is not None:
        return []
    return list(action.parameters[0].kinds(layout))


def _records(record: Record) -> Iterator[Record]:
    yield record
    for part in record.fields:
        if isinstance(part, Record):
            yield from _records(part)


def _built(record: Record, places: Iterator[int]) -> str:
    """The source that makes a record of a flat tuple of integers."""
    parts = []
    for part in record.fields:
        if isinstance(part, Record):
            parts.append(_built(part, places))
        else:
            parts.append(f"values[{next(places)}]{' != 0' if part.sort.boolean else ''}")
    return f"{record.cls.__name__}({', '.join(parts)})"


def flat(message: tuple[Any, ...]) -> tuple[int, ...]:
    """The values of a message, records inside it opened."""
    values: list[int] = []
    for part in message:
        values += flat(part) if isinstance(part, tuple) else (int(part),)
    return tuple(values)
