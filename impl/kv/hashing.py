"""The hash by which servers are compared: byte for byte etcd's HashKV (3.4, `mvcc/kvstore.go`, HashByRev).

So a real etcd to which the same commands were given has the same hash. Of each version, in the order of the revisions,
it covers the revision as etcd's backend keys it and the KeyValue as protobuf writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from google_crc32c import extend, value

from raftproof.impl.kv.requests import Version

_REVISION = struct.Struct(">QcQ")


def hash_versions(versions: Iterable[Version], revision: int, compact_revision: int) -> int:
    """The hash as of a revision, of versions that come key by key, older ones first.

    What lies at or below the compaction counts only if it is still the key's version at `revision`; etcd does not
    apply this rule where no key exists at `revision`.
    """
    reached = []
    kept = set()
    for _, group in groupby((each for each in versions if each.mod_revision <= revision), key=attrgetter("key")):
        of_key = list(group)
        reached += of_key
        if of_key[-1].version:
            kept.add((of_key[-1].mod_revision, of_key[-1].sub))
    checksum: int = value(b"key")
    for version in sorted(reached, key=attrgetter("mod_revision", "sub")):
        if version.mod_revision <= compact_revision and kept and (version.mod_revision, version.sub) not in kept:
            continue
        checksum = extend(checksum, _backend_key(version) + _protobuf(version))
    return checksum


def _backend_key(version: Version) -> bytes:
    return _REVISION.pack(version.mod_revision, b"_", version.sub) + (b"" if version.version else b"t")


def _protobuf(version: Version) -> bytes:
    """mvccpb.KeyValue: fields in order, those at their default left out. A tombstone tells only its key."""
    written = _bytes_field(1, version.key)
    if version.version:
        written += _number_field(2, version.create_revision) + _number_field(3, version.mod_revision)
        written += _number_field(4, version.version) + _bytes_field(5, version.value)
    return written


def _number_field(field: int, number: int) -> bytes:
    return bytes([field << 3]) + _varint(number)


def _bytes_field(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data if data else b""


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
