"""The log that a server writes: staged in memory, committed as one record with one sync."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from raftproof.impl.core import Entry, HardState, Snapshot
from raftproof.impl.wal import snapshots
from raftproof.impl.wal.disk import Disk, File
from raftproof.impl.wal.errors import DiskFailed, LogError
from raftproof.impl.wal.records import encode
from raftproof.impl.wal.recovery import Recovered, Saved, Tail, list_segments, recover
from raftproof.impl.wal.segments import FORMAT, SAVE, Head, Identity, Segment, create_segment

SEGMENT_BYTES = 64 << 20  # a segment that grew beyond this is followed by another (etcd's size)

_encoder = msgspec.msgpack.Encoder()


class Batch(NamedTuple):
    """A record on its way to the disk, and what will be true once it is there."""

    record: bytes
    chain: int
    hard_state: HardState
    last_index: int


class Wal:
    """The log of one server; `open` makes one.

    ```
    stage … stage ─▶ commit: one record, one sync          a torn record is no record: all of it happened or nothing
                     (prepare ─▶ write, where the sync has a thread of its own)
    ```
    A commit index alone need not be durable (it saves time at restart): it waits for the next record that must be.
    """

    def __init__(
        self,
        disk: Disk,
        directory: str,
        identity: Identity,
        recovered: Recovered,
        tail: Tail,
        file: File,
        segment_bytes: int,
    ) -> None:
        """Used by `open`."""
        self._disk = disk
        self._directory = directory
        self._identity = identity
        self._segments = tail.segments
        self._file = file
        self._size = tail.size
        self._seed = tail.seed
        self._chain = tail.chain
        self._segment_bytes = segment_bytes
        self._durable = recovered.hard_state  # the hard state that the records on disk tell
        self._hard_state = recovered.hard_state  # the same, with what is staged
        self._entries: list[Entry] = []  # staged; invariant: contiguous
        self._last_index = recovered.snapshot.index + len(recovered.entries)  # with what is staged
        self._mark = (recovered.snapshot.index, recovered.snapshot.term)
        self._failure: DiskFailed | None = None

    @classmethod
    def open(
        cls, disk: Disk, directory: str, identity: Identity, segment_bytes: int = SEGMENT_BYTES
    ) -> tuple[Wal, Recovered]:
        """Recover the log in the directory, cutting what a crash tore, or begin one where there is none."""
        try:
            return cls._open(disk, directory, identity, segment_bytes)
        except OSError as error:
            raise DiskFailed(f"{directory}: the log cannot be opened", error) from error

    @classmethod
    def _open(cls, disk: Disk, directory: str, identity: Identity, segment_bytes: int) -> tuple[Wal, Recovered]:
        disk.make_directory(directory)
        segments = list_segments(disk, directory)
        if not segments:
            first = Segment(0, 1)
            head = Head(FORMAT, identity, first.sequence, first.first_index, HardState(), (0, 0), 0)
            file, size, chain = create_segment(disk, directory, head)
            recovered, tail = Recovered(HardState(), Snapshot(), ()), Tail([first], size, False, chain, chain)
        else:
            recovered, tail = recover(disk, directory, identity, segments)
            file = disk.open(f"{directory}/{segments[-1].name}")
            if tail.torn:
                file.truncate(tail.size)
            # A process that died between its write and its sync left records, or a name, that are not durable yet.
            # From here on they count as stored, and old files are removed because of them: so make them durable now.
            file.sync()
            disk.sync_dir(directory)
        wal = cls(disk, directory, identity, recovered, tail, file, segment_bytes)
        wal._release()
        return wal, recovered

    def stage(self, hard_state: HardState | None, entries: Iterable[Entry] = ()) -> None:
        """Have this written by the next commit. Entries replace those staged or stored from their first index on."""
        if hard_state is not None:
            self._hard_state = hard_state
        entries = tuple(entries)
        if entries:
            first = entries[0].index
            assert first <= self._last_index + 1, f"entry {first} leaves a gap after {self._last_index}"
            if self._entries:
                del self._entries[max(first - self._entries[0].index, 0) :]
            self._entries.extend(entries)
            self._last_index = entries[-1].index

    def commit(self) -> None:
        """Return when everything staged is durable. One sync, however much was staged; none if nothing need be."""
        batch = self.prepare()
        if batch is not None:
            self.write(batch)

    def prepare(self) -> Batch | None:
        """Take what is staged, so that another thread may `write` it while more is staged; None if nothing need be
        durable. Invariant: no other batch is being written."""
        new, old = self._hard_state, self._durable
        if not self._entries and new.term == old.term and new.vote == old.vote:
            return None
        return self._take(None)

    def write(self, batch: Batch) -> None:
        """Return when the batch is durable."""
        self._guard("the log cannot be written", lambda: self._write(batch))

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Return when a snapshot of the own state machine, and everything staged before it, is durable; the entries
        behind it stay. Then remove what it makes superfluous."""
        self._guard("the snapshot cannot be written", lambda: self._save_snapshot(snapshot, False))

    def install_snapshot(self, snapshot: Snapshot) -> None:
        """The same for a snapshot from the leader, which takes the place of the whole log (Figure 13, rule 7)."""
        self._guard("the snapshot cannot be written", lambda: self._save_snapshot(snapshot, True))

    def _save_snapshot(self, snapshot: Snapshot, replaces_log: bool) -> None:
        if self._entries:  # in a record of their own: within a record the mark comes first
            self._write(self._take(None))
        snapshots.write_snapshot(self._disk, self._directory, snapshot)
        self._mark = (snapshot.index, snapshot.term)
        if replaces_log:
            self._last_index = snapshot.index
        assert snapshot.index <= self._last_index, f"snapshot {snapshot.index} lies beyond the log's {self._last_index}"
        batch = self._take((snapshot.index, snapshot.term, replaces_log))
        self._write(batch)
        self._roll(batch.last_index)
        self._release()

    def close(self) -> None:
        """Make durable what is staged, if the disk still works, and release the file."""
        if self._failure is None:
            with contextlib.suppress(LogError):
                self._guard("the log cannot be written", self._close)
        self._file.close()

    def _close(self) -> None:
        if self._entries or self._hard_state != self._durable:
            self._write(self._take(None))

    def _guard(self, what: str, operation: Callable[[], None]) -> None:
        """A failed write or sync ends the use of this log: what is durable is no longer known, and a second sync may
        falsely succeed."""
        if self._failure is not None:
            raise self._failure
        try:
            operation()
        except OSError as error:
            self._failure = DiskFailed(f"{self._directory}: {what}", error)
            raise self._failure from error

    def _take(self, mark: tuple[int, int, bool] | None) -> Batch:
        payload = _encoder.encode(Saved(self._hard_state, mark, tuple(self._entries)))
        self._entries.clear()
        record, chain = encode(SAVE, payload, self._size, self._seed, self._chain)
        return Batch(record, chain, self._hard_state, self._last_index)

    def _write(self, batch: Batch) -> None:
        self._file.append(batch.record)
        self._file.sync()
        self._size += len(batch.record)
        self._chain = batch.chain
        self._durable = batch.hard_state
        if self._size > self._segment_bytes:
            self._roll(batch.last_index)

    def _roll(self, last_index: int) -> None:
        """Go on in a new segment. The last one is synced already."""
        self._file.close()
        segment = Segment(self._segments[-1].sequence + 1, last_index + 1)
        head = Head(
            FORMAT, self._identity, segment.sequence, segment.first_index, self._durable, self._mark, self._chain
        )
        self._file, self._size, self._chain = create_segment(self._disk, self._directory, head)
        self._seed = self._chain
        self._segments.append(segment)

    def _release(self) -> None:
        """Remove what the marked snapshot makes superfluous, oldest first, so that a crash leaves no hole.

        A segment is superfluous once a later one begins at an index that the snapshot covers or is just behind it:
        whatever entry it holds beyond that was overwritten. The heads repeat the hard state and the mark.
        """
        index, term = self._mark
        needed = max(place for place, segment in enumerate(self._segments) if segment.first_index <= index + 1)
        for segment in self._segments[:needed]:
            self._disk.remove(f"{self._directory}/{segment.name}")
        del self._segments[:needed]
        for name in self._disk.list(self._directory):
            if snapshots.is_snapshot(name) and name != snapshots.file_name(index, term):
                self._disk.remove(f"{self._directory}/{name}")
