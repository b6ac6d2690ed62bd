"""One simulated server: the real core, the real log format and the real store, on a simulated disk.

It is to the core what a real server is: it takes each Ready, stages it, commits what is staged when the disk gets to
it (many Readys at once, if they have gathered), and only then says Stored and sends what waited for it.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

from raftproof.impl.core import Raft, Ready, Role, Settings, Snapshot, bootstrap, events
from raftproof.impl.core.entries import CONFIGURATION, HardState
from raftproof.impl.core.rules import LOG_PERSISTED
from raftproof.impl.kv import Store
from raftproof.impl.sim.disk import ProcessDies, SimulatedDisk
from raftproof.impl.wal import DamagedLog, DiskFailed, Identity, Wal

if TYPE_CHECKING:
    from raftproof.impl.core.messages import Message
    from raftproof.impl.sim.world import World

DIRECTORY = "data"
CLUSTER = 1
LEADER = Role.LEADER


class Machine:
    """A server's disk, clock and process. The process comes and goes; the rest stays."""

    __slots__ = (
        "alive",
        "at_rest",
        "chance",
        "commit_seen",
        "damaged",
        "disk",
        "disk_busy",
        "flipped",
        "founder",
        "fresh",
        "id",
        "led_term",
        "life",
        "paused_until",
        "raft",
        "reads",
        "settings",
        "shown",
        "slow",
        "snapshot_index",
        "started",
        "store",
        "tick_every",
        "unstored",
        "waiting",
        "wal",
        "world",
    )

    raft: Raft
    wal: Wal
    store: Store

    def __init__(self, world: World, settings: Settings) -> None:
        """A machine with an empty disk, switched off."""
        self.world = world
        self.id = settings.id
        self.settings = settings
        self.chance = world.plan.generator(settings.id)
        self.disk = SimulatedDisk(world.injected)
        self.founder = False
        self.alive = False
        self.started = False  # some process of it has run: there is a raft to look at
        self.at_rest = False  # switched off on purpose: no member any more
        self.damaged = False  # its log is refused: it never starts again
        self.flipped = False  # a bit of its disk was changed
        self.life = 0  # which process this is; what belongs to an earlier one is ignored
        self.paused_until = 0
        self.slow = 1
        self.tick_every = world.plan.tick
        self.shown = 0  # the highest index that a serializable read has shown, in any life

    # --- the process ------------------------------------------------------------------------------------------------

    def found(self, voters: tuple[int, ...]) -> None:
        """Make the disk of a founding server: the configuration, and the term it belongs to."""
        self.founder = True
        wal, _ = Wal.open(self.disk, DIRECTORY, Identity(CLUSTER, self.id))
        first = bootstrap(voters)
        wal.stage(HardState(first.term, 0, first.index))
        wal.install_snapshot(first)
        wal.commit()

    def start(self) -> None:
        """Start a process from what the disk holds."""
        self.life += 1
        try:
            self.wal, found = Wal.open(self.disk, DIRECTORY, Identity(CLUSTER, self.id))
        except DamagedLog as refusal:
            self.world.checks.refused(self, str(refusal))
            self.damaged = True
            return
        except DiskFailed:
            self.world.stopped(self)
            return
        except ProcessDies:
            self.world.died(self)
            return
        self.store = Store.from_image(found.snapshot.data) if found.snapshot.data else Store()
        self.alive = True
        self.unstored: deque[Ready] = deque()  # Readys that wait for the disk, oldest first
        self.disk_busy = False
        self.waiting: dict[int, int] = {}  # identity of a proposal, the client that waits for it
        self.reads: list[tuple[int, int]] = []  # index to be applied, identity of the read
        self.fresh = False  # whether it holds all that it showed in an earlier life
        self.snapshot_index = found.snapshot.index
        self.commit_seen = 0
        self.led_term = 0
        self.raft = Raft(
            self.settings,
            random=self._random,
            snapshot=found.snapshot,
            hard_state=None if self.life == 1 and self.founder else found.hard_state,
            entries=found.entries,
            observer=self.world.observer,
            broken=self.world.plan.broken,
        )
        self.raft.message_number = self.life << 32  # so that a message's number is its identity across restarts
        self.started = True
        self.world.checks.started(self)
        self.world.schedule_tick(self)
        self.world.drain(self)

    def _random(self, below: int) -> int:
        return int(self.chance.random() * below)

    def die(self, loses: bool, torn: bool, chance: Random) -> None:
        """The process is gone; with the machine's power, what was not synced goes too."""
        self.alive = False
        self.life += 1
        self.disk.dies_in = 0
        if loses:
            self.disk.lose(chance, torn)

    # --- what happens to it -----------------------------------------------------------------------------------------

    def tick(self) -> None:
        """A unit of its clock has passed."""
        self.raft.tick()
        if not self.fresh and self.raft.leader:
            self.raft.step(events.ReadIndex(-1))  # before the first serializable read: catch up with the leader once
        self.drain()

    def receive(self, message: Message) -> None:
        """A message has arrived."""
        self.raft.receive(message)
        self.drain()

    def drain(self) -> None:
        """Do what the core wants done."""
        raft, world = self.raft, self.world
        while (ready := raft.ready()) is not None:
            if raft.commit_index != self.commit_seen:  # judged before a change of membership among it takes effect
                world.checks.committed(self)
                self.commit_seen = raft.commit_index
            if raft.role is LEADER and self.led_term != raft.current_term:
                self.led_term = raft.current_term
                world.checks.elected(self)
            if ready.messages_now:
                world.network.send(self, ready.messages_now)
            if ready.must_sync:
                if ready.entries:
                    world.checks.appended(self, ready.entries)
                self.unstored.append(ready)
                if not self.disk_busy:
                    self.disk_busy = True
                    world.schedule_disk(self)
            elif ready.messages:
                if ready.number <= raft.stored_number:
                    world.network.send(self, ready.messages)
                else:
                    self.unstored.append(ready)
            if ready.messages and raft.broken and LOG_PERSISTED in raft.broken and self.unstored:
                world.network.send(self, ready.messages)  # the planted bug: promise first, store later
            if ready.committed:
                self._apply(ready)
            if ready.reads:
                self._take_reads(ready)
            for id in ready.dropped:
                world.clients.dropped(id)
        if raft.commit_index != self.commit_seen:
            world.checks.committed(self)
            self.commit_seen = raft.commit_index

    def write(self) -> None:
        """The disk gets to what waits for it: one group commit for all of it."""
        wal, unstored = self.wal, self.unstored
        self.disk_busy = False
        if not unstored:
            return
        readys = list(unstored)
        unstored.clear()
        for ready in readys:
            if ready.hard_state is not None:
                wal.stage(ready.hard_state)
            if ready.snapshot is not None:
                self._install(ready.snapshot)
            if ready.entries:
                wal.stage(None, ready.entries)
        wal.commit()
        self.raft.stored(readys[-1].number)
        for ready in readys:
            if ready.messages and LOG_PERSISTED not in self.raft.broken:
                self.world.network.send(self, ready.messages)
        self.drain()

    def _install(self, snapshot: Snapshot) -> None:
        self.wal.install_snapshot(snapshot)
        self.disk.point()
        self.store = Store.from_image(snapshot.data) if snapshot.data else Store()
        self.snapshot_index = snapshot.index
        self.world.checks.installed(self, snapshot)

    def _apply(self, ready: Ready) -> None:
        world, store, disk = self.world, self.store, self.disk
        for entry in ready.committed:
            disk.point()
            data = entry.data
            if data and entry.kind != CONFIGURATION:
                id = int.from_bytes(data[:8], "big")
                result = store.apply(data[8:])
                world.checks.applied(self, entry, id)
                if id in self.waiting:
                    del self.waiting[id]
                    world.clients.answer(id, result)
            else:
                world.checks.applied(self, entry, 0)
            disk.point()
        index = ready.committed[-1].index
        self.raft.applied(index)
        if self.reads:
            self._answer_reads()
        if index - self.snapshot_index >= world.plan.snapshot_every:
            self._take_snapshot(index)

    def _take_snapshot(self, index: int) -> None:
        plan, raft = self.world.plan, self.raft
        snapshot = Snapshot(index, raft.log.term(index), raft.configuration, self.store.image())
        self.wal.save_snapshot(snapshot)
        self.snapshot_index = index
        raft.step(events.Compact(snapshot, max(index - plan.keep_entries, 0)))
        self.world.count("snapshot")

    # --- reads ------------------------------------------------------------------------------------------------------

    def _take_reads(self, ready: Ready) -> None:
        for read in ready.reads:
            if read.id in self.waiting or read.id < 0:
                self.reads.append((read.index, read.id))
        self._answer_reads()

    def _answer_reads(self) -> None:
        applied, still = self.raft.applied_index, []
        for index, id in self.reads:
            if index > applied:
                still.append((index, id))
            elif id < 0:
                self.fresh = True
            else:
                self.waiting.pop(id, None)
                self.world.clients.answer_read(id, self.store)
        self.reads = still
