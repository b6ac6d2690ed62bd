"""What goes in: everything that can happen to a server, as values."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raftproof.impl.core.entries import ConfigurationChange, Snapshot
from raftproof.impl.core.messages import Message


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One unit of time has passed; timeouts are counted in these."""


class Receive(msgspec.Struct, frozen=True, gc=False):
    """A message has arrived from another server."""

    message: Message


class Propose(msgspec.Struct, frozen=True, gc=False):
    """A client's command. A server that is no leader forwards it; one that knows no leader answers in `Ready.dropped`.

    `id` only names the proposal in `Ready.dropped`. That it was accepted is learned by seeing `data` applied, so the
    data should carry an identity of its own.
    """

    data: bytes
    id: int = 0


class ProposeChange(msgspec.Struct, frozen=True, gc=False):
    """A change of membership. While another is not yet applied it is refused: it becomes an empty entry, as in etcd."""

    change: ConfigurationChange
    id: int = 0


class ReadIndex(msgspec.Struct, frozen=True, gc=False):
    """A linearizable read (thesis §6.4); the answer is in `Ready.reads`, or the id in `Ready.dropped`."""

    id: int


class Stored(msgspec.Struct, frozen=True, gc=False):
    """Everything in every Ready up to this number is durable, and a snapshot in them is in the state machine."""

    number: int


class Applied(msgspec.Struct, frozen=True, gc=False):
    """The state machine has applied every entry up to `index`; configurations among them take effect now (etcd)."""

    index: int


class Compact(msgspec.Struct, frozen=True, gc=False):
    """A snapshot is durable: the core may send it, and forgets its entries up to `index`, at most the snapshot's."""

    snapshot: Snapshot
    index: int


class TransferLeadership(msgspec.Struct, frozen=True, gc=False):
    """Hand leadership over (thesis §3.10). Meanwhile proposals are dropped; given up after an election timeout."""

    to: int


class Campaign(msgspec.Struct, frozen=True, gc=False):
    """Start an election now, as if the election timeout had passed."""


class Unreachable(msgspec.Struct, frozen=True, gc=False):
    """The transport could not send to this server: stop sending ahead until it answers."""

    server: int


Event: TypeAlias = (
    Tick
    | Receive
    | Propose
    | ProposeChange
    | ReadIndex
    | Stored
    | Applied
    | Compact
    | TransferLeadership
    | Campaign
    | Unreachable
)
