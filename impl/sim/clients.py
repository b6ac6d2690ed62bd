"""The clients: what they ask, what they are told, and the history that is checked afterwards.

Every client has one operation out at a time. A write that is not answered in time may or may not have happened; it
stays in the history as such, and the client goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from raftproof.impl.core import events
from raftproof.impl.kv import (
    Compact,
    CompactResult,
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRange,
    DeleteRangeResult,
    Put,
    Range,
    Store,
    Txn,
    TxnResult,
    encode_command,
)

if TYPE_CHECKING:
    from raftproof.impl.sim.machine import Machine
    from raftproof.impl.sim.world import World

Kind = Literal["put", "get", "delete", "swap", "compact"]
WRITES = frozenset({"put", "delete", "swap"})


class Operation(msgspec.Struct, gc=False):
    """One call and, once it is answered, its answer."""

    id: int
    client: int
    kind: Kind
    key: bytes
    value: bytes | None = None
    """put: the new value; swap: the new value; get: what was read."""
    expected: bytes | None = None
    """swap: the value that must be there; None for no value."""
    done: bool = False
    """delete: whether there was something; swap: whether it took place."""
    called: int = 0
    returned: int | None = None
    """None: nobody knows whether it took place."""
    answered_in: int = 0
    """The step of the run in which the answer came."""
    failed: bool = False
    """It certainly did not take place."""


class Clients:
    """All clients of a run."""

    __slots__ = (
        "acknowledged",
        "believed",
        "chance",
        "current",
        "effects",
        "last_acknowledged",
        "next_id",
        "operations",
        "seen",
        "world",
    )

    def __init__(self, world: World) -> None:
        """They begin one after another."""
        self.world = world
        self.chance = world.plan.generator(502)
        self.operations: dict[int, Operation] = {}  # by identity, in order
        self.current: dict[int, Operation] = {}  # by client
        self.effects: dict[bytes, tuple[list[int], list[bytes | None]]] = {}  # by key: after which entry, which value
        self.seen: dict[bytes, bytes | None] = {}  # by key: a value that was there lately, for swaps
        self.next_id = 1
        self.believed = 1  # the server that answered last, probably the leader
        self.acknowledged = 0  # writes
        self.last_acknowledged: Operation | None = None

    def turn(self, client: int) -> Machine | None:
        """A client's next call, and the server that it asks; if its last is still out, its time is up."""
        world = self.world
        last = self.current.pop(client, None)
        if last is not None and last.kind == "get":
            last.failed = True
        operation = self._draw(client)
        machine = self._choose()
        if machine is None:
            world.schedule_client(client, world.plan.tick)
            return None
        world.acting = machine.id
        if operation.kind == "get" and self.chance.random() < 0.25:
            self._read_locally(machine, operation)
            world.schedule_client(client, 1 + int(self.chance.random() * 40))
            return None
        self.operations[operation.id] = self.current[client] = operation
        world.schedule_client(client, int((6 + self.chance.random() * 6) * world.plan.tick))
        machine.waiting[operation.id] = client
        if operation.kind == "get":
            machine.raft.step(events.ReadIndex(operation.id))
        else:
            machine.raft.propose(operation.id.to_bytes(8, "big") + encode_command(_command(operation)), operation.id)
        return machine

    def _choose(self) -> Machine | None:
        """Mostly the server that answered last."""
        world, random = self.world, self.chance.random
        up = [machine for machine in world.machines.values() if machine.alive and machine.paused_until <= world.now]
        if not up:
            return None
        believed = world.machines[self.believed]
        if believed in up and random() < 0.85:
            return believed
        return up[int(random() * len(up))]

    def _draw(self, client: int) -> Operation:
        random = self.chance.random
        id = self.next_id
        self.next_id += 1
        key = b"k%d" % int(random() * self.world.plan.keys)
        drawn = random()
        value = b"v%d" % id
        operation = Operation(id, client, "put", key, value, called=self.world.moment())
        if drawn < 0.45:
            return operation
        if drawn < 0.80:
            operation.kind, operation.value = "get", None
        elif drawn < 0.88:
            operation.kind, operation.value = "delete", None
        elif drawn < 0.98 or "compaction" not in self.world.plan.faults:
            operation.kind, operation.expected = "swap", self.seen.get(key)
        else:
            operation.kind, operation.value = "compact", None
        return operation

    # --- answers ----------------------------------------------------------------------------------------------------

    def answer(self, id: int, result: object) -> None:
        """A write was applied by the server that was asked."""
        operation = self.operations[id]
        if self.current.get(operation.client) is not operation:
            return  # the client did not wait for it
        if operation.kind == "delete" and isinstance(result, DeleteRangeResult):
            operation.done = result.deleted > 0
        elif operation.kind == "swap" and isinstance(result, TxnResult):
            operation.done = result.succeeded
        elif isinstance(result, CompactResult):
            self.world.count("compaction")
        self._return(operation)
        if operation.kind in WRITES:
            self.acknowledged += 1
            self.last_acknowledged = operation

    def answer_read(self, id: int, store: Store) -> None:
        """A linearizable read may be answered now, from this store."""
        operation = self.operations[id]
        if operation.failed:
            return  # the client did not wait for it
        operation.value = read(store, operation.key)
        self._return(operation)

    def dropped(self, id: int) -> None:
        """The server that was asked knows no leader: the call certainly came to nothing."""
        operation = self.operations.get(id)
        if operation is None:
            return
        operation.failed = True
        if self.current.get(operation.client) is operation:
            del self.current[operation.client]
            self.world.schedule_client(operation.client, int((0.3 + self.chance.random()) * self.world.plan.tick))

    def _return(self, operation: Operation) -> None:
        operation.returned = self.world.moment()
        operation.answered_in = self.world.steps
        self.seen[operation.key] = operation.value if operation.kind in ("put", "get") else None
        if self.current.get(operation.client) is operation:
            del self.current[operation.client]
            self.believed = self.world.acting
            self.world.schedule_client(operation.client, 1 + int(self.chance.random() * 40))

    def _read_locally(self, machine: Machine, operation: Operation) -> None:
        """A serializable read: from this server's store, whoever leads."""
        if machine.fresh:
            self.world.checks.read_locally(machine, operation.key, read(machine.store, operation.key))
            self.world.local_reads += 1

    # --- what really happened ---------------------------------------------------------------------------------------

    def took_effect(self, id: int, index: int, store: Store) -> None:
        """The first server has applied this write: note the value of its key from here on."""
        key = self.operations[id].key
        indexes, values = self.effects.setdefault(key, ([], []))
        indexes.append(index)
        values.append(read(store, key))

    def value_after(self, key: bytes, index: int) -> bytes | None:
        """The value of a key after the entry at `index`."""
        if key not in self.effects:
            return None
        indexes, values = self.effects[key]
        place = bisect_right(indexes, index)
        return values[place - 1] if place else None

    def history(self) -> Iterator[Operation]:
        """What can be checked: every call that was answered, and every write that was not but may have happened."""
        for operation in self.operations.values():
            if (
                operation.kind != "compact"
                and not operation.failed
                and not (operation.kind == "get" and operation.returned is None)
            ):
                yield operation


def read(store: Store, key: bytes) -> bytes | None:
    """The newest value of a key."""
    found = store.range(Range(key)).versions
    return found[0].value if found else None


def _command(operation: Operation) -> Put | DeleteRange | Txn | Compact:
    key = operation.key
    if operation.kind == "put":
        return Put(key, operation.value or b"")
    if operation.kind == "delete":
        return DeleteRange(key)
    if operation.kind == "swap":
        if operation.expected is None:
            condition = Compare(CompareResult.EQUAL, CompareTarget.VERSION, key, 0)
        else:
            condition = Compare(CompareResult.EQUAL, CompareTarget.VALUE, key, operation.expected)
        return Txn((condition,), (Put(key, operation.value or b""),), ())
    return Compact(1 + operation.id // 4)
