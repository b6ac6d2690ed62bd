"""The log of a server: what it keeps, what it refuses, and how it fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from raftproof.impl.core import Configuration, Entry, HardState, Snapshot
from raftproof.impl.wal import DamagedLog, DiskFailed, ForeignLog, Identity, RealDisk, Recovered, Wal
from tests.impl.wal.simulated_disk import Crash, SimulatedDisk

US = Identity(cluster=0xABC, server=1)


def entries(term: int, first: int, last: int, size: int = 20) -> list[Entry]:
    return [Entry(term, index, b"%d " % index * (size // 3)) for index in range(first, last + 1)]


def reopen(disk: SimulatedDisk, **options: int) -> Recovered:
    wal, recovered = Wal.open(disk, "log", US, **options)
    wal.close()
    return recovered


def written(*steps: Callable[[Wal], None], **options: int) -> SimulatedDisk:
    disk = SimulatedDisk()
    wal, _ = Wal.open(disk, "log", US, **options)
    for step in steps:
        step(wal)
        wal.commit()
    return disk


def test_an_empty_log_knows_nothing(tmp_path: Path) -> None:
    wal, recovered = Wal.open(RealDisk(), f"{tmp_path}/a/b/log", US)
    wal.close()
    assert recovered == Recovered(HardState(), Snapshot(), ())


def test_what_is_committed_is_recovered_on_a_real_disk(tmp_path: Path) -> None:
    wal, _ = Wal.open(RealDisk(), f"{tmp_path}/log", US)
    wal.stage(HardState(2, 3, 0), entries(2, 1, 5))
    wal.commit()
    wal.stage(None, entries(3, 4, 4))
    wal.close()
    again, recovered = Wal.open(RealDisk(), f"{tmp_path}/log", US)
    assert recovered == Recovered(HardState(2, 3, 0), Snapshot(), (*entries(2, 1, 3), *entries(3, 4, 4)))
    again.stage(None, entries(3, 5, 6))
    again.save_snapshot(Snapshot(4, 3, Configuration((1, 2, 3)), b"state"))
    again.close()
    last, recovered = Wal.open(RealDisk(), f"{tmp_path}/log", US)
    last.close()
    assert recovered.snapshot == Snapshot(4, 3, Configuration((1, 2, 3)), b"state")
    assert recovered.entries == tuple(entries(3, 5, 6))
    assert recovered.hard_state.commit == 4


def test_many_stages_are_one_record_and_one_sync() -> None:
    disk = SimulatedDisk()
    wal, _ = Wal.open(disk, "log", US)
    before = disk.operations
    for index in range(1, 50):
        wal.stage(HardState(1, 1, index - 1), entries(1, index, index))
    wal.commit()
    assert disk.operations - before == 4  # append and sync, each with a point before and a point after


def test_a_commit_index_alone_costs_no_write_and_goes_with_the_next_record() -> None:
    disk = SimulatedDisk()
    wal, _ = Wal.open(disk, "log", US)
    wal.stage(HardState(1, 1, 0), entries(1, 1, 3))
    wal.commit()
    before = disk.operations
    wal.stage(HardState(1, 1, 3))
    wal.commit()
    assert disk.operations == before
    wal.stage(HardState(2, 0, 3))
    wal.commit()
    assert reopen(disk).hard_state == HardState(2, 0, 3)


def test_segments_follow_each_other_and_a_snapshot_removes_the_superfluous() -> None:
    disk = SimulatedDisk()
    wal, _ = Wal.open(disk, "log", US, segment_bytes=1000)
    for index in range(1, 101):
        wal.stage(HardState(1, 1, index - 1), entries(1, index, index, 60))
        wal.commit()
    segments = len(disk.list("log"))
    assert segments > 5
    wal.save_snapshot(Snapshot(70, 1, Configuration((1,)), b"state"))
    assert len(disk.list("log")) < segments - 3
    recovered = reopen(disk, segment_bytes=1000)
    assert recovered.snapshot.index == 70
    assert [entry.index for entry in recovered.entries] == list(range(71, 101))


def test_a_snapshot_of_another_server_takes_the_place_of_a_log_it_does_not_continue() -> None:
    disk = written(
        lambda wal: wal.stage(HardState(2, 1, 0), entries(2, 1, 9)),
        lambda wal: wal.install_snapshot(Snapshot(5, 4, data=b"other history")),
        lambda wal: wal.stage(None, entries(4, 6, 7)),
    )
    recovered = reopen(disk)
    assert (recovered.snapshot.data, recovered.entries) == (b"other history", tuple(entries(4, 6, 7)))
    assert recovered.hard_state.commit == 5
    disk = written(
        lambda wal: wal.stage(HardState(2, 1, 0), entries(2, 1, 3)),
        lambda wal: wal.install_snapshot(Snapshot(9, 2, data=b"far ahead")),
    )
    assert (reopen(disk).snapshot.index, reopen(disk).entries) == (9, ())


def test_a_torn_tail_is_cut_and_the_log_goes_on_behind_it() -> None:
    disk = written(
        lambda wal: wal.stage(HardState(1, 1, 0), entries(1, 1, 2)), lambda wal: wal.stage(None, entries(1, 3, 90))
    )
    (name,) = disk.names
    del disk.names[name].data[-100:]
    wal, recovered = Wal.open(disk, "log", US)
    assert recovered.entries == tuple(entries(1, 1, 2))
    wal.stage(None, entries(2, 3, 3))
    wal.commit()
    assert reopen(disk).entries == (*entries(1, 1, 2), *entries(2, 3, 3))


def flip(disk: SimulatedDisk, name: str, at: int) -> None:
    disk.names[f"log/{name}"].data[at] ^= 0x10


def test_damage_is_refused_with_its_place_and_what_to_do() -> None:
    disk = written(lambda wal: wal.stage(HardState(1, 1, 0), entries(1, 1, 2)))
    flip(disk, disk.list("log")[0], -30)
    with pytest.raises(DamagedLog, match=r"log/0.*\.wal: offset \d+: the checksum.*remove the server from the cluster"):
        Wal.open(disk, "log", US)


def test_a_damaged_head_snapshot_or_missing_file_is_refused() -> None:
    def fresh() -> SimulatedDisk:
        disk = SimulatedDisk()
        wal, _ = Wal.open(disk, "log", US, segment_bytes=300)
        for index in range(1, 21):
            wal.stage(HardState(1, 1, 0), entries(1, index, index, 60))
            wal.commit()
            if index == 10:
                wal.save_snapshot(Snapshot(8, 1, data=b"state"))
        return disk

    names = fresh().list("log")
    snapshot = next(name for name in names if name.endswith("snap"))
    segments = [name for name in names if name.endswith("wal")]
    assert len(segments) > 3
    for damage, message in [
        (lambda disk: flip(disk, segments[-1], 8), "no head of a segment"),
        (lambda disk: flip(disk, snapshot, 20), "checksum of the snapshot"),
        (lambda disk: disk.names["log/" + snapshot].data.pop(), "should hold"),
        (lambda disk: disk.names.pop("log/" + snapshot), "the file is missing"),
        (lambda disk: disk.names.pop("log/" + segments[0]), "the segments before this one are missing"),
        (lambda disk: disk.names.pop("log/" + segments[1]), "does not continue"),
        (lambda disk: [disk.names.pop("log/" + name) for name in segments], "the log is missing"),
        (lambda disk: disk.names["log/" + segments[1]].data.clear(), "no head of a segment"),
    ]:
        disk = fresh()
        damage(disk)
        with pytest.raises(DamagedLog, match=message):
            Wal.open(disk, "log", US)


def test_a_log_of_another_server_cluster_or_program_is_refused() -> None:
    disk = written(lambda wal: wal.stage(HardState(1, 1, 0), entries(1, 1, 2)))
    with pytest.raises(ForeignLog, match="server 1 in cluster abc, and this is server 2 in cluster abc"):
        Wal.open(disk, "log", Identity(0xABC, 2))
    with pytest.raises(ForeignLog, match="this is server 1 in cluster 99"):
        Wal.open(disk, "log", Identity(0x99, 1))
    disk.names["log/notes.txt"] = disk.names[next(iter(disk.names))]
    with pytest.raises(ForeignLog, match=r"notes\.txt"):
        Wal.open(disk, "log", US)


def test_what_a_crash_left_aside_is_removed_and_what_somebody_else_left_is_not(tmp_path: Path) -> None:
    Wal.open(RealDisk(), str(tmp_path), US)[0].close()
    aside = [
        tmp_path / "0000000000000001-0000000000000002.wal.tmp",
        tmp_path / "0000000000000001-0000000000000001.snap.tmp",
    ]
    letter = tmp_path / "letter.tmp"
    for file in (*aside, letter):
        file.write_text("half")
    with pytest.raises(ForeignLog, match=r"holds letter.tmp, which is no part of a log"):
        Wal.open(RealDisk(), str(tmp_path), US)
    assert all(file.exists() for file in (*aside, letter))  # nothing is touched in a directory that is refused
    letter.unlink()
    Wal.open(RealDisk(), str(tmp_path), US)[0].close()
    assert not any(file.exists() for file in aside)


def test_the_log_of_an_etcd_is_refused(tmp_path: Path) -> None:
    """Its first segment has the name ours has; its first record is a CRC without a head."""
    (tmp_path / "0000000000000000-0000000000000001.wal").write_bytes(
        bytes.fromhex("0400000000000084080410000000") + bytes(50)
    )
    with pytest.raises(DamagedLog, match="no log of raftproof"):
        Wal.open(RealDisk(), str(tmp_path), US)


def test_a_failed_sync_is_never_retried() -> None:
    disk = written(lambda wal: wal.stage(HardState(1, 1, 0), entries(1, 1, 2)))
    wal, _ = Wal.open(disk, "log", US)
    wal.stage(None, entries(1, 3, 3))
    disk.fail_sync = True
    with pytest.raises(DiskFailed, match="Input/output error; the server stops"):
        wal.commit()
    operations = disk.operations
    for again in (wal.commit, lambda: wal.save_snapshot(Snapshot(2, 1))):
        wal.stage(HardState(9, 9, 0), entries(1, 4, 4))
        with pytest.raises(DiskFailed):
            again()
    wal.close()
    assert disk.operations == operations


def test_a_full_disk_stops_the_log_and_loses_nothing_acknowledged() -> None:
    disk = written(lambda wal: wal.stage(HardState(1, 1, 0), entries(1, 1, 2)))
    wal, _ = Wal.open(disk, "log", US)
    wal.stage(None, entries(1, 3, 3))
    disk.room = 20
    with pytest.raises(DiskFailed, match="No space left on device"):
        wal.commit()
    disk.room = None
    assert reopen(disk).entries == tuple(entries(1, 1, 2))


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_at_every_operation_loses_nothing_that_was_committed(seed: int) -> None:
    """A fixed history with segments and snapshots is cut at each operation; what commit had returned for is there."""
    chance = random.Random(seed)

    def history(disk: SimulatedDisk, known: list[Recovered]) -> None:
        wal, _ = Wal.open(disk, "log", US, segment_bytes=700)
        known.append(Recovered(HardState(), Snapshot(), ()))
        log: list[Entry] = []
        base = Snapshot()
        for round in range(1, 13):
            first = max(base.index + 1, len(log) + base.index - round % 3 + 1)
            new = entries(round, first, first + round % 4, 90)
            del log[first - base.index - 1 :]
            log += new
            hard_state = HardState(round, 1, base.index)
            wal.stage(hard_state, new)
            known.append(Recovered(hard_state, base, tuple(log)))  # from here on it may be found, from commit it must
            wal.commit()
            known[:] = known[-1:]
            if round % 4 == 0:
                base = Snapshot(log[2].index, log[2].term, data=b"state" * round)
                del log[:3]
                known.append(Recovered(HardState(round, 1, base.index), base, tuple(log)))
                wal.save_snapshot(base)
                known[:] = known[-1:]

    whole = SimulatedDisk()
    history(whole, [])
    for point in range(1, whole.operations + 1):
        disk, known = SimulatedDisk(), [Recovered(HardState(), Snapshot(), ())]
        disk.crash_at = point
        with suppress(Crash):
            history(disk, known)
        disk.crash(chance)
        assert reopen(disk, segment_bytes=700) in known
        assert reopen(disk, segment_bytes=700) in known
