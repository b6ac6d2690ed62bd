"""A model's actions as compiled functions that change one wide state in place, kept from one run to the next.

    step(words, broken, arguments)      try an action with its arguments
    deliver(words, broken, message)     put a message in flight and try an action on it: the network is the caller's

Because an action decides before it writes, one that answers False has left the state as it was, but for the message.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Model
from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import _digest, _functions, _namespace, cache_directory

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
def deliver_{k}(words, broken, message):
    s = at(buffer(words), 0, broken)
    s.{bag}.send(message)
    return bool(action_{k}(s, message))
"""


@dataclass(frozen=True)
class InPlace:
    """The actions of a model on a wide layout, by name."""

    step: dict[str, Callable[[Words, int, tuple[Any, ...]], bool]]
    deliver: dict[str, Callable[[Words, int, Any], bool]]
    """Of the actions whose only parameter is a message."""


def in_place(model: Model, layout: Layout) -> InPlace:
    """Each action is compiled when it is first called, or loaded if the same one was compiled before."""
    functions = {name: f for name, f in _functions(model).items() if name.startswith("action_")}
    takers = [
        k
        for k, action in enumerate(model.actions)
        if len(action.parameters) == 1 and action.parameters[0].sort(layout) is None
    ]
    source = HEAD.format(model=model.name, bounds=layout.bounds)
    source += "".join(STEP.format(k=k) for k in range(len(model.actions)))
    source += "".join(DELIVER.format(k=k, bag=layout.bag.name) for k in takers if layout.bag is not None)
    digest = _digest(model, layout, source, list(functions.values()))
    name = f"raftproof_in_place_{digest}"
    path = cache_directory() / digest / f"{name}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(source)
        unfinished.replace(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    vars(module).update(_namespace(layout, functions))
    spec.loader.exec_module(module)
    names = [action.name for action in model.actions]
    return InPlace(
        {name: vars(module)[f"step_{k}"] for k, name in enumerate(names)},
        {names[k]: vars(module)[f"deliver_{k}"] for k in takers},
    )
