"""What came of traces, as machines that build and test take it: a case for each trace.

Only an accepted trace is passed. One that departs has failed, at the line that departs; one that is malformed, or of
which nothing can be said, is an error.
"""

from __future__ import annotations

from pathlib import Path

from raftproof.checker.show.cases import Answer, Case, Location
from raftproof.traces.conformance.explain import explain, involved, last_lines, sentence
from raftproof.traces.conformance.outcome import Outcome, rule_text
from raftproof.traces.reading.lines import STDIN

_ANSWERS: dict[str, Answer] = {
    "accepted": "passed",
    "rejected": "failed",
    "malformed": "error",
    "undetermined": "error",
}
_HELP = {
    "malformed": "A line of the trace is no event of a cluster, so that nothing can be said of it. That is no pass.",
    "undetermined": "Neither a behavior of the model nor a departure from it was found. That is no pass.",
}


def case_of(outcome: Outcome) -> Case:
    """The case of a trace."""
    answer = _ANSWERS[outcome.verdict]
    if answer == "passed":
        return Case(outcome.file, answer, seconds=outcome.seconds)
    rule = outcome.departure.rule if outcome.departure and answer == "failed" else outcome.verdict
    file = outcome.place or outcome.file
    return Case(
        outcome.file,
        answer,
        outcome.explanation(),
        explain(outcome),
        rule,
        _HELP.get(rule) or rule_text(rule),
        _location(file, outcome.line or 1),
        _path(outcome, file),
        f"raftproof render {file} --at {outcome.line}" if answer == "failed" else "",
        outcome.seconds,
    )


def _path(outcome: Outcome, file: str) -> tuple[Location, ...]:
    """The last lines of the servers involved, up to the one that departs."""
    if outcome.departure is None or outcome.verdict != "rejected":
        return ()
    lines = last_lines(outcome.recent, involved(outcome.recent[-1].event))
    found = [_location(item.file or file, item.number, sentence(item.event)) for item in lines]
    return tuple(location for location in found if location is not None)


def _location(file: str, line: int, text: str = "") -> Location | None:
    """A line of a file; what cannot be read, and standard input, has none."""
    return Location(Path(file).resolve(), line, text) if file != STDIN and Path(file).is_file() else None
