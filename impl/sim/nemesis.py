"""The nemesis: what goes wrong when, to whom, and for how long.

A run's injections are numbered. Each has a generator of its own, made from the seed and its number, so that leaving
one out (to shrink a failing run) changes nothing in the others but through what it caused.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from raftproof.impl.core import Change, ConfigurationChange, Role, Transition, events
from raftproof.impl.core.quorum import has_quorum
from raftproof.impl.sim.faults import FAULTS
from raftproof.impl.sim.healing import configurations

if TYPE_CHECKING:
    from raftproof.impl.sim.machine import Machine
    from raftproof.impl.sim.world import World

MODES = frozenset({"torn_tail", "lost_unsynced", "snapshot", "compaction"})
"""These are no injections of their own: they say what a crash does, or how a run is set up."""
WEIGHTS = {"crash": 4, "partition": 2, "transfer": 4, "membership": 5, "crash_all": 1}
MOST_SERVERS = 6


class Nemesis:
    """Injects the faults of the plan."""

    __slots__ = ("choices", "injections", "world")

    def __init__(self, world: World) -> None:
        """Nothing is wrong yet."""
        self.world = world
        self.injections = 0
        self.choices = [
            name
            for name in FAULTS
            if name in world.plan.faults and name not in MODES
            for _ in range(WEIGHTS.get(name, 1))
        ]

    def strike(self) -> str:
        """One injection, and the time of the next; the fault's name."""
        world = self.world
        number = self.injections
        self.injections += 1
        chance = Random(world.plan.seed * 1_000_003 + number)
        fault = self.choices[int(chance.random() * len(self.choices))]
        lasts = int((1 + chance.random() * 2.5) * world.plan.election_timeout_ticks * world.plan.tick)
        world.schedule_strike(int((0.5 + chance.random() * 1.5) * 3 * world.plan.tick))
        if number not in world.plan.skip:
            _INJECTIONS[fault](self, chance, lasts)
        return fault

    def _somebody(self, chance: Random, leader: float = 0.5) -> Machine | None:
        """A live server, the leader with this chance."""
        up = [machine for machine in self.world.machines.values() if machine.alive]
        if not up:
            return None
        leading = [machine for machine in up if machine.raft.role is Role.LEADER]
        if leading and chance.random() < leader:
            return max(leading, key=lambda machine: machine.raft.current_term)
        return up[int(chance.random() * len(up))]

    # --- the network ------------------------------------------------------------------------------------------------

    def split(self, chance: Random, lasts: int) -> None:
        """Two groups that do not hear each other, the leader's a minority as often as not."""
        ids = sorted(self.world.machines)
        victim = self._somebody(chance)
        others = [id for id in ids if victim is None or id != victim.id]
        with_victim = {id for id in others if chance.random() < 0.3} | ({victim.id} if victim else set())
        links = {(a, b) for a in ids for b in ids if (a in with_victim) != (b in with_victim)}
        self._cut("partition", links, lasts)

    def split_pair(self, chance: Random, lasts: int) -> None:
        """Two servers that do not hear each other."""
        first = self._somebody(chance)
        second = self._somebody(chance, leader=0.0)
        if first is not None and second is not None and first is not second:
            self._cut("partial_partition", {(first.id, second.id), (second.id, first.id)}, lasts)

    def split_one_way(self, chance: Random, lasts: int) -> None:
        """A server that only hears, or is only heard."""
        victim = self._somebody(chance)
        if victim is not None:
            others = [id for id in sorted(self.world.machines) if id != victim.id]
            deaf = chance.random() < 0.5
            links = {(id, victim.id) if deaf else (victim.id, id) for id in others}
            self._cut("one_way_partition", links, lasts)

    def _cut(self, fault: str, links: set[tuple[int, int]], lasts: int) -> None:
        world = self.world
        world.count(fault)
        new = links - world.network.cut
        world.network.cut |= new
        world.schedule_heal(lasts, lambda: world.network.cut.difference_update(new))

    def resend(self, chance: Random, _: int) -> None:
        """Messages that were delivered long ago arrive once more."""
        delivered = list(self.world.network.delivered)
        for _ in range(min(len(delivered), 1 + int(chance.random() * 8))):
            message = delivered[int(chance.random() * len(delivered))]
            self.world.count("stale_resend")
            self.world.schedule_message(self.world.now + 1 + int(chance.random() * 200), message)

    # --- processes and disks ----------------------------------------------------------------------------------------

    def crash(self, chance: Random, lasts: int) -> None:
        """The process will die at one of its next write points."""
        victim = self._somebody(chance)
        if victim is not None and not victim.disk.dies_in:
            victim.disk.dies_in = 1 + int(chance.random() * 24)

    def crash_all(self, chance: Random, _: int) -> None:
        """Every process dies at once."""
        self.world.count("crash_all")
        for machine in self.world.machines.values():
            if machine.alive:
                self.world.died(machine)

    def bit_flip(self, chance: Random, lasts: int) -> None:
        """A bit of a server's disk changes while it is down; at most so many servers that a majority stays whole."""
        world = self.world
        victim = self._somebody(chance, leader=0.2)
        if victim is None or not self._spare({victim.id}):
            return
        world.died(victim)
        if victim.disk.flip(chance):
            victim.flipped = True
            world.count("bit_flip")

    def _spare(self, lost: set[int]) -> bool:
        """Whether the cluster can lose these servers for good, beside those that it has lost."""
        lost = lost | {machine.id for machine in self.world.machines.values() if machine.damaged or machine.flipped}
        whole = [id for id in self.world.machines if id not in lost]
        return all(has_quorum(configuration, whole, frozenset()) for configuration in configurations(self.world))

    def fsync_error(self, chance: Random, _: int) -> None:
        """The next sync of a server fails."""
        victim = self._somebody(chance)
        if victim is not None:
            victim.disk.sync_fails = True

    def disk_full(self, chance: Random, lasts: int) -> None:
        """A server's disk has no space left, for a while."""
        victim = self._somebody(chance)
        if victim is not None:
            disk = victim.disk
            disk.full = True
            self.world.schedule_heal(lasts, lambda: setattr(disk, "full", False))

    # --- clocks -----------------------------------------------------------------------------------------------------

    def skew(self, chance: Random, lasts: int) -> None:
        """A clock runs at a third to three times its speed."""
        victim, world = self._somebody(chance), self.world
        if victim is not None:
            world.count("clock_skew")
            victim.tick_every = int(world.plan.tick * (0.33 + chance.random() * 2.67))
            world.schedule_heal(lasts, lambda: setattr(victim, "tick_every", world.plan.tick))

    def jump(self, chance: Random, _: int) -> None:
        """A clock leaps ahead."""
        victim = self._somebody(chance)
        if victim is not None:
            self.world.count("clock_jump")
            self.world.leap(victim, 1 + int(chance.random() * 3 * self.world.plan.election_timeout_ticks))

    def pause(self, chance: Random, lasts: int) -> None:
        """A process stands still; what arrives waits for it."""
        victim = self._somebody(chance)
        if victim is not None:
            self.world.count("pause")
            victim.paused_until = self.world.now + lasts

    def slow(self, chance: Random, lasts: int) -> None:
        """A follower's disk and links are slow."""
        victim = self._somebody(chance, leader=0.1)
        if victim is not None:
            self.world.count("slow_follower")
            victim.slow = 4 + int(chance.random() * 20)
            self.world.schedule_heal(lasts, lambda: setattr(victim, "slow", 1))

    # --- what an administrator does ---------------------------------------------------------------------------------

    def transfer(self, chance: Random, _: int) -> None:
        """The leader is asked to hand over."""
        leader = self._leader()
        if leader is not None:
            voters = [id for id in leader.raft.configuration.voters if id != leader.id]
            if voters:
                self.world.count("transfer")
                leader.raft.step(events.TransferLeadership(voters[int(chance.random() * len(voters))]))
                self.world.drain(leader)

    def membership(self, chance: Random, _: int) -> None:
        """A change of membership, one that the cluster can bear as far as anybody knows."""
        leader, world = self._leader(), self.world
        if leader is None:
            return
        change = self._draw_change(chance, leader)
        if change is None:
            return
        for _, id in change.changes:
            if id not in world.machines:
                world.add_machine(id)
        world.count("membership")
        leader.raft.step(events.ProposeChange(change))
        world.drain(leader)

    def _draw_change(self, chance: Random, leader: Machine) -> ConfigurationChange | None:
        now, world = leader.raft.configuration, self.world
        if now.joint:
            return ConfigurationChange()
        if now.learners and chance.random() < 0.6:
            return ConfigurationChange(((Change.ADD_VOTER, now.learners[0]),))
        transition = (Transition.AUTO, Transition.JOINT_IMPLICIT, Transition.JOINT_EXPLICIT)[int(chance.random() * 3)]
        changes: list[tuple[Change, int]] = []
        new = max(world.machines) + 1
        if len(now.servers) < world.plan.servers + 1 and new <= world.plan.servers + MOST_SERVERS:
            changes.append((Change.ADD_LEARNER if chance.random() < 0.5 else Change.ADD_VOTER, new))
        removable = [id for id in now.voters if self._spare({id})]
        lost = [id for id in now.voters if world.machines[id].damaged]
        if (
            removable
            and len(now.voters) > 2
            and (lost or len(now.servers) > world.plan.servers or chance.random() < 0.3)
        ):
            gone = lost[0] if lost else removable[int(chance.random() * len(removable))]
            demoted = chance.random() < 0.2 and not lost
            changes.append((Change.ADD_LEARNER if demoted else Change.REMOVE, gone))
        return ConfigurationChange(tuple(changes), transition) if changes else None

    def _leader(self) -> Machine | None:
        leading = [m for m in self.world.machines.values() if m.alive and m.raft.role is Role.LEADER]
        return max(leading, key=lambda machine: machine.raft.current_term) if leading else None


def _weather(fault: str, field: str, most: float) -> Callable[[Nemesis, Random, int], None]:
    """A fault that every message may meet, for a while."""

    def begin(nemesis: Nemesis, chance: Random, lasts: int) -> None:
        network = nemesis.world.network
        setattr(network, field, (0.1 + 0.9 * chance.random()) * most)
        nemesis.world.schedule_heal(lasts, lambda: setattr(network, field, 0.0))

    begin.__doc__ = FAULTS[fault]
    return begin


_INJECTIONS: dict[str, Callable[[Nemesis, Random, int], None]] = {
    "loss": _weather("loss", "loss", 0.3),
    "duplication": _weather("duplication", "duplication", 0.3),
    "reordering": _weather("reordering", "reordering", 0.5),
    "delay": _weather("delay", "delay", 0.2),
    "stale_resend": Nemesis.resend,
    "partition": Nemesis.split,
    "partial_partition": Nemesis.split_pair,
    "one_way_partition": Nemesis.split_one_way,
    "crash": Nemesis.crash,
    "crash_all": Nemesis.crash_all,
    "bit_flip": Nemesis.bit_flip,
    "fsync_error": Nemesis.fsync_error,
    "disk_full": Nemesis.disk_full,
    "clock_skew": Nemesis.skew,
    "clock_jump": Nemesis.jump,
    "pause": Nemesis.pause,
    "slow_follower": Nemesis.slow,
    "membership": Nemesis.membership,
    "transfer": Nemesis.transfer,
}
