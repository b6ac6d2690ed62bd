"""Write what a cluster did as a trace: one event a line, in etcd's form, in the order in which they happened.

    with append_to(path) as file:
        recorder = Recorder(file, time.time)
        …Trace(recorder.write)…                 # the events come from an observer of the core, as plain dicts

One file may hold a whole simulated cluster, or one server with all its lives. Lines reach the file, all that have come,
at every Ready: a server's messages leave after it, so a killed process takes nothing along that others have seen.
Time is a count of microseconds unless a clock is given, so that equal runs make equal files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

CALLER = "raftproof"
"""What our lines say of themselves where etcd's name a place in its source."""
_START = 1_700_000_000
_BLOCK = 1 << 16


class Recorder:
    """Writes events to a file."""

    def __init__(self, file: BinaryIO, clock: Callable[[], float] | None = None) -> None:
        """The file, open for writing bytes, and the clock for the times on the lines."""
        self._file = file
        self._clock = clock or self._count
        self._encoder = msgspec.json.Encoder()
        self.events = 0

    def write(self, event: dict[str, Any]) -> None:
        """One event, one line. Raises OSError where the file cannot be written."""
        self.events += 1
        line = {
            "level": "debug",
            "ts": self._clock(),
            "caller": CALLER,
            "msg": "trace",
            "tag": "trace",
            "event": event,
        }
        self._file.write(self._encoder.encode(line) + b"\n")
        if event["name"] == "Ready":
            self._file.flush()

    def _count(self) -> float:
        return _START + self.events / 1_000_000


def append_to(path: Path) -> BinaryIO:
    """The file, open for writing behind its last whole line: a process that was killed may have left a part of one."""
    file = path.open("a+b")
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    file.truncate(end)
    return file
