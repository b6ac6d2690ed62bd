"""Records in a segment: how they lie in the file, and what damage a crash can explain.

    | head | record | record | record ...        each begins at a multiple of 8 bytes

    record:  length u32 | kind u16 | zero_sectors u16 | chain u32 | header_crc u32 | payload | 0x01 | zeros to 8

One record is one group commit: everything written between two syncs. So only the very last record of the last segment
can be torn by a crash; every record before it was synced before the next was begun, and damage there is refused.

`chain` is the CRC32C of this payload continued from the chain of the record before. It is chained, and not a checksum
of each payload alone, because a record that is whole may still be the wrong one: a lost write in the middle, two
swapped or repeated records, a segment that belongs to an older copy all leave good payloads in a bad order.

`header_crc` covers the length and the place in the file, and is seeded by the segment's head. Without it a flipped bit
in a length would make a record in the middle seem to reach past the end of the file, and a recovery that cuts it as
torn would throw away everything acknowledged behind it.

The last record counts as torn, as in etcd (`wal/decoder.go`), only if the file ends inside it or if one of its sectors
of 512 bytes, the unit in which disks write, is all zero. A value may itself hold sectors of zeros: `zero_sectors` says
how many were written, and only more than these are a sign of a torn write. The byte 0x01 keeps the last part of a
record, which may lie alone in its sector, from being zero. Any other damage is refused.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import NamedTuple

from google_crc32c import extend

from raftproof.impl.wal.errors import DamagedLog

SECTOR = 512
HEADER = struct.Struct("<IHHII")
_COVERED = struct.Struct("<QIHHI")  # what header_crc covers: the offset, then the header without itself
_ZEROS = bytes(SECTOR)
_ENDINGS = [b"\x01" + bytes(n) for n in range(8)]  # indexed by the number of zeros that pad to 8
MAX_PAYLOAD = 2**32 - 64


class Record(NamedTuple):
    """A whole record: where it began, what it is, what it carries."""

    offset: int
    kind: int
    payload: bytes


class Scan(NamedTuple):
    """What a segment holds: its whole records, where they end (less than the file's size after a torn write), and
    the chain there."""

    records: list[Record]
    end: int
    chain: int


def encode(kind: int, payload: bytes, offset: int, seed: int, chain: int) -> tuple[bytes, int]:
    """The bytes of a record that begins at `offset`, and the chain after it."""
    body = payload + _ENDINGS[-(len(payload) + 1) % 8]
    chain = extend(chain, body)
    zero_sectors = min(_zero_sectors(body, offset + HEADER.size), 0xFFFF) if _ZEROS in body else 0
    covered = _COVERED.pack(offset, len(payload), kind, zero_sectors, chain)
    return HEADER.pack(len(payload), kind, zero_sectors, chain, extend(seed, covered)) + body, chain


def scan(data: bytes, path: str, start: int, seed: int, chain: int, *, is_last: bool) -> Scan:
    """Read the records from `start`; a torn last record ends the scan before it, other damage raises DamagedLog."""
    records: list[Record] = []
    size = len(data)
    offset = start
    while offset < size:
        end = _end_of(data, offset, seed)
        if end is None and size - offset >= HEADER.size:
            if is_last and _torn_header(data, offset, seed):
                break
            raise DamagedLog(path, offset, "the header of a record is damaged")
        if end is None or end > size:
            if is_last:
                break
            raise DamagedLog(path, offset, "the segment ends inside a record, and a later segment follows")
        length, kind, zero_sectors, expected, _ = HEADER.unpack_from(data, offset)
        body = offset + HEADER.size
        found = extend(chain, data[body:end])
        if found != expected:
            if is_last and end == size and _zero_sectors(data[offset:end], offset) > zero_sectors:
                break
            raise DamagedLog(path, offset, "the checksum of a record is wrong")
        records.append(Record(offset, kind, data[body : body + length]))
        chain, offset = expected, end
    return Scan(records, offset, chain)


def _end_of(data: bytes, offset: int, seed: int) -> int | None:
    """Where the record at `offset` ends, or None where no whole and true header stands."""
    if len(data) - offset < HEADER.size:
        return None
    length, kind, zero_sectors, chain, header_crc = HEADER.unpack_from(data, offset)
    if extend(seed, _COVERED.pack(offset, length, kind, zero_sectors, chain)) != header_crc or not kind:
        return None
    return offset + HEADER.size + (int(length) + 8) // 8 * 8


def _torn_header(data: bytes, offset: int, seed: int) -> bool:
    """The header is unreadable: did a torn write leave it so? One of its sectors is all zero, and it is the last
    record: no true header stands behind it. (A header is bound to its offset and its segment, so bytes that a client
    stored do not pass for one.)"""
    parts = _parts(offset, min(offset + HEADER.size, len(data)))
    if not any(_is_zero(data[first : min(_sector_end(first), len(data))]) for first, _ in parts):
        return False
    return all(_end_of(data, later, seed) is None for later in range(offset + 8, len(data), 8))


def _zero_sectors(data: bytes, offset: int) -> int:
    """How many of the sectors that `data` covers, lying at `offset` in the file, does it leave all zero?"""
    return sum(_is_zero(data[a - offset : b - offset]) for a, b in _parts(offset, offset + len(data)))


def _parts(start: int, end: int) -> list[tuple[int, int]]:
    """[start, end) divided at the borders of sectors."""
    cuts = [start, *range(_sector_end(start), end, SECTOR), end]
    return list(pairwise(cuts))


def _sector_end(offset: int) -> int:
    return (offset // SECTOR + 1) * SECTOR


def _is_zero(data: bytes) -> bool:
    return data.count(0) == len(data)
