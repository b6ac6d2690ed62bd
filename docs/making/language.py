"""The reference of the modelling language, from the docstrings of its public names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_args

from making.paper_map import link_to
from raftproof.checker import language


def reference() -> str:
    """The public names of `raftproof.checker.language`, in reading order."""
    return "\n\n".join(part for name in language.__all__ for part in _entry(name, getattr(language, name)))


def _entry(name: str, thing: Any) -> Iterator[str]:
    yield f"## {name}"
    if not inspect.isclass(thing):  # a name for an annotated type, such as OrNil
        thing = type(get_args(thing)[1])
    link = link_to(thing, "source")
    yield f"{inspect.getdoc(thing) or ''} ({link.seen_from('../..')})"
    methods = [
        f"- `{own}{_parameters(method)}`: {(inspect.getdoc(method) or '').splitlines()[0]}"
        for own, method in methods_of(thing)
    ]
    if methods:
        yield "\n".join(methods)


def methods_of(thing: Any) -> list[tuple[str, Any]]:
    """The public methods that a class defines itself."""
    own = ((name, inspect.unwrap(value)) for name, value in vars(thing).items() if not name.startswith("_"))
    return [(name, value) for name, value in own if inspect.isfunction(value)]


def _parameters(method: Any) -> str:
    names = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        has_default = parameter.default is not parameter.empty
        names.append(f"{star}{parameter.name}" + (f"={parameter.default!r}" if has_default else ""))
    return f"({', '.join(names)})"
