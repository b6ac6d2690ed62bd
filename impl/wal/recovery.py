"""Recovery: read the log once, from its first segment to its last, and say what the server knew.

segment 1            segment 2            segment 3 (last)
| head | r | r |     | head | r | r |     | head | r | r | torn
  chain ────────────▶  chain ────────────▶                └─ cut, if a crash explains it
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from raftproof.impl.core import Entry, HardState, Snapshot
from raftproof.impl.wal import snapshots
from raftproof.impl.wal.disk import Disk
from raftproof.impl.wal.errors import DamagedLog, ForeignLog
from raftproof.impl.wal.records import Record
from raftproof.impl.wal.segments import SAVE, Head, Identity, Segment, parse_name, read_body, read_head


class Saved(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The payload of a record: one group commit. It takes effect as a whole or, torn, not at all."""

    hard_state: HardState | None
    snapshot: tuple[int, int, bool] | None
    """Index and term of a snapshot whose file is durable, and whether it takes the place of the whole log."""
    entries: tuple[Entry, ...]
    """To append after cutting the log before the first of them."""


class Recovered(NamedTuple):
    """What the server knew when it stopped."""

    hard_state: HardState
    snapshot: Snapshot
    entries: tuple[Entry, ...]
    """Those behind the snapshot. Invariant: contiguous from snapshot.index + 1."""


class Tail(NamedTuple):
    """Where the log goes on."""

    segments: list[Segment]
    size: int
    """Where the last whole record of the last segment ends."""
    torn: bool
    """Whether the file holds more than that."""
    seed: int
    chain: int


class _Log:
    """The log as the records read so far leave it. Entries before the newest snapshot may be in removed segments."""

    def __init__(self) -> None:
        self.hard_state = HardState()
        self.mark = (0, 0)
        self.first = 0
        """The index of entries[0]; 0 while there is none to place."""
        self.entries: list[Entry] = []

    def begin(self, head: Head) -> None:
        """What the segments before the first that is left had told."""
        self.hard_state, self.mark = head.hard_state, head.mark

    def replay(self, saved: Saved) -> None:
        """Do again what the record says was done."""
        if saved.hard_state is not None:
            self.hard_state = saved.hard_state
        if saved.snapshot is not None:
            self._restore(*saved.snapshot)
        if saved.entries:
            self._append(saved.entries)

    def _restore(self, index: int, term: int, replaces_log: bool) -> None:
        self.mark = (index, term)
        if replaces_log:
            self.entries.clear()
        elif self.entries and self.first <= index:
            del self.entries[: index + 1 - self.first]
            self.first = index + 1

    def _append(self, entries: tuple[Entry, ...]) -> None:
        first = entries[0].index
        if not self.entries or first < self.first:  # overwrites what stood in a removed segment, too
            self.entries.clear()
            self.first = first
        if first - self.first > len(self.entries):
            raise ValueError(f"entry {first} does not follow entry {self.first + len(self.entries) - 1}")
        del self.entries[first - self.first :]
        self.entries.extend(entries)

    def recovered(self, snapshot: Snapshot) -> Recovered:
        """The commit index may be older than the snapshot (it is not synced by itself) and, where a crash took the
        entries that came with it, newer than the log."""
        if self.entries and self.first != snapshot.index + 1:
            raise ValueError(f"the entries {snapshot.index + 1} to {self.first - 1} are missing")
        last = snapshot.index + len(self.entries)
        commit = min(max(self.hard_state.commit, snapshot.index), last)
        hard_state = HardState(self.hard_state.term, self.hard_state.vote, commit)
        return Recovered(hard_state, snapshot, tuple(self.entries))


_decoder = msgspec.msgpack.Decoder(Saved)


def list_segments(disk: Disk, directory: str) -> list[Segment]:
    """The segments in order; what a crash left aside is removed, what is not ours is refused."""
    segments, marked, aside = [], [], []
    for name in disk.list(directory):
        segment = parse_name(name)
        finished = name.removesuffix(".tmp")
        if segment is not None:
            segments.append(segment)
        elif snapshots.is_snapshot(name):
            marked.append(name)
        elif finished != name and (parse_name(finished) or snapshots.is_snapshot(finished)):
            aside.append(name)
        else:
            raise ForeignLog(f"{directory} holds {name}, which is no part of a log; give the server its own directory")
    if marked and not segments:
        raise DamagedLog(directory, 0, "there are snapshots, and the log is missing")
    for name in aside:
        disk.remove(f"{directory}/{name}")
    return segments


def recover(disk: Disk, directory: str, identity: Identity, segments: list[Segment]) -> tuple[Recovered, Tail]:
    """Read every segment once."""
    log = _Log()
    chain = size = seed = 0
    torn = False
    for place, segment in enumerate(segments):
        path = f"{directory}/{segment.name}"
        data = disk.read(path)
        head, end_of_head, seed = read_head(data, path)
        _check_head(head, identity, segment, path)
        if place and (segment.sequence != segments[place - 1].sequence + 1 or head.chain != chain):
            raise DamagedLog(path, 0, f"the segment does not continue {segments[place - 1].name}")
        if not place:
            log.begin(head)
        body = read_body(data, path, end_of_head, seed, is_last=place == len(segments) - 1)
        _replay(log, body.records, path)
        size, chain, torn = body.end, body.chain, body.end < len(data)
    if segments[0].first_index > log.mark[0] + 1:
        raise DamagedLog(f"{directory}/{segments[0].name}", 0, "the segments before this one are missing")
    snapshot = snapshots.read_snapshot(disk, directory, *log.mark) if log.mark[0] else Snapshot()
    try:
        recovered = log.recovered(snapshot)
    except ValueError as error:
        raise DamagedLog(directory, 0, str(error)) from None
    return recovered, Tail(segments, size, torn, seed, chain)


def _check_head(head: Head, identity: Identity, segment: Segment, path: str) -> None:
    if head.identity != identity:
        raise ForeignLog(
            f"{path} is the log of server {head.identity.server:x} in cluster {head.identity.cluster:x}, and this is "
            f"server {identity.server:x} in cluster {identity.cluster:x}; give each server its own data directory"
        )
    if (head.sequence, head.first_index) != segment:
        raise DamagedLog(path, 0, f"the segment was written as {Segment(head.sequence, head.first_index).name}")


def _replay(log: _Log, records: list[Record], path: str) -> None:
    for record in records:
        try:
            if record.kind != SAVE:
                raise ValueError(f"a record of the unknown kind {record.kind}")
            log.replay(_decoder.decode(record.payload))
        except (ValueError, msgspec.DecodeError) as error:
            raise DamagedLog(path, record.offset, str(error)) from None
