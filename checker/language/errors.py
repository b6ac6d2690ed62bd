"""What is wrong with a model, told to the person who wrote it: file, line, and what to write instead."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any


class ModelError(Exception):
    """A model that cannot mean what it says. The message reads `file:line: what is wrong; what to write instead`."""


class BoundsError(Exception):
    """Bounds that the model cannot take: a name it lacks, a value below 1, or a state that does not fit."""


class UnknownBound(BoundsError):
    """An annotation names a bound that the model does not declare."""


@dataclass(frozen=True)
class Source:
    """The text of a function or a class, parsed, with line numbers as in its file."""

    file: str
    tree: ast.AST

    def error(self, node: ast.AST | None, text: str) -> ModelError:
        """A ModelError that points at `node`, or at the definition itself."""
        line = getattr(node, "lineno", None) or getattr(self.tree, "lineno", 0)
        return ModelError(f"{self.file}:{line}: {text}")


@cache
def source_of(definition: Callable[..., Any] | type) -> Source:
    """Parse a definition; its text must be in a file."""
    try:
        lines, first = inspect.getsourcelines(definition)
        file = inspect.getsourcefile(definition) or "?"
    except (OSError, TypeError) as fault:
        name = getattr(definition, "__qualname__", definition)
        raise ModelError(f"{name}: the source cannot be read; write the model in a file") from fault
    tree = ast.parse(textwrap.dedent("".join(lines)))
    ast.increment_lineno(tree, first - 1)
    return Source(file, tree.body[0])


def place_of(fault: BaseException, function: Callable[..., Any]) -> str:
    """`file:line` of the last line of a function that an exception passed, or of the function itself."""
    code, at = function.__code__, fault.__traceback__
    line = code.co_firstlineno
    while at is not None:
        if at.tb_frame.f_code is code:
            line = at.tb_lineno
        at = at.tb_next
    return f"{code.co_filename}:{line}"


def field_error(owner: type, field: str, text: str) -> ModelError:
    """A ModelError that points at the annotation of a field."""
    source = source_of(owner)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == field:
            return source.error(node, text)
    return source.error(None, text)
