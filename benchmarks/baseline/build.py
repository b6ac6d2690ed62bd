"""Compile the hand-written C search for given bounds, run it, and read its answer.

    python benchmarks/baseline/build.py --max-term 3 --workers 2

The C compiler sees the bounds as constants, as the compiled search does, so every configuration is a program of its
own. Programs are kept in the user's cache, keyed by everything that goes into them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

SOURCES = Path(__file__).parent
FAULTS = ("restart", "drop", "duplicate")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-pthread")


class BaselineError(Exception):
    """The baseline cannot be built or run; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Configuration:
    """What is searched. Every field is a constant of the compiled program."""

    servers: int = 3
    values: int = 1
    max_term: int = 2
    max_log: int = 1
    max_in_flight: int = 1
    max_copies: int = 1
    faults: tuple[str, ...] = ()
    symmetry: bool = False
    batch: int = 256  # successors that wait for the memory together; 0 is the plain search, a state at a time
    defines: Mapping[str, str | int] = field(default_factory=dict)  # what only tests set, such as a broken rule

    def macros(self) -> dict[str, str | int]:
        """The names by which the C source knows these constants."""
        unknown = [fault for fault in self.faults if fault not in FAULTS]
        if unknown:
            raise BaselineError(f"there is no fault {unknown[0]!r}; the faults are {', '.join(FAULTS)}")
        numbers = ("servers", "values", "max_term", "max_log", "max_in_flight", "max_copies", "batch")
        macros: dict[str, str | int] = {name.upper(): getattr(self, name) for name in numbers}
        macros |= {fault.upper(): int(fault in self.faults) for fault in FAULTS}
        return macros | {"SYMMETRY": int(self.symmetry)} | dict(self.defines)


class Answer(msgspec.Struct, frozen=True):
    """What the C program prints; the words are those of the documentation."""

    verdict: str
    violated: list[str]
    generated: int
    distinct: int
    unreduced: int  # the sizes of the orbits of the distinct states, summed: the count without symmetry
    depth: int
    workers: int
    seconds: float
    cpu_seconds: float
    distinct_per_cpu_second: float
    table_slots: int
    state_bytes: int
    peak_memory_bytes: int


def build(configuration: Configuration) -> Path:
    """The program for one configuration, compiled unless the cache has it."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise BaselineError("the baseline needs a C compiler, and no cc is on the PATH: install one (Debian: gcc)")
    macros = [f"-D{name}={value}" for name, value in sorted(configuration.macros().items())]
    program = _cache() / f"figure2-{_key(compiler, macros)}"
    if not program.exists():
        _compile(compiler, macros, program)
    return program


def search(configuration: Configuration, workers: int = 1, table_bits: int = 20) -> Answer:
    """Run the search; the table of fingerprints starts with 2^table_bits slots and grows."""
    command = [str(build(configuration)), str(workers), str(table_bits)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sentence = done.stderr.strip() or f"the search ended with status {done.returncode} and said nothing"
        raise BaselineError(sentence)
    return msgspec.json.decode(done.stdout, type=Answer)


def _compile(compiler: str, macros: list[str], program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        fresh = Path(folder) / program.name
        command = [compiler, *FLAGS, *macros, "-o", str(fresh), str(SOURCES / "figure2.c")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error:" in line] or [done.stderr]
            reason = errors[0].split("error:")[-1].strip()
            raise BaselineError(f"the baseline does not compile for these bounds: {reason}")
        fresh.replace(program)  # at once, so that two that build together never run half a program


def _key(compiler: str, macros: list[str]) -> str:
    """Source, constants, compiler and machine: -march=native fits the machine that compiled."""
    key = hashlib.sha256()
    for source in sorted(SOURCES.glob("*.[ch]")):
        key.update(source.read_bytes())
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    key.update("\n".join([*FLAGS, *macros, version, platform.machine(), platform.node()]).encode())
    return key.hexdigest()[:16]


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "raftproof" / "baseline"


def main(arguments: list[str] | None = None) -> int:
    """Print the answer as one line of JSON."""
    parser = argparse.ArgumentParser(description="Search Raft as published with the hand-written C program.")
    for name in ("servers", "values", "max-term", "max-log", "max-in-flight", "max-copies", "batch"):
        default = getattr(Configuration, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    parser.add_argument("--faults", default="none", help="none (the default), or some of restart,drop,duplicate")
    parser.add_argument("--symmetry", choices=["server", "none"], default="none", help="default none")
    parser.add_argument("--workers", type=int, default=1, help="default 1")
    parser.add_argument("--table-bits", type=int, default=20, help="the table starts with 2^N slots; default 20")
    options = vars(parser.parse_args(arguments))
    workers, table_bits = options.pop("workers"), options.pop("table_bits")
    options["symmetry"] = options["symmetry"] == "server"
    options["faults"] = () if options["faults"] == "none" else tuple(options["faults"].split(","))
    try:
        answer = search(Configuration(**options), workers, table_bits)
    except BaselineError as error:
        print(error, file=sys.stderr)
        return 2
    print(msgspec.json.encode(answer).decode())
    return 1 if answer.violated else 0


if __name__ == "__main__":
    sys.exit(main())
