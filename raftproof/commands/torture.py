"""`raftproof torture`: the implementation under deterministic faults."""

from __future__ import annotations

import hashlib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

from raftproof.commands.asking import prepare

if TYPE_CHECKING:
    from raftproof.commands.torture_runs import Failure, Judged


class Totals:
    """What all runs so far showed."""

    def __init__(self) -> None:
        """No run yet."""
        self.began = time.process_time()
        self.runs = self.steps = self.acknowledged = self.elections = self.local_reads = self.unknown = self.lost = 0
        self.traces = self.events = self.undetermined = 0  # of those that were held against the model
        self.slowest = 0.0
        self.faults: Counter[str] = Counter()
        self.digest = hashlib.sha256()

    def add(self, judged: Judged) -> None:
        """One more run."""
        outcome = judged.outcome
        self.runs += 1
        self.steps += outcome.steps
        self.acknowledged += outcome.acknowledged
        self.elections += outcome.elections
        self.local_reads += outcome.local_reads
        self.lost += outcome.majority_lost
        self.unknown += judged.history.verdict == "unknown"
        self.slowest = max(self.slowest, outcome.recovered_in)
        self.faults.update(outcome.faults)
        self.digest.update(outcome.digest.encode())
        if judged.conformance is not None:
            self.traces += 1
            self.events += judged.conformance.events
            self.undetermined += judged.conformance.verdict == "undetermined"

    @property
    def steps_per_cpu_second(self) -> float:
        """All of it counts: simulation, checks, and the clients' histories."""
        return self.steps / max(time.process_time() - self.began, 1e-9)


def command(
    seeds: Annotated[int, typer.Option(help="How many runs.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="The first run's seed; the others follow.", min=0)] = 0,
    steps: Annotated[int, typer.Option(help="Steps a run.", min=100)] = 3000,
    faults: Annotated[str, typer.Option(help="`all`, `none`, or names with commas between.")] = "all",
    broken: Annotated[
        list[str] | None, typer.Option("--break", help="Switch a rule off, to see what falls.", metavar="RULE")
    ] = None,
    conform: Annotated[bool, typer.Option("--conform", help="Hold each run's trace against the model, too.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the result here; - is standard output.")] = None,
    out: Annotated[Path, typer.Option(help="Where the pictures of a failing run go.")] = Path("torture"),
) -> None:
    """Run the implementation under deterministic faults.

    Each run is a whole cluster with its clients, disks, clocks and network in this process; its seed decides
    everything. A failing run is made small and drawn. `--break` names a rule of Raft to switch off. With `--conform`
    every line of every run's trace must be a step of the model that `raftproof check deployed` explores.

    Exit codes: 0 none found, 1 violated, 2 usage, 3 incomplete (not all could be decided), 130 Ctrl-C.
    """
    from raftproof.commands.torture_runs import judge, shrunk
    from raftproof.impl.core.rules import check_names
    from raftproof.impl.sim import parse, plan

    try:
        chosen, rules = parse(faults), frozenset(broken or ())
        check_names(rules)
    except ValueError as error:
        _usage(str(error))
    prepare(None, None if json is None else str(json))
    again = _command(seeds, seed, steps, faults, sorted(rules), conform)
    totals, failure, interrupted, speed = Totals(), None, False, 0.0
    try:
        for number in range(seed, seed + seeds):
            judged = judge(plan(number, steps, chosen, rules), conform=conform)
            totals.add(judged)
            _progress(totals, seeds)
            if judged.violation is not None:
                found = judged.violation
                _say(f"\nseed {number}: {found.name} falls after {judged.outcome.steps} steps; making the run small\n")
                speed = totals.steps_per_cpu_second
                failure = shrunk(judged)
                break
    except KeyboardInterrupt:
        interrupted = True
    _say("\n" if sys.stderr.isatty() else "")
    verdict = _verdict(failure, interrupted, totals)
    speed = speed or totals.steps_per_cpu_second
    if failure is not None:
        again = _command(1, failure.judged.plan.seed, steps, faults, sorted(rules), conform)
        try:
            _draw(failure, again, out)
        except OSError as error:  # the answer is worth more than its picture
            _say(f"raftproof torture: {error.filename}: {error.strerror}; there are no pictures\n")
    if json is not None:
        _write_json(json, verdict, totals, speed, failure, again)
    if json is None or str(json) != "-":
        print(_text(verdict, totals, speed, failure, again, out))
    raise typer.Exit({"none_found": 0, "violated": 1, "incomplete": 130 if interrupted else 3}[verdict])


def _verdict(failure: Failure | None, interrupted: bool, totals: Totals) -> str:
    if failure is not None:
        return "violated"
    return "incomplete" if interrupted or totals.unknown or totals.undetermined else "none_found"


def _command(seeds: int, seed: int, steps: int, faults: str, rules: list[str], conform: bool) -> str:
    more = "".join(f" --break {rule}" for rule in rules) + (" --conform" if conform else "")
    return f"raftproof torture --seeds {seeds} --seed {seed} --steps {steps} --faults {faults}{more}"


def _progress(totals: Totals, seeds: int) -> None:
    if sys.stderr.isatty():
        speed = totals.steps_per_cpu_second
        _say(f"\r{totals.runs} of {seeds} runs, {totals.steps} steps, {speed:,.0f} a CPU second ")
    elif totals.runs == 1 or totals.runs % 100 == 0:
        _say(f"{totals.runs} of {seeds} runs, {totals.steps} steps\n")


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _usage(sentence: str) -> NoReturn:
    _say(f"raftproof torture: {sentence}\n")
    raise typer.Exit(2)


def _draw(failure: Failure, again: str, out: Path) -> None:
    """The pictures: the run as a space-time diagram, and the history that is not linearizable."""
    from raftproof.checker.show import write_all
    from raftproof.commands.torture_runs import LINEARIZABILITY, result_of
    from raftproof.traces.linearizability_picture import draw

    write_all(result_of(failure, again), out)
    if failure.violation.name == LINEARIZABILITY:
        (out / "history.svg").write_text(draw(failure.judged.history), encoding="utf-8")


def _write_json(file: Path, verdict: str, totals: Totals, speed: float, failure: Failure | None, again: str) -> None:
    content: dict[str, Any] = {
        "verdict": verdict,
        "runs": totals.runs,
        "steps": totals.steps,
        "steps_per_cpu_second": round(speed),
        "acknowledged_writes": totals.acknowledged,
        "elections": totals.elections,
        "faults": dict(totals.faults),
        "failure": None if failure is None else _failure_json(failure),
        "serializable_reads": totals.local_reads,
        "slowest_recovery_election_timeouts": round(totals.slowest, 2),
        "runs_without_majority": totals.lost,
        "unknown_histories": totals.unknown,
        "traces": totals.traces,
        "trace_events": totals.events,
        "undetermined_traces": totals.undetermined,
        "digest": totals.digest.hexdigest()[:16],
        "command": again,
    }
    encoded = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    if str(file) == "-":
        sys.stdout.write(encoded.decode())
        return
    try:
        file.write_bytes(encoded)
    except OSError as error:
        _usage(f"{file} cannot be written: {error.strerror}; name another file after --json")


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {
        "seed": failure.judged.plan.seed,
        "property": failure.violation.name,
        "steps": failure.record.recorded(),
        "length": failure.length,
        "sentence": failure.violation.sentence,
        "facts": failure.violation.facts,
        "digest": failure.judged.outcome.digest,
        "divergence": None if failure.divergence is None else failure.divergence.json(),
    }


def _text(verdict: str, totals: Totals, speed: float, failure: Failure | None, again: str, out: Path) -> str:
    writes = 50 * totals.acknowledged / max(totals.steps, 1)
    changes = (totals.elections - totals.runs) / max(totals.runs, 1)
    lines = [
        _headline(verdict, totals),
        f"  {totals.steps:,} steps, {speed:,.0f} a CPU second, checks included",
        f"  {totals.acknowledged:,} writes acknowledged: {writes:.2f} in 50 steps",
        f"  {totals.elections:,} elections won: {changes:.1f} changes of leader a run",
        f"  {totals.local_reads:,} serializable reads",
        f"  slowest recovery after the last fault: {totals.slowest:.1f} election timeouts",
        f"  {totals.lost} runs ended without a majority, so nothing was demanded of them",
        "  faults: " + (", ".join(f"{name} {count:,}" for name, count in sorted(totals.faults.items())) or "none"),
        f"  digest {totals.digest.hexdigest()[:16]}",
    ]
    if totals.traces:
        explained = totals.traces - totals.undetermined - (failure is not None and failure.divergence is not None)
        lines.insert(
            1, f"  {explained:,} of {totals.traces:,} traces are explained by the model, {totals.events:,} events"
        )
    if failure is not None:
        lines += _failure_lines(failure, out)
    return "\n".join([*lines, f"again: {again}"])


def _headline(verdict: str, totals: Totals) -> str:
    if verdict == "violated":
        return f"VIOLATED in run {totals.runs}"
    if verdict == "incomplete":
        undecided = totals.unknown + totals.undetermined
        return f"INCOMPLETE after {totals.runs} runs; no violation so far, {undecided} undecided"
    return f"NO VIOLATION FOUND in {totals.runs:,} random runs"


def _failure_lines(failure: Failure, out: Path) -> list[str]:
    found, plan = failure.violation, failure.judged.plan
    left = sum(number not in plan.skip for number in range(failure.judged.injections))
    lines = [
        "",
        f"{found.name}: {found.sentence}",
        *(f"  {fact}" for fact in _facts(failure)),
        f"  seed {plan.seed}, made small: {failure.length} steps, {left} injections, {plan.clients} clients",
        "the last steps:",
    ]
    for number, step in enumerate(failure.record.recorded()[-20:], failure.length - 19):
        told = [
            f"{place} {_short(before)} → {_short(after)}"
            for place, (before, after) in step.changes.items()
            if place.startswith(("role", "current_term", "voted_for", "commit_index"))
        ]
        what = " ".join(_short(value) for value in step.parameters.values())
        lines.append("  ".join([f"  {number:5} {step.action} {what}", ", ".join(told)]).rstrip())
    return [*lines, f"pictures: {out / 'spacetime.svg'}, {out / 'index.html'}"]


def _facts(failure: Failure) -> list[str]:
    """What contradicts each other; for a trace the whole answer of `raftproof conform`."""
    if failure.divergence is None:
        return list(failure.violation.facts)
    from raftproof.traces.conformance.explain import explain

    return explain(failure.divergence).splitlines()


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['kind']} {value['source']}→{value['dest']} term {value['term']}"
    return "none" if value is None else str(value)
