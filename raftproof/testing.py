"""Models and traces in a test suite, a line a question:

    from raftproof.testing import assert_conforms, assert_holds

    def test_my_model() -> None:
        assert_holds("mine.py", servers=3, max_term=2)

    def test_a_trace_of_my_servers() -> None:
        assert_conforms("raft.ndjson")

What is false fails with the counterexample, or with the line that departs, and with the command that shows it. What
was not decided is `NoAnswer`: an error, and never a pass. Under pytest a plugin shows both without a traceback, and
keeps the pictures; without it the functions are the same but for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from raftproof.checker.language import Model
    from raftproof.checker.result import Result
    from raftproof.traces.conformance import Outcome

Names: TypeAlias = str | Iterable[str]
"""Names as the command line takes them, "restart,drop" or "none", or one by one."""


class Failed(AssertionError):
    """A property is violated, or a trace departs from the model; the message shows how."""


class NoAnswer(Exception):
    """The question was not answered: a limit came first, or the model or the trace cannot be read."""


def assert_holds(
    model: str | Path | Model,
    *,
    faults: Names = (),
    broken: Names = (),
    only: Names = (),
    symmetry: Names = "server",
    reduce: Names = (),
    workers: int | None = None,
    max_states: int | None = None,
    max_seconds: float | None = None,
    **bounds: int,
) -> Result:
    """Explore every behavior of a model within bounds: its name, its file (`FILE.py[:NAME]`), or the model itself.

    The parameters are the options of `raftproof check`; `broken` are the rules of its `--break`, and any other name is
    a bound of the model. Raises Failed with the counterexample, NoAnswer where it is not known whether all holds.
    """
    __tracebackhide__ = True
    from raftproof.commands.assertions import Asked, holds

    names = {"faults": faults, "break": broken, "only": only, "symmetry": symmetry, "reduce": reduce}
    numbers = {"workers": workers, "max_states": max_states, "max_seconds": max_seconds}
    try:
        return holds(Asked(model, names, numbers, bounds))
    except (Failed, NoAnswer) as end:
        raise end.with_traceback(None) from None


def assert_conforms(*traces: str | Path, format: str = "auto", strict: bool = False) -> list[Outcome]:
    """Hold traces against the model, as `raftproof conform` does: our own servers' files together are one trace.

    Raises Failed with the first line that no step of the model explains, NoAnswer where a trace cannot be read.
    """
    __tracebackhide__ = True
    from raftproof.commands.assertions import conforms

    try:
        return conforms([str(trace) for trace in traces], format, strict)
    except (Failed, NoAnswer) as end:
        raise end.with_traceback(None) from None


# --------------------------------------------------------------------------------------------------- the test that asks


@dataclass(frozen=True)
class Place:
    """What is known of the test that asks."""

    folder: Path
    """Where its file is: models and traces are looked for there, too."""
    pictures: Callable[[], Path | None]
    """Makes an empty folder for pictures, if there is a place for one."""


NOWHERE = Place(Path(), lambda: None)
_places = [NOWHERE]


@contextmanager
def asked_from(place: Place) -> Iterator[None]:
    """Within, a test asks."""
    _places.append(place)
    try:
        yield
    finally:
        _places.pop()


def place() -> Place:
    """Where the test that asks stands."""
    return _places[-1]
