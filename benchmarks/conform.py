"""CPU time an event of `raftproof conform`, after more and more events of one trace, beside reading and decoding alone.

    .venv/bin/python benchmarks/conform.py [TRACE] [--events 100000,300000,1000000] [--rounds 3]

Without a trace it takes the million events in RAFTPROOF_TRACES. A round reads the first events and then follows them,
one after the other, so that both meet the same machine; the table shows the median over rounds, and the memory that the
process holds at the end of each. Compilation is over before the first round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Placed
from raftproof.traces.reading import in_file_order, opened

MILLION = "large3-*.ndjson.gz"
WARM = 5_000
"""Events that are followed before anything is measured, so that compiled actions are loaded."""


def first(path: str, count: int) -> Iterator[Placed]:
    """The first events of a trace, or all if there are less."""
    with opened(path) as file:
        yield from islice(in_file_order(path, file), count)


def read(items: Iterable[Placed]) -> None:
    """Nothing but reading."""
    deque(items, maxlen=0)


def follow(items: Iterable[Placed]) -> None:
    """What `raftproof conform` does."""
    Run().follow(items)


def seconds(work: Callable[[Iterable[Placed]], None], path: str, count: int) -> float:
    """CPU seconds of some work on the first events."""
    begun = time.process_time()
    work(first(path, count))
    return time.process_time() - begun


def resident_megabytes() -> float:
    """What the process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def measure(path: str, count: int, rounds: int) -> str:
    """A line of the table."""
    events = sum(1 for _ in first(path, count))
    pairs = [(seconds(read, path, count), seconds(follow, path, count)) for _ in range(rounds)]
    reading, following = (statistics.median(times) / events * 1e6 for times in zip(*pairs, strict=True))
    ratio = statistics.median(followed / alone for alone, followed in pairs)
    return f"{events:>10,} {reading:>12.2f} {following:>12.2f} {ratio:>12.2f} {resident_megabytes():>12.0f}"


def million() -> str:
    """The long trace of RAFTPROOF_TRACES."""
    folder = Path(os.environ.get("RAFTPROOF_TRACES") or ".")
    found = sorted(folder.glob(MILLION))
    if not found:
        sys.exit(f"benchmarks/conform.py: no {MILLION} in RAFTPROOF_TRACES ({folder}); set it, or name a trace")
    return str(found[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", nargs="?", help="a trace of one cluster, plain or .gz")
    parser.add_argument("--events", default="100000,300000,1000000", help="after how many events, comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    path = given.trace or million()
    follow(first(path, WARM))
    print(f"{path}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'events':>10} {'read, us':>12} {'follow, us':>12} {'ratio':>12} {'memory, MB':>12}")
    for count in map(int, given.events.split(",")):
        print(measure(path, count, given.rounds), flush=True)


if __name__ == "__main__":
    main()
