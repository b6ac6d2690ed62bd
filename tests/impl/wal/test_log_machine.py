"""Any sequence of stages, commits, snapshots, crashes, failures and flipped bits, held against what must be known."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from raftproof.impl.core import Entry, HardState, Snapshot
from raftproof.impl.wal import DamagedLog, DiskFailed, Identity, Recovered, Wal
from tests.impl.wal.simulated_disk import Crash, SimulatedDisk

US = Identity(1, 1)
SEGMENT_BYTES = 900


class LogMachine(RuleBasedStateMachine):
    """`staged` is the model with what is staged; `allowed` is what a recovery may find: the last of them once commit
    has returned, any of them while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk()
        self.wal, self.staged = Wal.open(self.disk, "log", US, SEGMENT_BYTES)
        self.allowed = [self.staged]

    @rule(advance=st.booleans(), back=st.integers(0, 3), sizes=st.lists(st.sampled_from([0, 7, 90, 1300]), max_size=4))
    def stage(self, advance: bool, back: int, sizes: list[int]) -> None:
        """New entries, some over old ones in a newer term, with a hard state."""
        old, snapshot, entries = self.staged
        hard_state = HardState(old.term + advance, 0 if advance else old.vote, old.commit)
        first = max(snapshot.index + 1, snapshot.index + len(entries) + 1 - (back if advance else 0))
        new = [Entry(hard_state.term, first + place, bytes(size)) for place, size in enumerate(sizes)]
        kept = entries[: first - snapshot.index - 1] if new else entries
        self.staged = Recovered(hard_state, snapshot, (*kept, *new))
        self.wal.stage(hard_state, new)

    @rule(
        crash=st.none() | st.integers(1, 4), seed=st.integers(0, 2**32), failure=st.sampled_from(["", "sync", "full"])
    )
    def commit(self, crash: int | None, seed: int, failure: str) -> None:
        """A commit that returns, crashes the machine at some operation, or meets a failing disk."""
        self._may_fail(lambda: self.wal.commit(), crash, seed, failure)

    @precondition(lambda self: self.staged.entries)
    @rule(
        at=st.integers(0, 5),
        crash=st.none() | st.integers(1, 20),
        seed=st.integers(0, 2**32),
        size=st.integers(0, 2000),
    )
    def snapshot(self, at: int, crash: int | None, seed: int, size: int) -> None:
        """A snapshot of what is applied; the entries behind it stay."""
        hard_state, _, entries = self.staged
        at = min(at, len(entries) - 1)
        snapshot = Snapshot(entries[at].index, entries[at].term, data=b"s" * size)
        self.allowed.append(self.staged)  # the staged entries go into a record of their own, before the mark
        self.staged = Recovered(hard_state, snapshot, entries[at + 1 :])
        self._may_fail(lambda: self.wal.save_snapshot(snapshot), crash, seed, "")

    @rule(ahead=st.integers(-2, 5), crash=st.none() | st.integers(1, 20), seed=st.integers(0, 2**32))
    def install(self, ahead: int, crash: int | None, seed: int) -> None:
        """A snapshot of another history, which replaces the log."""
        hard_state, old, entries = self.staged
        index = max(old.index + 1, old.index + len(entries) + ahead)
        self.allowed.append(self.staged)
        self.staged = Recovered(hard_state, Snapshot(index, hard_state.term, data=b"installed"), ())
        self._may_fail(lambda: self.wal.install_snapshot(self.staged.snapshot), crash, seed, "")

    @rule(byte=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), name=st.integers(0, 20))
    def flip_a_bit(self, byte: float, bit: int, name: int) -> None:
        """A flipped bit in what is durable is never overlooked: whatever is found instead was not written."""
        names = self.disk.list("log")
        inode = self.disk.names["log/" + names[name % len(names)]]
        place = int(byte * len(inode.data))
        inode.data[place] ^= 1 << bit
        with pytest.raises(DamagedLog):
            Wal.open(self.disk, "log", US, SEGMENT_BYTES)
        inode.data[place] ^= 1 << bit

    @rule()
    def restart(self) -> None:
        """A clean stop keeps what is staged, too."""
        self.allowed.append(self.staged)
        self.wal.close()
        self._recover([self.staged])

    def _may_fail(self, operation: Callable[[], None], crash: int | None, seed: int, failure: str) -> None:
        self.allowed.append(self.staged)
        if crash is not None:
            self.disk.crash_at = self.disk.operations + crash
        self.disk.fail_sync = failure == "sync"
        self.disk.room = 30 if failure == "full" else None
        with suppress(Crash, DiskFailed):
            operation()
            if crash is None or self.disk.operations < (self.disk.crash_at or 0):
                self._committed()
                return
        self.disk.fail_sync, self.disk.room = False, None
        self.disk.crash(random.Random(seed))
        self._recover(self.allowed)

    def _committed(self) -> None:
        self.disk.crash_at, self.disk.fail_sync, self.disk.room = None, False, None
        self.allowed = [self.staged]

    def _recover(self, allowed: list[Recovered]) -> None:
        self.wal, found = Wal.open(self.disk, "log", US, SEGMENT_BYTES)
        assert comparable(found) in [comparable(each) for each in allowed]
        self.staged = found
        self.allowed = [found]


def comparable(recovered: Recovered) -> object:
    """The commit index may be old, so it is left out."""
    hard_state, snapshot, entries = recovered
    return (hard_state.term, hard_state.vote, snapshot, entries)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, derandomize=True, database=None
)
