"""How fast the compiled search is, held against a search of the same model written by hand in C, in the same run.

    python benchmarks/search.py [--rounds 5] [--large] [--json FILE]

Every round runs all opponents one after the other, and a ratio is taken within a round; the table shows medians. How
to read it: benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
from baseline.build import Configuration, search
from one_search import Found, Task

HERE = Path(__file__).parent
E = {"servers": 3, "values": 1, "max_term": 3, "max_log": 1, "max_in_flight": 1, "max_copies": 1}
FIXED_BYTES = 300 * 10**6
"""What a search may take whatever its size."""
PROGRAM = [sys.executable, "-c", "from raftproof.commands import main; main()"]
LARGE_STATES = 50_000_000


class Speed(msgspec.Struct, frozen=True):
    """One run of one opponent."""

    distinct: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Distinct states a CPU second."""
        return self.distinct / self.cpu_seconds


class Report(msgspec.Struct):
    """All figures of a run; rates and times are medians over its rounds."""

    rounds: int
    load: tuple[float, float]
    """Processes that wanted a core in the last minute, before and after; above 1.5 distrust the figures."""
    rates: dict[str, float] = {}
    ratios: dict[str, float] = {}
    memory: dict[str, float] = {}
    start: dict[str, float] = {}
    large: dict[str, float] = {}


def run_task(task: Task) -> Found:
    """A search in a process of its own."""
    command = [sys.executable, str(HERE / "one_search.py"), msgspec.json.encode(task).decode()]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Found)


def our_speed(symmetry: bool, workers: int) -> Speed:
    """One run of ours."""
    found = run_task(Task(bounds=E, symmetry=symmetry, workers=workers))
    return Speed(found.distinct, found.seconds, found.cpu_seconds)


def their_speed(symmetry: bool, workers: int, batch: int) -> Speed:
    """One run of the C search; batch 0 looks states up one at a time, as a plain search does."""
    answer = search(Configuration(max_term=E["max_term"], symmetry=symmetry, batch=batch), workers)
    return Speed(answer.distinct, answer.seconds, answer.cpu_seconds)


OPPONENTS: dict[str, Callable[[bool, int], Speed]] = {
    "ours": our_speed,
    "C": lambda symmetry, workers: their_speed(symmetry, workers, Configuration.batch),
    "plain C": lambda symmetry, workers: their_speed(symmetry, workers, 0),
}
WORK = {"no symmetry": (False, 1), "server symmetry": (True, 1), "two workers": (False, 2)}


def measure_speed(report: Report) -> None:
    """All opponents on all work, round by round."""
    runs: dict[tuple[str, str], list[Speed]] = {(work, who): [] for work in WORK for who in OPPONENTS}
    for _ in range(report.rounds):
        for work, (symmetry, workers) in WORK.items():
            for who, opponent in OPPONENTS.items():
                runs[work, who].append(opponent(symmetry, workers))
    assert len({r.distinct for (work, _), found in runs.items() for r in found if work != "server symmetry"}) == 1
    for work in ("no symmetry", "server symmetry"):
        for who in OPPONENTS:
            report.rates[f"{who}, {work}"] = median(r.rate for r in runs[work, who])
        for who in ("C", "plain C"):
            pairs = zip(runs[work, "ours"], runs[work, who], strict=True)
            report.ratios[f"ours to {who}, {work}"] = median(a.rate / b.rate for a, b in pairs)
    speedups = {
        who: [a.seconds / b.seconds for a, b in zip(runs["no symmetry", who], runs["two workers", who], strict=True)]
        for who in OPPONENTS
    }
    for who, found in speedups.items():
        report.ratios[f"speed-up by a second worker, {who}"] = median(found)
    for who in ("C", "plain C"):
        pairs_of_speedups = zip(speedups["ours"], speedups[who], strict=True)
        report.ratios[f"our speed-up to that of {who}"] = median(a / b for a, b in pairs_of_speedups)


def measure_memory(report: Report) -> None:
    """Bytes a distinct state at the peak, beyond the frontier and what a search takes whatever its size."""
    frontier = run_task(Task(bounds=E, count_frontier=True))
    for workers in (1, 2):
        found = run_task(Task(bounds=E, workers=workers))
        held = found.peak_memory_bytes - frontier.frontier_states * found.state_bytes
        name = f"{workers} worker" + "s" * (workers > 1)
        report.memory[f"bytes a distinct state beyond the start, {name}"] = (
            held - found.start_memory_bytes
        ) / found.distinct
        report.memory[f"bytes a distinct state beyond 300 MB, {name}"] = (held - FIXED_BYTES) / found.distinct
    report.memory["bytes a state of the frontier"] = frontier.state_bytes
    report.memory["MB at the start"] = frontier.start_memory_bytes / 1e6


def measure_start(report: Report) -> None:
    """How long one waits before the first state."""
    check = [*PROGRAM, "check", "figure2"]
    runs: dict[str, list[tuple[float, float]]] = {
        "raftproof --help": [timed([*PROGRAM, "--help"]) for _ in range(report.rounds)],
        "the first check, compilation included": [],
        "the same check again": [],
    }
    for _ in range(min(report.rounds, 3)):
        with tempfile.TemporaryDirectory() as cache:
            runs["the first check, compilation included"].append(timed(check, RAFTPROOF_CACHE=cache))
            runs["the same check again"].append(timed(check, RAFTPROOF_CACHE=cache))
    for name, found in runs.items():
        report.start[f"seconds of {name}"] = median(wall for wall, _ in found)
        report.start[f"CPU seconds of {name}"] = median(cpu for _, cpu in found)


def timed(command: list[str], **environment: str) -> tuple[float, float]:
    """The wall time and the CPU time of a command."""
    used, begun = os.times(), time.perf_counter()
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    wall, then = time.perf_counter() - begun, os.times()
    return wall, then.children_user + then.children_system - used.children_user - used.children_system


def measure_large(report: Report) -> None:
    """Fifty million distinct states."""
    found = run_task(Task(bounds=E | {"max_term": 4}, workers=len(os.sched_getaffinity(0)), max_states=LARGE_STATES))
    report.large["million distinct states"] = found.distinct / 1e6
    report.large["GB at the peak"] = found.peak_memory_bytes / 1e9
    report.large["seconds"] = found.seconds


def show(report: Report) -> None:
    """The table."""
    print(f"{report.rounds} rounds; load {report.load[0]:.2f} before, {report.load[1]:.2f} after")
    millions = {f"{name}, million distinct states a CPU second": value / 1e6 for name, value in report.rates.items()}
    for figures in (millions, report.ratios, report.memory, report.start, report.large):
        for name, value in figures.items():
            print(f"{name:72} {value:8.2f}")


def main() -> int:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--large", action="store_true", help="search fifty million distinct states too")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds}: at least one round is needed")
    if shutil.which("cc") is None:
        print("the benchmark needs a C compiler for its opponent; install one (Debian: gcc)", file=sys.stderr)
        return 2
    report = Report(rounds=options.rounds, load=(os.getloadavg()[0], 0.0))
    measures: list[Callable[[Report], None]] = [measure_start, measure_speed, measure_memory]
    for measure in [*measures, *([measure_large] if options.large else [])]:
        measure(report)
    report.load = (report.load[0], os.getloadavg()[0])
    show(report)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
