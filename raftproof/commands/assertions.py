"""What `raftproof.testing` asks: the questions of `check` and `conform`, whose answers are raised."""

from __future__ import annotations

import inspect
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raftproof import testing
from raftproof.checker.explore.compiled import BASE_BYTES, Limits
from raftproof.checker.language import BoundsError, Model, ModelError
from raftproof.checker.run import Question, check
from raftproof.commands.asking import BOUNDS, announce, available_bytes
from raftproof.commands.models import MODELS, find_model
from raftproof.testing import Failed, Names, NoAnswer

if TYPE_CHECKING:
    from raftproof.checker.result import Result
    from raftproof.traces.conformance import Outcome

_LISTS = ("break", "only")
"""Options that are repeated for each name; the others take all names at once."""


@dataclass(frozen=True)
class Asked:
    """A question about a model, as a test asks it."""

    model: str | Path | Model
    names: Mapping[str, Names]
    """The options that take names."""
    numbers: Mapping[str, int | float | None]
    """The options that take a number."""
    bounds: Mapping[str, int]

    def question(self) -> Question:
        """The same for the checker; raises BoundsError or ModelError where it makes no sense."""
        named = {option: _names(given) for option, given in self.names.items()}
        text = _name_of(self.model) if isinstance(self.model, Model) else _found(str(self.model))
        workers, states, seconds = (self.numbers[name] for name in ("workers", "max_states", "max_seconds"))
        return Question(
            model=self.model if isinstance(self.model, Model) else find_model(text),
            bounds=self.bounds,
            faults=named["faults"],
            broken=named["break"],
            symmetric=tuple(f"{name}s" for name in named["symmetry"]),
            reduce=named["reduce"],
            only=named["only"] or None,
            workers=int(workers or max(1, len(os.sched_getaffinity(0)) // _sharing())),
            limits=Limits(None if states is None else int(states), _memory_share(), seconds),
            command=shlex.join(["raftproof", "check", text, *self._options(named)]),
        )

    def _options(self, named: Mapping[str, tuple[str, ...]]) -> list[str]:
        """The command line's options, without those that are the default."""
        options = []
        for name, bound in self.bounds.items():
            options += [_option(name), str(bound)] if name in BOUNDS else ["--bound", f"{name}={bound}"]
        for name, given in named.items():
            if name in _LISTS:
                options += [word for one in given for word in (_option(name), one)]
            elif given != (("server",) if name == "symmetry" else ()):
                options += [_option(name), ",".join(given) or "none"]
        for name, number in self.numbers.items():
            options += [] if number is None else [_option(name), str(number)]
        return options


def holds(asked: Asked) -> Result:
    """The result of a question whose properties hold; raises Failed or NoAnswer for any other."""
    try:
        result = check(asked.question(), announce=announce)
    except (BoundsError, ModelError) as fault:
        raise NoAnswer(str(fault)) from None
    if result.reason == "interrupted":
        raise KeyboardInterrupt
    if result.verdict == "holds":
        return result
    text = _told(result)
    raise Failed(text) if result.verdict == "violated" else NoAnswer(text)


def conforms(traces: Sequence[str], format: str, strict: bool) -> list[Outcome]:
    """The outcomes of traces that are all accepted; raises Failed or NoAnswer for any other."""
    from raftproof.commands.conform import FORMATS, follow_all
    from raftproof.traces.conformance.explain import explain

    if not traces:
        raise NoAnswer("No trace was named, so there is nothing to hold against the model.")
    if format not in FORMATS:
        raise NoAnswer(f"format={format!r}: write {' or '.join(FORMATS)}.")
    outcomes = list(follow_all([_found(trace) for trace in traces], format, strict))
    wrong = [outcome for outcome in outcomes if outcome.verdict != "accepted"]
    if not wrong:
        return outcomes
    text = "\n\n".join(explain(outcome) + _drawn(outcome) for outcome in wrong)
    raise Failed(text) if any(outcome.verdict == "rejected" for outcome in wrong) else NoAnswer(text)


def _told(result: Result) -> str:
    """The text of a result, and where to see it."""
    from raftproof.checker.show import write_all
    from raftproof.checker.show.text import result_text

    text = result_text(result)
    if result.violation is not None:
        text += f"See it: {result.command} --out counterexample\n"
    try:
        folder = testing.place().pictures()
        if folder is not None:
            write_all(result, folder)
            shown = folder / ("result.txt" if result.violation is None else "index.html")
            text += f"{'or open' if result.violation else 'Kept in'} {_from_here(shown)}\n"
    except OSError as fault:
        text += _not_kept(fault)
    return text.rstrip("\n")


def _not_kept(fault: OSError) -> str:
    """An answer is worth more than its picture, which cannot be written."""
    return f"No picture is kept: {fault.filename}: {fault.strerror}"


def _drawn(outcome: Outcome) -> str:
    """Where the picture of a departure is kept, if it is."""
    file = outcome.place or outcome.file
    try:
        folder = testing.place().pictures()
        return "" if folder is None else _drawn_in(folder, file, outcome)
    except OSError as fault:
        return f"\n{_not_kept(fault)}"


def _drawn_in(folder: Path, file: str, outcome: Outcome) -> str:
    import json

    from raftproof.traces.conformance.picture import picture_at
    from raftproof.traces.reading.lines import STDIN

    (folder / "outcome.json").write_text(json.dumps(outcome.json(), indent=2) + "\n", encoding="utf-8")
    if outcome.verdict != "rejected" or outcome.line is None or file == STDIN:
        return ""
    picture = folder / "departure.svg"
    picture.write_text(picture_at(file, outcome.line), encoding="utf-8")
    return f"\nSee it: open {_from_here(picture)}"


# --------------------------------------------------------------------------------------------------- names


def _names(given: Names) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    return tuple(name.strip() for name in names if name.strip() not in ("", "none"))


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _found(text: str) -> str:
    """A file as it is named from the working directory, or else from the folder of the test."""
    file, colon, name = text.partition(":") if ".py:" in text else (text, "", "")
    beside = testing.place().folder / file
    if Path(file).exists() or not beside.exists():
        return text
    return f"{_from_here(beside)}{colon}{name}"


def _from_here(file: Path) -> str:
    """A path from the working directory where that is above it, as a person would write it."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _name_of(model: Model) -> str:
    """How the command line names a model: its name, or the file and the variable that hold it."""
    for known, (place, _) in MODELS.items():
        module, _, variable = place.partition(":")
        if getattr(sys.modules.get(module), variable or "model", None) is model:
            return known
    function = model.initials[0].function
    module_of = vars(sys.modules[function.__module__])
    variable = next((name for name, value in module_of.items() if value is model), "")
    file = _from_here(Path(inspect.getsourcefile(function) or model.name))
    return f"{file}:{variable}" if variable else file


def _memory_share() -> int:
    """Four fifths of what the machine can give, shared; but enough for a small search."""
    return max(available_bytes() * 4 // 5 // _sharing(), 2 * BASE_BYTES)


def _sharing() -> int:
    """How many workers of pytest-xdist share the machine."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
