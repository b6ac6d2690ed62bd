"""What a run is: everything that its seed decides before it begins. Two runs of one plan are the same to the byte."""

from __future__ import annotations

from random import Random

import msgspec

from raftproof.impl.core import Settings


class Plan(msgspec.Struct, frozen=True):
    """One run. Time is counted in units; a tick of a server's clock is `tick` of them."""

    seed: int
    steps: int
    faults: frozenset[str]
    broken: frozenset[str]
    servers: int
    clients: int
    keys: int
    election_timeout_ticks: int
    pre_vote: bool
    check_quorum: bool
    max_inflight: int
    max_append_bytes: int
    snapshot_every: int
    """Entries applied between two snapshots of one server."""
    keep_entries: int
    """Entries kept in the log behind a snapshot."""
    check_invariants: bool
    """The core asserts what its fields promise, at every Ready: in one run of sixteen, since it is slow."""
    skip: frozenset[int] = frozenset()
    """Injections left out, by number: how a failing run is shrunk."""
    variant: int = 0
    """Another course of the same plan: all chances but the plan and the injections fall differently. To shrink, too."""
    tick: int = 100

    def generator(self, what: int) -> Random:
        """The chances of one part of the world, apart from those of the others."""
        return Random(self.seed * 1000 + what + self.variant * 1_000_003_000)

    def settings(self, id: int) -> Settings:
        """The settings of one server."""
        return Settings(
            id=id,
            election_timeout_ticks=self.election_timeout_ticks,
            pre_vote=self.pre_vote,
            check_quorum=self.check_quorum,
            max_inflight=self.max_inflight,
            max_append_bytes=self.max_append_bytes,
            check_invariants=self.check_invariants,
        )


def plan(
    seed: int,
    steps: int,
    faults: frozenset[str],
    broken: frozenset[str] = frozenset(),
    skip: frozenset[int] = frozenset(),
) -> Plan:
    """The run of this seed."""
    chance = Random(seed * 1000 + 500)
    return Plan(
        seed=seed,
        steps=steps,
        faults=faults,
        broken=broken,
        servers=5 if chance.random() < 0.2 else 3,
        clients=2 + int(chance.random() * 6),
        keys=2 + int(chance.random() * 3),
        election_timeout_ticks=5 + int(chance.random() * 6),
        pre_vote=chance.random() < 0.6,
        check_quorum=chance.random() < 0.6,
        max_inflight=1 + int(chance.random() * 8),
        max_append_bytes=(1, 60, 400, 10_000)[int(chance.random() * 4)],
        snapshot_every=8 + int(chance.random() * 30) if "snapshot" in faults else 1 << 60,
        keep_entries=int(chance.random() * 6) if "compaction" in faults else 100,
        check_invariants=not seed % 16 and not broken,
        skip=skip,
    )
