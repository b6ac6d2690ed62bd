"""Grades an exercise: loads the learner's file, runs the checks of its lesson, says right or not yet with a hint.

    python docs/course/exercises/03_one_vote.py                     the exercise grades itself
    python docs/course/exercises/grading.py SOME/03_one_vote.py     the same, for a copy that lies elsewhere

The checks of `03_one_vote.py` are in `checks/lesson_03.py`: a function for each part, whose parameters are the names of
the blanks that it looks at, and whose answer is a hint, or None where all is right. Whatever the learner wrote, nobody
sees a traceback, and what does not end is stopped. Exit codes: 0 all right, 1 not yet, 2 no such exercise or no
raftproof, 130 Ctrl-C.
"""

from __future__ import annotations

import importlib.util
import inspect
import resource
import signal
import sys
import textwrap
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NoReturn

HERE = Path(__file__).parent
WIDTH = 104
RIGHT, NOT_YET, NO_EXERCISE, INTERRUPTED = 0, 1, 2, 130
LONGEST_SECONDS = 20.0
"""What reading the learner's file, or checking a part, may take of the processor; the slowest solution takes three."""
MOST_BYTES = 4 << 30
"""What an exercise may take of memory, so that a list that grows for ever ends before the machine does."""

if importlib.util.find_spec("raftproof") is None:
    # Here, before an exercise imports it and stops with a traceback.
    print("This Python does not know raftproof: `make setup`, then `. .venv/bin/activate`, and again.", file=sys.stderr)
    sys.exit(NO_EXERCISE)


class NotFilledError(Exception):
    """A blank was looked at."""


class AnswerError(Exception):
    """An answer that is not of the asked form; the message says what is wrong with it."""


class Blank:
    """What stands where the learner is to write; whoever looks at it learns that it is still empty."""

    def __repr__(self) -> str:
        return "BLANK"

    def _refuse(self, *_: Any) -> NoReturn:
        raise NotFilledError

    __bool__ = __len__ = __iter__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __getitem__ = __call__ = __add__ = __radd__ = __and__ = __rand__ = __or__ = __invert__ = _refuse
    __hash__ = None  # type: ignore[assignment]


BLANK: Any = Blank()


class TooLongError(BaseException):
    """What the learner wrote did not come to an end; no `except Exception` of the learner's holds it."""

    def __str__(self) -> str:
        return f"This was stopped after {LONGEST_SECONDS:.0f} seconds: is there a loop that never ends?"


@contextmanager
def stopped_if_too_long() -> Iterator[None]:
    """Within, TooLongError is raised when the time is over, and again each second for those who catch everything."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True)
class Part:
    """One part of an exercise."""

    title: str
    check: Callable[..., str | None]

    @property
    def blanks(self) -> list[str]:
        """The names that it looks at."""
        return list(inspect.signature(self.check).parameters)


@dataclass(frozen=True)
class Grade:
    """What came of a part; no hint where it is right."""

    part: Part
    hint: str | None


class UnreadableError(Exception):
    """The learner's file cannot be read; the message says where and why."""


def part(title: str) -> Callable[[Callable[..., str | None]], Part]:
    """Make a function of a lesson's checks the check of a part."""
    return lambda check: Part(title, check)


def see_that_filled(table: object, keys: Collection[Any]) -> None:
    """A table of blanks is a dictionary with all of its keys, and no value is blank any more."""
    if not isinstance(table, dict) or set(table) != set(keys):
        told = ", ".join(repr(key) for key in keys)
        raise AnswerError(f"Keep the table as it was, a dictionary with the keys {told}, and fill in its values.")
    values = [one for value in table.values() for one in (value if isinstance(value, tuple) else (value,))]
    if any(value is BLANK for value in values):
        raise NotFilledError


def load(path: Path, name: str) -> ModuleType:
    """Run a file as a module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def answers_in(path: Path) -> dict[str, Any]:
    """What the learner's file defines."""
    try:
        with stopped_if_too_long():
            return vars(load(path, f"answers_{path.stem}"))
    except SyntaxError as fault:
        line = f"{fault.text.rstrip()}\n{' ' * ((fault.offset or 1) - 1)}^" if fault.text else ""
        raise UnreadableError(f"{path.name}:{fault.lineno}: Python cannot read this: {fault.msg}.\n{line}") from None
    except OSError as fault:
        raise UnreadableError(f"{path}: {fault.strerror}") from None
    except (Exception, TooLongError) as fault:
        raise UnreadableError(_told(fault, path)) from None


def parts_of(lesson: str) -> list[Part]:
    """The parts of a lesson's exercise, in order."""
    file = HERE / "checks" / f"lesson_{lesson}.py"
    if not file.exists():
        known = ", ".join(sorted(p.stem for p in HERE.glob("[0-9]*.py")))
        raise UnreadableError(f"no exercise begins with {lesson!r}; there are {known}")
    return [thing for thing in vars(load(file, f"checks_{lesson}")).values() if isinstance(thing, Part)]


def graded(parts: list[Part], answers: dict[str, Any], path: Path) -> list[Grade]:
    """Check each part."""
    return [Grade(one, _hint(one, answers, path)) for one in parts]


def _hint(one: Part, answers: dict[str, Any], path: Path) -> str | None:
    names = " and ".join(one.blanks)
    gone = [name for name in one.blanks if name not in answers]
    if gone:
        return f"The name {gone[0]} is no longer in {path.name}; write it again, as it was."
    values = [answers[name] for name in one.blanks]
    try:
        if any(value is BLANK for value in values):
            raise NotFilledError
        with stopped_if_too_long():
            return one.check(*values)
    except NotFilledError:
        return f"Not filled in yet: {names} in {path.name}."
    except AnswerError as fault:
        return str(fault)
    except (Exception, TooLongError) as fault:
        return _told(fault, path, f"{names} is not of the form that is asked for; see the comment above it.\n")


def _told(fault: Exception | TooLongError, path: Path, elsewhere: str = "") -> str:
    """An exception in a sentence, with the last line of the learner's file that it passed, if it passed one."""
    cause = fault.__cause__ if isinstance(fault.__cause__, Exception) else fault
    frames = [f for f in traceback.extract_tb(cause.__traceback__) if Path(f.filename).name == path.name]
    where = f"{path.name}:{frames[-1].lineno}: {frames[-1].line}\n" if frames else elsewhere
    if isinstance(cause, TooLongError):
        return f"{where}{cause}"
    if isinstance(cause, MemoryError):
        return f"{where}This took more than {MOST_BYTES >> 30} GiB of memory: is there a list that grows for ever?"
    return f"{where}Python stopped: {type(cause).__name__}: {cause}"


def report(title: str, grades: list[Grade], path: Path) -> str:
    """What the learner reads."""
    lines = [title, ""]
    for number, grade in enumerate(grades, 1):
        lines.append(f"  {number}  {'right  ' if grade.hint is None else 'not yet'}  {grade.part.title}")
        for paragraph in (grade.hint or "").splitlines():
            indent = " " * (5 + len(paragraph) - len(paragraph.lstrip()))
            lines += textwrap.wrap(paragraph.strip(), WIDTH, initial_indent=indent, subsequent_indent=indent)
    right = sum(grade.hint is None for grade in grades)
    last = "Well done." if right == len(grades) else f"Edit {path.name}, and run it again."
    return "\n".join([*lines, "", f"{right} of {len(grades)} right. {last}"])


def grade(file: str) -> NoReturn:
    """Grade an exercise, print the report, and end with its exit code."""
    path = Path(file)
    try:
        parts = parts_of(path.stem[:2])
    except UnreadableError as fault:
        print(fault, file=sys.stderr)
        sys.exit(NO_EXERCISE)
    _, allowed = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_BYTES if allowed == resource.RLIM_INFINITY else min(MOST_BYTES, allowed)
    resource.setrlimit(resource.RLIMIT_AS, (most, allowed))
    try:
        answers = answers_in(path)
        grades = graded(parts, answers, path)
    except UnreadableError as fault:
        print(fault)
        sys.exit(NOT_YET)
    except KeyboardInterrupt:
        print("\nStopped before all parts were checked.")
        sys.exit(INTERRUPTED)
    title = (answers.get("__doc__") or path.stem).strip().split("\n")[0]
    print(report(title, grades, path))
    sys.exit(RIGHT if all(one.hint is None for one in grades) else NOT_YET)


if __name__ == "__main__":
    # What the learner's file imports from here must be the same BLANK, so the module is not to exist twice.
    sys.path.insert(0, str(HERE))
    import grading

    if len(sys.argv) != 2:
        print("python grading.py FILE: name one exercise", file=sys.stderr)
        sys.exit(NO_EXERCISE)
    grading.grade(sys.argv[1])
