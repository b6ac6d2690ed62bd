"""The state machine: etcd's multi-version store, applied from bytes, the same on every server.

revision 1 is the empty store; each command that writes something makes one revision, in which its writes are
numbered from 0 (etcd's main and sub). A command that writes nothing, or is refused, makes none.
"""

from __future__ import annotations

import msgspec

from raftproof.impl.kv import ranges, transactions
from raftproof.impl.kv.errors import Compacted, FutureRevision, KeyNotFound, Refused
from raftproof.impl.kv.hashing import hash_versions
from raftproof.impl.kv.history import History
from raftproof.impl.kv.requests import (
    Command,
    Compact,
    CompactResult,
    DeleteRange,
    DeleteRangeResult,
    Put,
    PutResult,
    Range,
    RangeResult,
    Result,
    Txn,
    Version,
    decode_command,
)


class _Image(msgspec.Struct, array_like=True):
    """A store as bytes: equal stores have equal images."""

    revision: int
    compact_revision: int
    versions: list[Version]


_image_decoder = msgspec.msgpack.Decoder(_Image)


class Store:
    """Keys, their histories, and the revision they have reached."""

    def __init__(self) -> None:
        """The empty store."""
        self.revision = 1
        """The revision of the last write."""
        self.compact_revision = -1
        """Reads below it are refused; -1 before the first compaction, as in etcd. Invariant: <= revision."""
        self.history = History()
        self._sub = 0  # writes so far of the command that is being applied; they belong to revision + 1

    def apply(self, data: bytes) -> Result | Refused:
        """Carry out a replicated command; a refusal is an answer like another, and changes nothing."""
        return self.execute(decode_command(data))

    def execute(self, command: Command) -> Result | Refused:
        """The same for a command that is decoded already."""
        try:
            if type(command) is Put:
                return self.put(command)
            if type(command) is DeleteRange:
                return self.delete_range(command)
            if type(command) is Compact:
                return self._compact(command.revision)
            assert isinstance(command, Txn)
            return transactions.execute(self, command)
        except Refused as refused:
            return refused
        finally:
            if self._sub:
                self.revision += 1
                self._sub = 0

    @property
    def reading_revision(self) -> int:
        """What a read sees: within a transaction its own writes, too."""
        return self.revision + 1 if self._sub else self.revision

    def check_revision(self, revision: int) -> None:
        """Refuse a revision that is compacted or not reached; 0 and less stand for the newest."""
        if revision > self.revision:
            raise FutureRevision
        if 0 < revision < self.compact_revision:
            raise Compacted

    def range(self, request: Range) -> RangeResult:
        """Read; raises Refused for a revision that is not there."""
        self.check_revision(request.revision)
        return ranges.read(self.history, request, self.reading_revision)

    def put(self, request: Put) -> PutResult:
        """Write one key; part of a command."""
        previous = self.history.newest(request.key)
        value = request.value
        if request.ignore_value:
            if previous is None:
                raise KeyNotFound
            value = previous.value
        revision = self.revision + 1
        created, version = (revision, 0) if previous is None else (previous.create_revision, previous.version)
        self.history.append(Version(request.key, value, created, revision, version + 1, self._sub))
        self._sub += 1
        return PutResult(revision, previous if request.prev_kv else None)

    def delete_range(self, request: DeleteRange) -> DeleteRangeResult:
        """Delete keys; part of a command. Tombstones are written in the order of the keys."""
        found = self.history.range(request.key, request.range_end, self.revision + 1)
        for version in found:
            self.history.append(Version(version.key, b"", 0, self.revision + 1, 0, self._sub))
            self._sub += 1
        return DeleteRangeResult(self.reading_revision, len(found), tuple(found) if request.prev_kv else ())

    def _compact(self, revision: int) -> CompactResult:
        if revision <= self.compact_revision:
            raise Compacted
        if revision > self.revision:
            raise FutureRevision
        self.compact_revision = revision
        self.history.compact(revision)
        return CompactResult(self.revision)

    def hash(self, revision: int = 0) -> int:
        """etcd's hash of everything a read up to `revision` can depend on: equal on servers that agree."""
        if 0 < revision <= self.compact_revision:
            raise Compacted
        if revision > self.revision:
            raise FutureRevision
        return hash_versions(self.history, revision or self.revision, self.compact_revision)

    def image(self) -> bytes:
        """The whole store, for a snapshot."""
        return msgspec.msgpack.encode(_Image(self.revision, self.compact_revision, list(self.history)))

    @classmethod
    def from_image(cls, data: bytes) -> Store:
        """The store of an image."""
        image = _image_decoder.decode(data)
        store = cls()
        store.revision, store.compact_revision = image.revision, image.compact_revision
        store.history = History(image.versions)
        return store
