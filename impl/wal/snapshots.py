"""Snapshot files: written aside, synced, renamed, directory synced, and only then marked in the log.

So a snapshot that the log marks is whole, and damage in it is refused like damage in the log. A file that no mark
names is what a crash left between the rename and the mark; it is removed.

    <index>-<term>.snap     crc32c u32 | length u64 | the snapshot in msgpack
"""

from __future__ import annotations

import re
import struct

import msgspec
from google_crc32c import value as crc32c

from raftproof.impl.core import Snapshot
from raftproof.impl.wal.disk import Disk
from raftproof.impl.wal.errors import DamagedLog

_HEADER = struct.Struct("<IQ")
_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.snap")
_decoder = msgspec.msgpack.Decoder(Snapshot)


def file_name(index: int, term: int) -> str:
    """Sorted names are sorted indexes."""
    return f"{index:016x}-{term:016x}.snap"


def is_snapshot(name: str) -> bool:
    """Whether a file of this name is a snapshot."""
    return _NAME.fullmatch(name) is not None


def write_snapshot(disk: Disk, directory: str, snapshot: Snapshot) -> None:
    """Return when the snapshot is durable under its name."""
    path = f"{directory}/{file_name(snapshot.index, snapshot.term)}"
    payload = msgspec.msgpack.encode(snapshot)
    file = disk.create(f"{path}.tmp")
    try:
        file.append(_HEADER.pack(crc32c(payload), len(payload)) + payload)
        file.sync()
    finally:
        file.close()
    disk.rename(f"{path}.tmp", path)
    disk.sync_dir(directory)


def read_snapshot(disk: Disk, directory: str, index: int, term: int) -> Snapshot:
    """The snapshot that the log marks; damage and absence are refused."""
    path = f"{directory}/{file_name(index, term)}"
    try:
        data = disk.read(path)
    except FileNotFoundError:
        raise DamagedLog(path, 0, "the log marks this snapshot, and the file is missing") from None
    if len(data) < _HEADER.size:
        raise DamagedLog(path, len(data), "the snapshot ends inside its header")
    checksum, length = _HEADER.unpack_from(data)
    payload = data[_HEADER.size :]
    if len(payload) != length:
        raise DamagedLog(path, len(data), f"the snapshot holds {len(payload)} bytes and should hold {length}")
    if crc32c(payload) != checksum:
        raise DamagedLog(path, _HEADER.size, "the checksum of the snapshot is wrong")
    try:
        snapshot = _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise DamagedLog(path, _HEADER.size, f"the snapshot is of another form ({error})") from None
    if (snapshot.index, snapshot.term) != (index, term):
        raise DamagedLog(path, 0, f"the file holds the snapshot of index {snapshot.index}, term {snapshot.term}")
    return snapshot
