"""The study in parts, each with a chance of its own: however many processes share them, the whole is the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Final, TypeAlias

from raftproof.traces.conformance import follow
from raftproof.traces.mutation.study import Rejected, Study, Trace, load, rejection, study
from raftproof.traces.mutation.witnesses import Search, Witnesses, lines_by_field, lines_by_kind

CHUNK: Final = 1000
"""How many changes a part makes."""
STRICT: Final = "SendAppendEntriesRequest"
"""The lines of which `--strict` demands more."""
Result: TypeAlias = tuple[Study, Witnesses]
Part: TypeAlias = "partial[Result]"
"""Takes the folder of the traces."""


def by_chance(seed: int, count: int) -> list[Part]:
    """Random changes of good traces."""
    sizes = [min(CHUNK, count - done) for done in range(0, count, CHUNK)]
    return [partial(_changes, f"{seed} {k}", size) for k, size in enumerate(sizes)]


def aimed(seed: int, folder: Path) -> list[Part]:
    """Changes of what chance is likely to miss, and the bad traces as they are."""
    traces = _load(folder, "good") + _load(folder, "own")
    kinds, events = lines_by_kind(traces), {name.split()[0]: None for name in lines_by_field(traces)}
    parts: list[Part] = [partial(_lines, f"{seed} {kind}", kind, False) for kind in kinds]
    parts += [partial(_lines, f"{seed} {kind}", kind, True) for kind in kinds if kind.startswith(STRICT)]
    parts += [partial(_behind, f"{seed} {kind}", kind) for kind in kinds]
    parts += [partial(_fields, f"{seed} {event}", event) for event in sorted(events)]
    return [*parts, partial(_bad), partial(_turned, f"{seed}")]


def together(folder: Path, parts: Sequence[Part], workers: int) -> Result:
    """What comes of all parts, in their order."""
    whole, found = Study(), Witnesses()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for result, witnesses in pool.map(_run, [(part, folder) for part in parts]):
            whole.add(result)
            found.add(witnesses)
    return whole, found


def _run(task: tuple[Part, Path]) -> Result:
    part, folder = task
    return part(folder)


@cache
def _load(folder: Path, name: str) -> list[Trace]:
    return load(folder / name)


def _changes(seed: str, count: int, folder: Path) -> Result:
    result, search = Study(), Search()
    for found in study(_load(folder, "good"), seed, count, result):
        search.see(found)
    return result, search.found


def _lines(seed: str, kind: str, strict: bool, folder: Path) -> Result:
    result, search = Study(), Search()
    search.aim_at_lines(_followed(folder, strict), kind, seed, result, strict)
    return result, search.found


@cache
def _followed(folder: Path, strict: bool) -> list[Trace]:
    """Traces that are accepted, strictly or not."""
    traces = _load(folder, "good") + _load(folder, "own")
    return [t for t in traces if not strict or follow(t.items, strict=True).verdict == "accepted"]


def _behind(seed: str, kind: str, folder: Path) -> Result:
    result, search = Study(), Search()
    search.aim_behind(_followed(folder, False), kind, seed, result)
    return result, search.found


def _fields(seed: str, event: str, folder: Path) -> Result:
    result, search = Study(), Search()
    search.aim_at_fields(_followed(folder, False), event, seed, result)
    return result, search.found


def _bad(folder: Path) -> Result:
    result, search = Study(), Search()
    for found in _rejected(_load(folder, "bad")):
        search.see(found)
        result.note_departure(found.departure)
    return result, search.found


def _rejected(traces: Sequence[Trace]) -> Iterator[Rejected]:
    for trace in traces:
        for strict in (False, True):
            found = rejection(trace, None, strict, follow(trace.items, strict))
            if found is not None:
                yield found


def _turned(seed: str, folder: Path) -> Result:
    search = Search()
    search.turn(_followed(folder, False), seed)
    return Study(), search.found
