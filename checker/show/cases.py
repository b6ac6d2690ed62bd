"""A result as machines that build and test take it: a case for each property, with where it stands in the source.

A case is passed only where every state within the bounds was explored. What a search did not decide is an error, or,
where the search ended because another property broke, skipped; it is never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from raftproof.checker.language.errors import ModelError, source_of
from raftproof.checker.language.model import Model, Property
from raftproof.checker.result import Result, Violation
from raftproof.checker.show.text import result_text
from raftproof.checker.show.words import count_text, never_enabled_text, not_reached_text, step_text, verdict_text

Answer: TypeAlias = Literal["passed", "failed", "error", "skipped"]
ROOT, PACKAGES = "%SRCROOT%", "PACKAGES"
"""What a file's URI is relative to: the working copy, or where Python packages are installed."""
INCOMPLETE = "incomplete"
NO_ANSWER = "no_answer"
HELP = {
    INCOMPLETE: "A limit or an interrupt came before every state within the bounds was explored. That is no pass.",
    NO_ANSWER: "The command ended without an answer. That is no pass.",
}
"""What is said of the rules that belong to no model."""


@dataclass(frozen=True)
class Location:
    """A line of a file, and what happens there."""

    file: Path
    line: int
    text: str = ""


@dataclass(frozen=True)
class Case:
    """A question with an answer of its own: a property of a model, or a trace."""

    name: str
    answer: Answer
    sentence: str = ""
    """What came of it, where it did not pass."""
    text: str = ""
    """The same with everything that explains it."""
    rule: str = ""
    """The property or the rule that is broken, by name."""
    help: str = ""
    """What that says."""
    at: Location | None = None
    path: tuple[Location, ...] = ()
    """How it came to it, step by step."""
    see: str = ""
    """The command that shows it."""
    seconds: float | None = None


@dataclass(frozen=True)
class Report:
    """The answer of a command, as cases."""

    about: tuple[str, ...]
    """The command, and what it was asked about: ("check", "figure2"), ("conform",)."""
    asked: str
    """The whole command line."""
    cases: list[Case]
    exit_code: int
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


def no_answer(name: str, sentence: str, at: Location | None = None) -> Case:
    """A command that ended without an answer."""
    return Case(name, "error", sentence, sentence, NO_ANSWER, HELP[NO_ANSWER], at)


def cases_of(result: Result, model: Model, only: Sequence[str] | None = None) -> list[Case]:
    """A case for each property that was watched, `only` these; for a model without any, one for the search itself."""
    watched = [p for p in model.properties() if only is None or p.name in only]
    if not watched:
        return [_searched(model.name, result)]
    return [_case(declared, result, model) for declared in watched]


def warnings_of(result: Result) -> tuple[str, ...]:
    """What was asked for and not done, and which part of the model was not tested, however green the verdict is."""
    unreached = [name for name, depth in result.witnesses.items() if depth is None]
    idle = [never_enabled_text(name) for name in result.never_enabled]
    return (*result.notes, *idle, *map(not_reached_text, unreached))


def _searched(name: str, result: Result) -> Case:
    if result.verdict == "incomplete":
        return _undecided(name, result, None)
    return Case(name, "passed", see=result.command)


def _case(declared: Property, result: Result, model: Model) -> Case:
    at = location_of(declared.function, declared.sentence)
    violation = result.coarse or result.violation
    if violation is not None:
        return _beside(declared, at, result, violation, model)
    if result.verdict == "incomplete":
        return _undecided(declared.name, result, at)
    return Case(declared.name, "passed", rule=declared.name, help=declared.sentence, at=at, see=result.command)


def _beside(declared: Property, at: Location | None, result: Result, violation: Violation, model: Model) -> Case:
    """What a counterexample says of a property: it breaks it, or ended the search before it was decided."""
    claim = violation.properties.get(declared.name)
    falls = claim.falls if claim else []
    if declared.name == violation.property:
        sentence = verdict_text(result)
    elif falls:
        sentence = (
            f"{declared.name} falls after {count_text(falls[0], 'steps')} of a counterexample to another property."
        )
    else:
        sentence = f"Not decided: the search ended where {violation.property} broke."
        return Case(declared.name, "skipped", sentence, rule=declared.name, help=declared.sentence, at=at)
    path = _path(violation, result, model)
    text = result_text(result)
    return Case(declared.name, "failed", sentence, text, declared.name, declared.sentence, at, path, result.command)


def _undecided(name: str, result: Result, at: Location | None) -> Case:
    sentence = f"{name} is not decided. {verdict_text(result)}"
    help = HELP[INCOMPLETE]
    return Case(name, "error", sentence, result_text(result), INCOMPLETE, help, at, see=result.command)


def _path(violation: Violation, result: Result, model: Model) -> tuple[Location, ...]:
    """Each step of a counterexample, at the action that it is."""
    functions = {action.name: action.function for action in model.actions}
    steps = [(step.action, f"{n}. {step_text(step, result.shape)}") for n, step in enumerate(violation.steps, start=1)]
    found = [location_of(functions[name], text) for name, text in steps]
    return tuple(location for location in found if location is not None)


def location_of(function: Callable[..., Any], text: str = "") -> Location | None:
    """Where a function is defined; None where that is no file."""
    try:
        source = source_of(function)
    except ModelError:
        return None
    return Location(Path(source.file).resolve(), getattr(source.tree, "lineno", 1), text)


def uri_of(file: Path, root: Path) -> tuple[str, str]:
    """A file's URI and the base that it is relative to: the root, or the installed packages; else it is absolute."""
    if file.is_relative_to(root):
        return quote(file.relative_to(root).as_posix()), ROOT
    for packages in ("site-packages", "dist-packages"):
        if packages in file.parts:
            return quote("/".join(file.parts[file.parts.index(packages) + 1 :])), PACKAGES
    return file.as_uri(), ""
