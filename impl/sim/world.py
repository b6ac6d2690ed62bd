"""The world: one process that holds a whole cluster, its clients, disks, clocks and network, under one seed.

```
 an event queue by time ──▶ a message arrives │ a clock ticks │ a client calls │ a disk completes │ a fault begins
                                              └──── the machine does it, the checks look on ────┘
```
A *step* is one of these. Faults strike during the first part of a run; then everything heals, and the cluster must
elect a leader and acknowledge a new write within 20 election timeouts. Every step leaves its mark in the `trail`; two
runs with the same digest of it did the same, byte for byte.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import msgspec

from raftproof.impl.core import Role
from raftproof.impl.core.messages import AppendEntriesResponse, Message, RequestVote, RequestVoteResponse
from raftproof.impl.core.raft import Observer
from raftproof.impl.sim import healing
from raftproof.impl.sim.checks import Checks
from raftproof.impl.sim.clients import Clients
from raftproof.impl.sim.disk import ProcessDies
from raftproof.impl.sim.machine import Machine
from raftproof.impl.sim.nemesis import Nemesis
from raftproof.impl.sim.network import NOT_IDEMPOTENT, Network
from raftproof.impl.sim.plan import Plan
from raftproof.impl.sim.violation import PropertyViolated
from raftproof.impl.wal import DiskFailed

MESSAGE, TICK, CLIENT, DISK, STRIKE, HEAL, RESTART = range(7)
STEP_NAMES = ("receive", "tick", "call", "disk", "fault", "heal", "restart")
TROUBLED = 0.85
"""The part of a run's steps in which faults strike."""
PROMISES = (RequestVote, RequestVoteResponse, AppendEntriesResponse)
"""Messages whose sender must not forget their term."""
_MARK = struct.Struct("<QBBQQQ")


class _Stopped(Exception):
    """The run is to go no further."""


class Outcome(msgspec.Struct):
    """What a run showed."""

    seed: int
    steps: int
    acknowledged: int
    elections: int
    faults: dict[str, int]
    local_reads: int
    recovered_in: float
    """Election timeouts from the last fault to the first write acknowledged after it; 0 where no majority was left."""
    majority_lost: bool
    """No majority was left at the end, so that no write could be demanded."""
    digest: str
    violation: PropertyViolated | None = None


class World:
    """One run."""

    def __init__(
        self,
        plan: Plan,
        observer: Observer | None = None,
        on_step: Callable[[World, str, int, Any], None] | None = None,
        checks: type[Checks] = Checks,
    ) -> None:
        """A cluster that has just been founded; nothing has happened."""
        self.plan = plan
        self.observer = observer
        self.on_step = on_step
        self.now = 0
        self.steps = 0
        self.acting = 0
        self.local_reads = 0
        self.injected: dict[str, int] = dict.fromkeys(sorted(plan.faults), 0)
        self.healed_at: int | None = None
        self.recovered = 0
        self.stop_at: int | None = None
        self.majority_lost = False
        self.turns = 0
        self.due: dict[int, int] = {}  # by client: the turn that counts
        self.trail = bytearray()
        self.queue: list[tuple[int, int, int, Any, int]] = []
        self._number = 0
        self._moment = 0
        self.chance = plan.generator(503)
        self.network = Network(self)
        self.checks = checks(self)
        self.clients = Clients(self)
        self.nemesis = Nemesis(self)
        self.machines: dict[int, Machine] = {}
        voters = tuple(range(1, plan.servers + 1))
        for id in voters:
            machine = self.machines[id] = Machine(self, plan.settings(id))
            machine.found(voters)
            machine.start()
        for client in range(plan.clients):
            self.schedule_client(client, 300 + 37 * client)
        if self.nemesis.choices:
            self.schedule_strike(plan.tick * 8)

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self, stop_at: int | None = None) -> Outcome:
        """All steps, the healing, and the proof of life; or only what happens up to a step."""
        violation = None
        self.stop_at = stop_at
        try:
            self._run_until(int(self.plan.steps * TROUBLED))
            healing.heal_all(self)
            healing.await_life(self)
            self._run_until(self.plan.steps)
            self.compare_all()
        except PropertyViolated as found:
            violation = found
        except AssertionError as broken:
            violation = PropertyViolated("CoreAssertion", str(broken) or "an assertion of the implementation")
        except _Stopped:
            pass
        timeout = self.plan.election_timeout_ticks * self.plan.tick
        return Outcome(
            seed=self.plan.seed,
            steps=self.steps,
            acknowledged=self.clients.acknowledged,
            elections=self.checks.led,
            faults=self.injected,
            local_reads=self.local_reads,
            recovered_in=self.recovered / timeout,
            majority_lost=self.majority_lost,
            digest=hashlib.sha256(self.trail).hexdigest()[:16],
            violation=violation,
        )

    def _run_until(self, steps: int) -> None:
        while self.steps < steps:
            self.step()

    def step(self) -> None:
        """The next thing happens."""
        time, _, kind, what, life = heappop(self.queue)
        self.now = time
        if kind == MESSAGE:
            self._deliver(what)
        elif kind == TICK:
            self._tick(what, life)
        elif kind == DISK:
            self._write(what, life)
        elif kind == CLIENT:
            if self.due[what] == life:
                self._turn(what)
        elif kind == STRIKE:
            if self.healed_at is None:
                self._mark(STRIKE, 0, None, self.nemesis.strike())
        elif kind == HEAL:
            what()
            self._mark(HEAL, 0, None)
        elif kind == RESTART and what.life == life and not what.at_rest:
            what.start()
            self._mark(RESTART, what.id, what)

    def _mark(self, kind: int, who: int, machine: Machine | None, what: Any = None) -> None:
        """A step has been taken: it leaves its mark."""
        self.steps += 1
        if machine is not None and machine.alive:
            raft = machine.raft
            self.trail += _MARK.pack(self.now, kind, who, raft.current_term, raft.commit_index, raft.log.last_index)
        else:
            self.trail += _MARK.pack(self.now, kind, who & 255, 0, 0, 0)
        if self.on_step is not None:
            self.on_step(self, STEP_NAMES[kind], who, what)
        if self.steps == self.stop_at:
            raise _Stopped

    def drain(self, machine: Machine) -> None:
        """Do what a server's core wants done, after something from outside."""
        self._act(machine, machine.drain)

    def _act(self, machine: Machine, act: Callable[[], None]) -> None:
        """Run a server's code, in which it may meet its end."""
        self.acting = machine.id
        try:
            act()
        except ProcessDies:
            self.died(machine)
        except DiskFailed:
            self.stopped(machine)

    def _turn(self, client: int) -> None:
        machine = self.clients.turn(client)
        if machine is not None:
            self.drain(machine)
        self._mark(CLIENT, client, machine)

    def _deliver(self, message: Message) -> None:
        machine = self.machines[message.dest]
        if not machine.alive:
            if self.on_step is not None:
                self.on_step(self, "lost", machine.id, message)
            return
        if machine.paused_until > self.now:
            self.schedule_message(machine.paused_until, message)
            return
        self.acting = machine.id
        progress = None
        if type(message) is AppendEntriesResponse and machine.raft.role is Role.LEADER:
            progress = machine.raft.progress.get(message.source)
            before = progress.match_index if progress is not None else 0
            if message.success:
                self.checks.acknowledged(machine, message)
        try:
            machine.receive(message)
        except ProcessDies:
            self.died(machine)
        except DiskFailed:
            self.stopped(machine)
        if progress is not None and progress.match_index < before:
            self.checks.matched(machine, message.source, before, progress.match_index)
        if not isinstance(message, NOT_IDEMPOTENT):
            self.network.delivered.append(message)
        self._mark(MESSAGE, machine.id, machine, message)

    def _tick(self, machine: Machine, life: int) -> None:
        if machine.life != life:
            return
        if machine.paused_until > self.now:
            self._push(machine.paused_until, TICK, machine, life)
            return
        self._push(self.now + machine.tick_every, TICK, machine, life)
        self.acting = machine.id
        try:
            machine.tick()
        except ProcessDies:
            self.died(machine)
        except DiskFailed:
            self.stopped(machine)
        self._mark(TICK, machine.id, machine)

    def leap(self, machine: Machine, ticks: int) -> None:
        """A clock leaps ahead: so many ticks at once."""
        for _ in range(ticks):
            if machine.alive:
                self._act(machine, machine.tick)

    def _write(self, machine: Machine, life: int) -> None:
        if machine.life != life:
            return
        if machine.paused_until > self.now:
            self._push(machine.paused_until, DISK, machine, life)
            return
        self._act(machine, machine.write)
        self._mark(DISK, machine.id, machine)

    def compare_all(self) -> None:
        """The whole stores of all live servers, against whatever had applied as much."""
        for machine in self.machines.values():
            if machine.alive:
                self.checks.compare(machine, machine.raft.applied_index)

    # --- what the others ask for ------------------------------------------------------------------------------------

    def moment(self) -> int:
        """A number for each call and answer, in the order in which they happen."""
        self._moment += 1
        return self._moment

    def count(self, fault: str) -> None:
        """A fault has had an effect; only those of the plan are counted."""
        if fault in self.injected:
            self.injected[fault] += 1

    def add_machine(self, id: int) -> None:
        """A server that joins: an empty disk, and a process."""
        machine = self.machines[id] = Machine(self, self.plan.settings(id))
        machine.start()

    def died(self, machine: Machine) -> None:
        """A process died, perhaps with its machine's power; it comes back later."""
        self.count("crash")
        faults, chance = self.plan.faults, self.chance
        torn = "torn_tail" in faults and chance.random() < 0.4
        loses = torn or ("lost_unsynced" in faults and chance.random() < 0.5)
        if torn:
            self.count("torn_tail")
        elif loses:
            self.count("lost_unsynced")
        machine.die(loses, torn, chance)
        self._restart_later(machine)

    def stopped(self, machine: Machine) -> None:
        """A server stopped by itself, because its disk failed; it is started again later."""
        machine.die(False, False, self.chance)
        self._restart_later(machine)

    def _restart_later(self, machine: Machine) -> None:
        wait = (0.2 + self.chance.random() * 2) * self.plan.election_timeout_ticks * self.plan.tick
        self._push(self.now + int(wait), RESTART, machine, machine.life)

    def _push(self, time: int, kind: int, what: Any, life: int = 0) -> None:
        self._number += 1
        heappush(self.queue, (time, self._number, kind, what, life))

    def schedule_message(self, time: int, message: Message) -> None:
        """A message will arrive."""
        if type(message) in PROMISES:
            self.checks.promised(message)
        self._number += 1
        heappush(self.queue, (time, self._number, MESSAGE, message, 0))

    def schedule_tick(self, machine: Machine) -> None:
        """A clock starts, at a phase of its own."""
        self._push(self.now + 1 + int(self.chance.random() * machine.tick_every), TICK, machine, machine.life)

    def schedule_disk(self, machine: Machine) -> None:
        """A disk will get to what waits for it."""
        self._push(self.now + 1 + int(self.chance.random() * 6) * machine.slow, DISK, machine, machine.life)

    def schedule_client(self, client: int, wait: int) -> None:
        """A client's next turn; an earlier one that was due is off."""
        self.turns += 1
        self.due[client] = self.turns
        self._push(self.now + wait, CLIENT, client, self.turns)

    def schedule_strike(self, wait: int) -> None:
        """The next injection."""
        self._push(self.now + wait, STRIKE, None)

    def schedule_heal(self, wait: int, heal: Callable[[], None]) -> None:
        """The end of an injection."""
        self._push(self.now + wait, HEAL, heal)
