"""From a file, or events at hand, to an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import BinaryIO

from raftproof.traces.conformance.departure import Departure, Mixed
from raftproof.traces.conformance.lifecycle import Unknown
from raftproof.traces.conformance.outcome import Outcome
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Placed
from raftproof.traces.reading import Malformed, Unsorted, in_file_order, is_sorted, opened, sorted_whole

MIXED = (
    "the events are of more than one cluster: founding servers know different first voters; give one cluster's alone"
)
Watch = Callable[[Iterable[Placed]], Iterable[Placed]]


def follow(items: Iterable[Placed], strict: bool = False, file: str = "trace") -> Outcome:
    """Follow events in the order in which they happened; Malformed and Unsorted pass through."""
    begun = time.perf_counter()
    run = Run(strict)
    outcome = Outcome(file, "accepted", 0)
    try:
        run.follow(items)
    except Departure as departure:
        outcome.verdict, outcome.departure, outcome.recent = "rejected", departure, list(run.recent)
    except Unknown as unknown:
        outcome.verdict, outcome.reason = "undetermined", str(unknown)
    except Mixed:
        outcome.verdict, outcome.reason = "malformed", MIXED
    outcome.events = run.events
    if outcome.verdict != "accepted" and run.recent:
        outcome.line, outcome.place = run.recent[-1].number, run.recent[-1].file
    outcome.settings = run.cluster.modes.words()
    outcome.seconds = time.perf_counter() - begun
    return outcome


def conform(path: str, strict: bool = False, watch: Watch = iter) -> Outcome:
    """Read a trace and follow it; `watch` sees the events go by."""
    begun = time.perf_counter()
    try:
        with opened(path) as file:
            outcome = _in_order(path, file, strict, watch)
    except Malformed as fault:
        outcome = Outcome(fault.file, "malformed", 0, line=fault.number or None, reason=str(fault))
    outcome.seconds = time.perf_counter() - begun
    return outcome


def _in_order(path: str, file: BinaryIO, strict: bool, watch: Watch) -> Outcome:
    """Follow a file as it stands; only if its time goes backwards somewhere, sort it whole and begin anew."""
    try:
        outcome = follow(watch(in_file_order(path, file)), strict, path)
        if outcome.verdict == "accepted" or is_sorted(path, file):
            return outcome
    except Unsorted:
        pass
    return follow(watch(sorted_whole(path, file)), strict, path)
