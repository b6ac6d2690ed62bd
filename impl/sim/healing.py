"""The end of a run: the last fault heals, and the cluster must show that it lives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from raftproof.impl.core import Configuration, ConfigurationChange, Role, decode_change, events
from raftproof.impl.core.entries import CONFIGURATION
from raftproof.impl.core.membership import InvalidChange, changed
from raftproof.impl.core.quorum import has_quorum
from raftproof.impl.sim.violation import PropertyViolated

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft
    from raftproof.impl.sim.machine import Machine
    from raftproof.impl.sim.world import World

PATIENCE = 20
"""Election timeouts after the last fault within which a write must be acknowledged."""


def heal_all(world: World) -> None:
    """The network is calm, clocks run alike, every server that can starts again."""
    world.healed_at = world.now
    world.network.calm()
    if world.on_step is not None:
        world.on_step(world, "heal_all", 0, None)
    for machine in world.machines.values():
        machine.disk.full = machine.disk.sync_fails = False
        machine.disk.dies_in = 0
        machine.paused_until, machine.slow, machine.tick_every = 0, 1, world.plan.tick
        if _is_removed(machine):
            _switch_off(machine)
        elif not machine.alive and not machine.damaged:
            machine.start()


def _is_removed(machine: Machine) -> bool:
    """Whether no configuration holds the server that is in force or may come to be."""
    return not any(machine.id in configuration.servers for configuration in configurations(machine.world))


def _switch_off(machine: Machine) -> None:
    """As an administrator does with what he has removed."""
    machine.at_rest = True
    if machine.alive:
        machine.die(False, False, machine.world.chance)


def configurations(world: World) -> list[Configuration]:
    """The configurations that are in force or may come to be: the last one applied anywhere, those that its members
    still go by, and those that changes in some log would make of it."""
    latest = _latest(world)
    found = [latest.configuration]
    for machine in world.machines.values():
        if machine.started and not machine.damaged:
            log = machine.raft.log
            if machine.id in latest.configuration.servers:
                found.append(machine.raft.configuration)
            first = max(latest.applied_index, log.base_index) + 1
            for entry in log.slice(first, log.last_index):
                if entry.kind == CONFIGURATION:
                    with contextlib.suppress(InvalidChange):
                        found.append(changed(latest.configuration, decode_change(entry.data)))
    return found


def _latest(world: World) -> Raft:
    """The server that has applied most."""
    return max((m.raft for m in world.machines.values() if m.started), key=lambda raft: raft.applied_index)


def await_life(world: World) -> None:
    """Within 20 election timeouts a write that was called after the healing must be acknowledged."""
    began, moment = world.now, world.moment()
    deadline = began + PATIENCE * world.plan.election_timeout_ticks * world.plan.tick
    while not _wrote_since(world, moment):
        if world.now > deadline:
            world.majority_lost = not _majority_lives(world)
            if world.majority_lost:
                return
            raise PropertyViolated(
                "Liveness",
                f"within {PATIENCE} election timeouts after the last fault a write is acknowledged",
                tuple(_describe(machine) for machine in world.machines.values()),
            )
        world.step()
        _leave_joint(world)
        _switch_off_removed(world)
    world.recovered = world.now - began


def _wrote_since(world: World, moment: int) -> bool:
    last = world.clients.last_acknowledged
    return last is not None and last.called > moment


def _leave_joint(world: World) -> None:
    """An administrator who entered a joint configuration explicitly leaves it."""
    for machine in world.machines.values():
        if machine.alive and machine.raft.role is Role.LEADER:
            now = machine.raft.configuration
            if now.joint and not now.auto_leave and machine.raft.pending_change_index <= machine.raft.applied_index:
                machine.raft.step(events.ProposeChange(ConfigurationChange()))
                world.drain(machine)


def _switch_off_removed(world: World) -> None:
    """A removal that was under way when all healed has taken place: what is left of that server answers no client."""
    members = _latest(world).configuration.servers
    for machine in world.machines.values():
        if machine.alive and machine.id not in members and _is_removed(machine):
            _switch_off(machine)


def _majority_lives(world: World) -> bool:
    """Of the configuration in force, and of those by which the live servers decide."""
    live = {machine.id: machine.raft.configuration for machine in world.machines.values() if machine.alive}
    used = [configurations(world)[0], *live.values()]
    return all(has_quorum(configuration, live, frozenset()) for configuration in used)


def _describe(machine: Machine) -> str:
    if not machine.alive:
        return f"s{machine.id} is down" + (", its log damaged" if machine.damaged else "")
    raft = machine.raft
    return (
        f"s{machine.id} {raft.role.name} term {raft.current_term} leader {raft.leader} last {raft.log.last_index} "
        f"of term {raft.log.last_term} committed {raft.commit_index} applied {raft.applied_index} "
        f"configuration {raft.configuration.voters} {raft.configuration.outgoing} {raft.configuration.learners}"
    )
