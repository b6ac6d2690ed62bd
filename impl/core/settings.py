"""The numbers a server runs with. etcd's names and defaults, in ticks."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How one server behaves; the same on all servers of a cluster, except `id`."""

    id: int
    """This server. Invariant: positive."""
    election_timeout_ticks: int = 10
    """An election starts after this many to twice as many ticks without a leader (§5.2)."""
    heartbeat_ticks: int = 1
    pre_vote: bool = True
    """Ask before campaigning, so that a server that was cut off does not raise the term (thesis §9.6)."""
    check_quorum: bool = True
    """A leader that hears of no majority for an election timeout steps down; a server that heard of a leader lately
    takes no part in elections (thesis §6.2, §4.2.3)."""
    max_append_bytes: int = 1 << 20
    """Entries in one AppendEntries; one entry is always sent."""
    max_inflight: int = 256
    """Appends sent ahead to one follower without an answer."""
    max_uncommitted_bytes: int = 1 << 30
    """Proposals beyond this much uncommitted data are dropped, so that a leader without a quorum does not grow."""
    check_invariants: bool = False
    """Assert what every field promises before each Ready: for tests, at several times the cost."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        if self.id < 1:
            raise ValueError(f"id is {self.id}; server ids are positive")
        if self.heartbeat_ticks < 1 or self.election_timeout_ticks <= self.heartbeat_ticks:
            raise ValueError(
                f"election_timeout_ticks is {self.election_timeout_ticks} and heartbeat_ticks {self.heartbeat_ticks}; "
                "an election must take longer than a heartbeat, and a heartbeat at least one tick"
            )
        if self.max_inflight < 1:
            raise ValueError(f"max_inflight is {self.max_inflight}; at least one append must be in flight")
