"""The simulated disk: it keeps what is synced, and nothing else for sure; and the log survives it."""

from __future__ import annotations

from random import Random

import pytest

from raftproof.impl.core import Entry, HardState, bootstrap
from raftproof.impl.sim.disk import ProcessDies, SimulatedDisk
from raftproof.impl.wal import DamagedLog, DiskFailed, Identity, Wal

US = Identity(1, 1)


def disk_with(data: bytes, synced: bytes) -> SimulatedDisk:
    disk = SimulatedDisk({})
    file = disk.create("d/f")
    file.append(synced)
    file.sync()
    disk.sync_dir("d")
    file.append(data)
    return disk


def test_a_crash_of_the_machine_loses_what_was_not_synced() -> None:
    disk = disk_with(b"new", b"old")
    disk.lose(Random(1), torn=False)
    assert disk.read("d/f") == b"old"


def test_a_torn_write_may_end_at_any_byte() -> None:
    lengths = set()
    for seed in range(200):
        disk = disk_with(b"12345", b"old")
        disk.lose(Random(seed), torn=True)
        assert disk.read("d/f").startswith(b"old")
        lengths.add(len(disk.read("d/f")))
    assert lengths == set(range(3, 9))


def test_a_name_is_not_safe_until_its_directory_is_synced() -> None:
    disk = disk_with(b"", b"old")
    disk.create("d/g").append(b"x")
    disk.rename("d/f", "d/h")
    disk.lose(Random(1), torn=False)
    assert disk.list("d") == ["f"]
    disk.rename("d/f", "d/h")
    disk.sync_dir("d")
    disk.lose(Random(1), torn=False)
    assert disk.list("d") == ["h"]


def test_a_truncation_is_undone_by_a_crash_before_its_sync() -> None:
    disk = disk_with(b"", b"old")
    disk.open("d/f").truncate(1)
    disk.lose(Random(1), torn=False)
    assert disk.read("d/f") == b"old"


def test_a_failed_sync_loses_the_data_and_stops_the_log() -> None:
    disk = SimulatedDisk({})
    wal, _ = Wal.open(disk, "d", US)
    wal.stage(HardState(1, 0, 0), [Entry(1, 1, b"x")])
    disk.sync_fails = True
    with pytest.raises(DiskFailed):
        wal.commit()
    assert Wal.open(disk, "d", US)[1].entries == ()


def test_a_full_disk_stops_the_log_and_loses_nothing_that_was_durable() -> None:
    disk = SimulatedDisk({})
    wal, _ = Wal.open(disk, "d", US)
    wal.stage(None, [Entry(1, 1, b"x")])
    wal.commit()
    disk.full = True
    wal.stage(None, [Entry(1, 2, b"y" * 100)])
    with pytest.raises(DiskFailed):
        wal.commit()
    disk.full = False
    assert [entry.index for entry in Wal.open(disk, "d", US)[1].entries] == [1]


def write_something(disk: SimulatedDisk) -> list[int]:
    """A life of a log; returns the indexes that were said to be durable."""
    done: list[int] = []
    wal, recovered = Wal.open(disk, "d", US)
    done.append(recovered.snapshot.index + len(recovered.entries))
    if not recovered.snapshot.index:
        wal.stage(HardState(1, 0, 3))
        wal.install_snapshot(bootstrap((1, 2, 3)))
        done.append(3)
    for index in range(max(done) + 1, max(done) + 4):
        wal.stage(HardState(1, 2, index - 1), [Entry(1, index, b"%d" % index)])
        wal.commit()
        done.append(index)
    return done


@pytest.mark.parametrize("torn", [False, True])
def test_a_death_at_every_write_point_keeps_everything_that_was_durable(torn: bool) -> None:
    points = 0
    for dies_in in range(1, 200):
        disk = SimulatedDisk({})
        known = write_something(disk)[-1]
        disk.dies_in = dies_in
        done: list[int] = []
        try:
            done = write_something(disk)
        except ProcessDies:
            points += 1
        disk.dies_in = 0
        disk.lose(Random(dies_in), torn)
        _, recovered = Wal.open(disk, "d", US)
        last = recovered.snapshot.index + len(recovered.entries)
        assert last >= max([known, *done])
        assert recovered.hard_state.commit <= last
    assert points > 10


def test_a_process_that_died_before_its_sync_leaves_nothing_that_a_later_crash_takes_back() -> None:
    """Found by torture: what is read at a start counts as stored, so it must be made durable first."""
    disk = SimulatedDisk({})
    write_something(disk)
    wal, _ = Wal.open(disk, "d", US)
    wal.stage(None, [Entry(1, 7, b"seven")])
    disk.dies_in = 3  # after the append, before the sync
    with pytest.raises(ProcessDies):
        wal.commit()
    _, read = Wal.open(disk, "d", US)
    disk.lose(Random(1), torn=False)
    _, again = Wal.open(disk, "d", US)
    assert again.entries == read.entries


def test_a_flipped_bit_is_refused_or_was_never_needed() -> None:
    refused = 0
    for seed in range(60):
        disk = SimulatedDisk({})
        known = write_something(disk)[-1]
        disk.flip(Random(seed))
        try:
            _, recovered = Wal.open(disk, "d", US)
        except DamagedLog:
            refused += 1
            continue
        assert recovered.snapshot.index + len(recovered.entries) == known
    assert refused > 50
