"""From a file, several files of one cluster, or events at hand, to an outcome.

A hidden choice that several values would fit, and that no later line is sure to reveal, is taken as the likeliest. If
the trace then departs, the others are tried, from the last such choice back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, TypeAlias

from raftproof.traces.conformance.departure import Departure, Mixed, Unknown
from raftproof.traces.conformance.machine import TooMany
from raftproof.traces.conformance.outcome import Outcome
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Placed
from raftproof.traces.merging import together
from raftproof.traces.reading import Malformed, Unsorted, in_file_order, is_sorted, opened, sorted_whole
from raftproof.traces.reading.lines import is_ours

MIXED: Final = (
    "the events are of more than one cluster: founding servers know different first voters; give one cluster's alone"
)
TRIES: Final = 16
"""How many times a trace is followed again with other hidden choices, before the answer is `undetermined`."""
SHOWN: Final = 400
"""Lines up to the one that departs, of which some are shown."""
Source: TypeAlias = Callable[[], Iterable[Placed]]
Watch: TypeAlias = Callable[[Iterable[Placed]], Iterable[Placed]]


def follow(items: Sequence[Placed], strict: bool = False, file: str = "trace") -> Outcome:
    """Follow events in the order in which they happened."""
    return _search(lambda: items, strict, file)


def conform(path: str, strict: bool = False, watch: Watch = iter) -> Outcome:
    """Read a trace and follow it; `watch` sees the events go by."""
    return _timed(path, lambda: _in_order(path, strict, watch))


def conform_together(paths: Sequence[str], strict: bool = False, watch: Watch = iter) -> Outcome:
    """Read the files of one cluster, one a server, and follow them as one trace."""
    name = " ".join(paths)
    return _timed(name, lambda: _search(lambda: watch(together(paths)), strict, name))


def written_by_us(path: str) -> bool:
    """Whether our own servers wrote a file; False where it cannot be read, which reading it will tell.

    Standard input is read once, and not to find that out: what comes from there is one trace.
    """
    if path == "-":
        return False
    try:
        with opened(path) as file:
            return is_ours(file)
    except Malformed:
        return False


def _timed(name: str, answer: Callable[[], Outcome]) -> Outcome:
    """An outcome with its time; what cannot be read is malformed."""
    begun = time.perf_counter()
    try:
        outcome = answer()
    except Malformed as fault:
        outcome = Outcome(name, "malformed", 0, line=fault.number or None, place=fault.file, reason=str(fault))
    outcome.seconds = time.perf_counter() - begun
    return outcome


def _in_order(path: str, strict: bool, watch: Watch) -> Outcome:
    """Follow a file as it stands; only if its time goes backwards somewhere, sort it whole and begin anew."""
    with opened(path) as file:

        def in_order() -> Iterable[Placed]:
            return watch(in_file_order(path, file))

        def whole() -> Iterable[Placed]:
            return watch(sorted_whole(path, file))

        try:
            outcome = _search(in_order, strict, path)
            if outcome.verdict == "accepted" or is_sorted(path, file):
                return outcome
        except Unsorted:
            pass
        return _search(whole, strict, path)


def _search(source: Source, strict: bool, file: str) -> Outcome:
    """Follow a trace, with other hidden choices if it departs; the outcome that got furthest."""
    outcome, open_choices = _once(source, strict, file, {})
    waiting = [{k: other} for k, count in open_choices.items() for other in range(1, count)]
    best, tries = outcome, 0
    while waiting and best.verdict == "rejected":
        if tries == TRIES:
            best.verdict, best.reason = "undetermined", f"after {TRIES} tries other hidden choices are left"
            break
        choices = waiting.pop()
        tries += 1
        outcome, open_choices = _once(source, strict, file, choices)
        latest = max(choices)
        waiting += [choices | {k: n} for k, count in open_choices.items() if k > latest for n in range(1, count)]
        if outcome.verdict != "rejected" or outcome.events > best.events:
            best = outcome
    if best.departure is not None:  # read again, since to remember lines while they go by takes a fifth of the time
        best.recent = list(deque(islice(source(), best.events), SHOWN))
    return best


def _once(source: Source, strict: bool, file: str, choices: dict[int, int]) -> tuple[Outcome, dict[int, int]]:
    """Follow a trace with given hidden choices; the choices that there were."""
    begun = time.perf_counter()
    run = Run(strict, choices)
    outcome = Outcome(file, "accepted", 0)
    try:
        run.follow(source())
    except Departure as departure:
        outcome.verdict, outcome.departure = "rejected", departure
    except (Unknown, TooMany) as unknown:
        outcome.verdict, outcome.reason = "undetermined", str(unknown)
    except OverflowError as fault:
        outcome.verdict, outcome.reason = "undetermined", f"a number is too large to be followed: {fault}"
    except Mixed:
        outcome.verdict, outcome.reason = "malformed", MIXED
    outcome.events = run.events
    if outcome.verdict != "accepted" and run.last is not None:
        outcome.line, outcome.place = run.last.number, run.last.file
    outcome.settings = run.cluster.modes.words()
    outcome.seconds = time.perf_counter() - begun
    return outcome, run.cluster.open_choices
