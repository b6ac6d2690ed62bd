"""Which damage a crash explains, and which it does not: every byte, every sector, every bit."""

from __future__ import annotations

import pytest

from raftproof.impl.wal.errors import DamagedLog
from raftproof.impl.wal.records import Record, Scan, encode, scan

SEED = 7
LONG = bytes(range(1, 200)) * 8  # spans four sectors


def write(*payloads: bytes, start: int = 0) -> tuple[bytes, list[int]]:
    """A segment's bytes from `start`, and where each record begins."""
    data, offsets, chain = bytes(start), [], 3
    for payload in payloads:
        offsets.append(len(data))
        record, chain = encode(2, payload, len(data), SEED, chain)
        data += record
    return data, offsets


def read(data: bytes, start: int = 0, *, is_last: bool = True) -> Scan:
    return scan(data, "segment", start, SEED, 3, is_last=is_last)


def payloads(scanned: Scan) -> list[bytes]:
    return [record.payload for record in scanned.records]


@pytest.mark.parametrize("length", [0, 1, 6, 7, 8, 9, 495, 496, 511, 512, 513, 5000])
def test_what_was_written_is_read(length: int) -> None:
    data, offsets = write(b"a", b"x" * length, b"b")
    assert read(data).records == [
        Record(offsets[0], 2, b"a"),
        Record(offsets[1], 2, b"x" * length),
        Record(offsets[2], 2, b"b"),
    ]
    assert len(data) % 8 == 0
    assert read(data).end == len(data)


@pytest.mark.parametrize("start", [0, 488, 496, 504])
def test_a_last_record_cut_at_any_byte_is_torn(start: int) -> None:
    data, offsets = write(b"whole", LONG, start=start)
    for size in range(offsets[1], len(data)):
        scanned = read(data[:size], start)
        assert payloads(scanned) == [b"whole"]
        assert scanned.end == offsets[1]


def test_a_segment_that_is_not_the_last_has_no_torn_record() -> None:
    data, offsets = write(b"whole", LONG)
    for size in range(offsets[1] + 1, len(data)):
        with pytest.raises(DamagedLog, match=f"offset {offsets[1]}: the segment ends inside a record"):
            read(data[:size], is_last=False)


@pytest.mark.parametrize("start", [0, 472, 480, 488, 496, 504])
def test_a_last_record_with_a_sector_of_zeros_is_torn(start: int) -> None:
    data, offsets = write(b"whole", LONG, start=start)
    for sector in range(offsets[1] // 512 * 512, len(data), 512):
        first, end = max(sector, offsets[1]), min(sector + 512, len(data))
        scanned = read(data[:first] + bytes(end - first) + data[end:], start)
        assert (payloads(scanned), scanned.end) == ([b"whole"], offsets[1])


@pytest.mark.parametrize("start", [0, 488, 504])
def test_a_record_before_the_last_with_a_sector_of_zeros_is_damage(start: int) -> None:
    data, offsets = write(b"whole", LONG, b"acknowledged later", start=start)
    for sector in range(offsets[1] // 512 * 512, offsets[2], 512):
        first, end = max(sector, offsets[1]), min(sector + 512, offsets[2])
        with pytest.raises(DamagedLog):
            read(data[:first] + bytes(end - first) + data[end:], start)


@pytest.mark.parametrize("at", [0, 488, 504])
def test_any_flipped_bit_is_damage_in_the_last_record_too(at: int) -> None:
    data, _ = write(b"first", b"x" * 600, b"last", start=at)
    for bit in range(at * 8, len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedLog):
            read(bytes(flipped), at)


def test_a_value_of_zeros_is_no_sign_of_a_torn_write() -> None:
    """Without the count of zero sectors a flipped bit beside them would cut an acknowledged record."""
    zeros = b"head" + bytes(4096) + b"tail"
    data, offsets = write(b"whole", zeros)
    assert payloads(read(data)) == [b"whole", zeros]
    flipped = bytearray(data)
    flipped[offsets[1] + 17] ^= 1
    with pytest.raises(DamagedLog, match="checksum"):
        read(bytes(flipped))
    torn = data[: len(data) // 512 * 512] + bytes(len(data) % 512)
    assert payloads(read(torn)) == [b"whole"]


def test_a_flipped_length_does_not_pass_for_a_torn_record() -> None:
    data, offsets = write(b"whole", b"middle", bytes(2000), b"last")
    broken = bytearray(data)
    broken[offsets[1] + 2] ^= 0xFF  # the record now claims to reach far past the end of the file
    with pytest.raises(DamagedLog, match=f"offset {offsets[1]}: the header"):
        read(bytes(broken))


def test_swapped_repeated_and_missing_records_are_damage() -> None:
    data, offsets = write(b"record 1", b"record 2", b"record 3")
    one, two, three = data[: offsets[1]], data[offsets[1] : offsets[2]], data[offsets[2] :]
    for wrong in (two + one + three, one + two + two, one + three):
        with pytest.raises(DamagedLog):
            read(wrong)


def test_a_chain_and_a_seed_bind_a_record_to_its_place() -> None:
    data, _ = write(b"record")
    with pytest.raises(DamagedLog, match="header"):
        scan(data, "segment", 0, SEED + 1, 3, is_last=True)
    with pytest.raises(DamagedLog, match="checksum"):
        scan(data, "segment", 0, SEED, 4, is_last=True)


def test_a_client_cannot_store_bytes_that_make_a_torn_record_look_whole() -> None:
    inner, _ = write(b"y" * 600)
    data, offsets = write(b"whole", b"z" * 480 + inner)
    torn = data[: offsets[1]] + bytes(512 - offsets[1]) + data[512:]
    assert payloads(read(torn)) == [b"whole"]
