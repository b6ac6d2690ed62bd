"""`raftproof conform`: traces of a real cluster, held against the model."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from raftproof.commands import reports
from raftproof.commands.asking import INTERRUPTED, USAGE, fail, prepare

if TYPE_CHECKING:
    from raftproof.traces.conformance import Outcome
    from raftproof.traces.events import Placed

EXIT_CODES = {"accepted": 0, "rejected": 1, "malformed": 4, "undetermined": 3}
WORST_FIRST = ("rejected", "malformed", "undetermined", "accepted")
FORMATS = ("auto", "etcd", "raftproof")
_PROGRESS_SECONDS = 2.0


def command(
    traces: Annotated[list[str], typer.Argument(metavar="TRACE …", help="Files, plain or .gz; - is standard input.")],
    format: Annotated[
        str, typer.Option(metavar="auto|etcd|raftproof", help="Who wrote it; our own files are merged.")
    ] = "auto",
    strict: Annotated[bool, typer.Option("--strict", help="Demand etcd's progress rules, too.")] = False,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - is stdout.")] = None,
    junit: reports.JunitFile = None,
    sarif: reports.SarifFile = None,
) -> None:
    """Say whether a trace is one that correct Raft could have written, and if not, which line is the first that is not.

    Each file of etcd's is a trace of its own. Our own servers write a file each: together they are one trace.

    Exit codes: 0 accepted, 1 rejected, 2 usage, 3 undetermined, 4 malformed, 130 Ctrl-C; of several files the worst.
    """
    with reports.reported(("conform",), junit, sarif) as report:
        if format not in FORMATS:
            fail(f"--format {format}: write {' or '.join(FORMATS)}", USAGE)
        prepare(None, json_file)
        outcomes: list[Outcome] = []
        try:
            for outcome in follow_all(traces, format, strict):
                outcomes.append(outcome)
                if json_file != "-":
                    _print(outcome)
        except KeyboardInterrupt:
            _write_json(outcomes, json_file)
            report.tell_outcomes(outcomes, INTERRUPTED, "Interrupted before they were followed to their end.")
            raise typer.Exit(INTERRUPTED) from None
        _write_json(outcomes, json_file)
        worst = next(verdict for verdict in WORST_FIRST if any(o.verdict == verdict for o in outcomes))
        report.tell_outcomes(outcomes, EXIT_CODES[worst])
        raise typer.Exit(EXIT_CODES[worst])


def _announce(text: str) -> None:
    print(text, file=sys.stderr)


def follow_all(traces: list[str], format: str, strict: bool) -> Iterator[Outcome]:
    """One outcome for each file of etcd's; one for all of our own servers' files, of which each has a file."""
    from raftproof.traces.conformance import conform, conform_together, machine, written_by_us

    machine.announce = _announce
    ours = traces if format == "raftproof" else [] if format == "etcd" else [p for p in traces if written_by_us(p)]
    if len(ours) > 1:
        yield conform_together(ours, strict, partial(_told, f"{len(ours)} files"))
        traces = [path for path in traces if path not in ours]
    for path in traces:
        yield conform(path, strict, partial(_told, path))


def _told(path: str, items: Iterable[Placed]) -> Iterator[Placed]:
    """Tell of long files on stderr, now and then."""
    begun = last = time.monotonic()
    for count, item in enumerate(items):
        if count % 16384 == 16383:
            now = time.monotonic()
            if now - last >= _PROGRESS_SECONDS:
                last = now
                print(f"{path}: {count + 1:,} events, {now - begun:.0f} s", file=sys.stderr)
        yield item


def _print(outcome: Outcome) -> None:
    from raftproof.traces.conformance.explain import explain

    print(explain(outcome))


def _write_json(outcomes: list[Outcome], file: str | None) -> None:
    if file is None:
        return
    import json
    from pathlib import Path

    text = json.dumps([outcome.json() for outcome in outcomes], indent=2) + "\n"
    if file == "-":
        sys.stdout.write(text)
    else:
        Path(file).write_text(text, encoding="utf-8")
