"""What a log is made of and what a server must not forget: entries, hard state, configurations, snapshots.

Server ids, terms and indexes are positive integers; 0 stands for none. Everything here is immutable, so that a log, a
message and a write in flight may share one entry.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

NONE = 0
"""No server, no term, no entry."""


class EntryKind(IntEnum):
    """Who reads an entry when it is applied."""

    COMMAND = 0
    """The state machine. Empty data is the entry a new leader begins its term with (§8)."""
    CONFIGURATION = 1
    """The core itself: `data` is an encoded ConfigurationChange."""


COMMAND = EntryKind.COMMAND
CONFIGURATION = EntryKind.CONFIGURATION


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One place of the log (Figure 2): a command and the term in which a leader received it."""

    term: int
    """Invariant: never falls along a log."""
    index: int
    """Invariant: one more than the entry before it; the first is 1."""
    data: bytes = b""
    kind: EntryKind = COMMAND


class HardState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What Figure 2 calls persistent state, beside the log; and the commit index, which saves time at restart."""

    term: int = 0
    """`current_term`. Invariant: never falls."""
    vote: int = 0
    """`voted_for` in `term`. Invariant: changes within a term only from none."""
    commit: int = 0
    """`commit_index`. Invariant: never falls; at most the last index of the log it is stored with."""


class Configuration(msgspec.Struct, frozen=True, array_like=True):
    """Who votes (§6, thesis chapter 4). `outgoing` is empty except in a joint configuration (thesis §4.3)."""

    voters: tuple[int, ...] = ()
    """C_new in a joint configuration. Invariant: sorted, no server twice."""
    outgoing: tuple[int, ...] = ()
    """C_old in a joint configuration."""
    learners: tuple[int, ...] = ()
    """Receive entries and do not vote (thesis §4.2.1). Invariant: none of them is in voters or outgoing."""
    learners_next: tuple[int, ...] = ()
    """Become learners when the joint configuration is left. Invariant: all of them are in outgoing."""
    auto_leave: bool = False
    """The leader itself proposes to leave the joint configuration, once it is applied."""

    @property
    def joint(self) -> bool:
        """Whether agreement needs a majority of both the old and the new servers."""
        return bool(self.outgoing)

    @property
    def servers(self) -> tuple[int, ...]:
        """Every server that receives entries, in order."""
        return tuple(sorted({*self.voters, *self.outgoing, *self.learners}))


class Change(IntEnum):
    """What happens to one server."""

    ADD_VOTER = 0
    REMOVE = 1
    ADD_LEARNER = 2


class Transition(IntEnum):
    """Whether a change goes through a joint configuration, and who ends it."""

    AUTO = 0
    """Joint only if more than one server changes (etcd); the leader leaves it by itself."""
    JOINT_IMPLICIT = 1
    """Joint; the leader leaves it by itself."""
    JOINT_EXPLICIT = 2
    """Joint until an empty ConfigurationChange is proposed."""


class ConfigurationChange(msgspec.Struct, frozen=True, array_like=True):
    """The content of a CONFIGURATION entry. Without changes and with AUTO: leave the joint configuration."""

    changes: tuple[tuple[Change, int], ...] = ()
    transition: Transition = Transition.AUTO
    context: bytes = b""
    """What the server keeps with a member (its name and addresses); the core does not read it."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The state machine after applying the entry at `index`; takes the place of the log up to it (§7)."""

    index: int = 0
    """lastIncludedIndex"""
    term: int = 0
    """lastIncludedTerm"""
    configuration: Configuration = Configuration()
    """The configuration at `index`."""
    data: bytes = b""
    """The state machine's own form; empty is the state machine that has applied nothing."""


def bootstrap(voters: tuple[int, ...]) -> Snapshot:
    """The first state of every founding server: a configuration agreed upon outside Raft.

    As in etcd it stands for one entry of term 1 per voter, all applied. A server that joins later starts from
    `Snapshot()` instead; since no leader has entry 1, it is sent a snapshot, and so learns the configuration.
    """
    return Snapshot(len(voters), 1, Configuration(tuple(sorted(voters))))


def encode_change(change: ConfigurationChange) -> bytes:
    """The data of a CONFIGURATION entry."""
    return msgspec.msgpack.encode(change)


def decode_change(data: bytes) -> ConfigurationChange:
    """The change in a CONFIGURATION entry's data."""
    return msgspec.msgpack.decode(data, type=ConfigurationChange)
