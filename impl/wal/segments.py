"""Segments: the files that the log is divided into, so that what a snapshot made superfluous can be removed.

A segment is written aside with its head, synced, renamed to its name, and the directory synced: a segment that has its
name has a whole head, and a damaged head is damage, not a torn write. The head repeats the hard state and the mark of
the snapshot, so that a removed segment takes nothing away, and carries the chain of the segment before it, so that
none can be missing.

    <sequence>-<first index>.wal        both as 16 hexadecimal digits; first index: of the first entry it can hold
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from raftproof.impl.core import HardState
from raftproof.impl.wal.disk import Disk, File
from raftproof.impl.wal.errors import DamagedLog
from raftproof.impl.wal.records import HEADER, Scan, encode, scan

HEAD, SAVE = 1, 2
FORMAT = "raftproof log 1"
_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.wal")


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """Whose log it is."""

    cluster: int
    server: int


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The first record of a segment."""

    format: str
    identity: Identity
    sequence: int
    first_index: int
    hard_state: HardState
    mark: tuple[int, int]
    """Index and term of the newest snapshot."""
    chain: int
    """Where the chain of the segment before it ended; 0 in the first of all."""


class Segment(NamedTuple):
    """A segment by its name."""

    sequence: int
    first_index: int

    @property
    def name(self) -> str:
        """Sorted names are sorted segments."""
        return f"{self.sequence:016x}-{self.first_index:016x}.wal"


_head_decoder = msgspec.msgpack.Decoder(Head)


def parse_name(name: str) -> Segment | None:
    """The segment of this name, or None where it is not a segment's."""
    match = _NAME.fullmatch(name)
    return Segment(int(match[1], 16), int(match[2], 16)) if match else None


def create_segment(disk: Disk, directory: str, head: Head) -> tuple[File, int, int]:
    """A new durable segment with its head: the open file, its size, and the chain, which is also its records' seed."""
    segment = Segment(head.sequence, head.first_index)
    path = f"{directory}/{segment.name}"
    record, chain = encode(HEAD, msgspec.msgpack.encode(head), 0, 0, 0)
    file = disk.create(f"{path}.tmp")
    file.append(record)
    file.sync()
    disk.rename(f"{path}.tmp", path)
    disk.sync_dir(directory)
    return file, len(record), chain


def read_head(data: bytes, path: str) -> tuple[Head, int, int]:
    """The head of a segment, where it ends, and the chain there."""
    length = HEADER.unpack_from(data)[0] if len(data) >= HEADER.size else 0
    end = HEADER.size + (length + 8) // 8 * 8
    try:
        records, _, chain = scan(data[:end], path, 0, 0, 0, is_last=False)
        head = _head_decoder.decode(records[0].payload)
    except (DamagedLog, IndexError, msgspec.DecodeError):
        raise DamagedLog(path, 0, "no head of a segment stands here: it is damaged, or no log of raftproof") from None
    if head.format != FORMAT:
        raise DamagedLog(path, 0, f"the format is {head.format!r}, and this program reads {FORMAT!r}")
    return head, end, chain


def read_body(data: bytes, path: str, end_of_head: int, chain: int, *, is_last: bool) -> Scan:
    """The records behind the head."""
    return scan(data, path, end_of_head, chain, chain, is_last=is_last)
