"""Write what a cluster did as a trace: one event a line, in etcd's form, in the order in which they happened.

    with open("raft.ndjson", "wb") as file:
        recorder = Recorder(file)
        …Trace(recorder.write)…                 # the events come from an observer of the core, as plain dicts

Time is a count of microseconds unless a clock is given, so that equal runs make equal files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

_START = 1_700_000_000


class Recorder:
    """Writes events to a file."""

    def __init__(self, file: BinaryIO, clock: Callable[[], float] | None = None) -> None:
        """The file, open for writing bytes, and the clock for the times on the lines."""
        self._file = file
        self._clock = clock or self._count
        self._encoder = msgspec.json.Encoder()
        self.events = 0

    def write(self, event: dict[str, Any]) -> None:
        """One event, one line."""
        self.events += 1
        line = {
            "level": "debug",
            "ts": self._clock(),
            "caller": "raftproof",
            "msg": "trace",
            "tag": "trace",
            "event": event,
        }
        self._file.write(self._encoder.encode(line) + b"\n")

    def _count(self) -> float:
        return _START + self.events / 1_000_000
