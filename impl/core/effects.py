"""What comes out: one bundle of things to do, in the order in which to do them (etcd's Ready)."""

from __future__ import annotations

import msgspec

from raftproof.impl.core.entries import Entry, HardState, Snapshot
from raftproof.impl.core.messages import Message


class ReadState(msgspec.Struct, frozen=True, gc=False):
    """A read may be answered from the state machine once it has applied `index`. A read that was passed on to the
    leader may be named twice, since messages may come twice: an id that is answered already means nothing."""

    id: int
    index: int


class Ready(msgspec.Struct):
    """Do this, in this order. Bundles are taken and done in the order of their numbers; several may be in flight.

    ```
    send messages_now ─┐
    write snapshot, hard_state, entries (in this order); sync if must_sync ─▶ step(Stored(number)) ─▶ send messages
    apply committed ─▶ step(Applied(index))            answer reads whose index is applied            refuse dropped
    ```
    The hard state is written BEFORE the entries: a write torn between them must not leave an entry whose commit index
    was lost, because a second change of configuration may stand in the log only where the first is known committed.
    A reader of the log lowers a commit index beyond the last entry to that entry.
    """

    number: int
    """The last write so far that must be durable before `messages` may go. If `must_sync` is false this is an
    earlier bundle's number, and Stored is said only for that one."""
    must_sync: bool
    """Whether something here must be durable before `messages` go. A commit index alone need not be."""
    hard_state: HardState | None
    """None where nothing changed."""
    entries: tuple[Entry, ...]
    """To append to the stored log, after cutting it before `entries[0].index`."""
    snapshot: Snapshot | None
    """From the leader: to store, with the log up to it discarded, and to load into the state machine."""
    messages_now: tuple[Message, ...]
    """A leader's appends and heartbeats: they promise nothing that this write makes true (thesis §10.2.1)."""
    messages: tuple[Message, ...]
    """To send, in this order, once `number` is stored."""
    committed: tuple[Entry, ...]
    """To apply. All of them are stored on this server already."""
    reads: tuple[ReadState, ...]
    dropped: tuple[int, ...]
    """Ids of proposals and reads that went nowhere, for want of a leader."""
