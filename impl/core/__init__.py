"""Raft as a value machine: events in, effects out; no clock, no chance, no file, no socket.

Whoever runs a server owns time, disk, network and the state machine, and drives the core so:

```python
raft = Raft(Settings(id=1), snapshot=bootstrap((1, 2, 3)), random=generator.randrange)
raft.step(Tick())                              # or Receive(message), Propose(data, id), ReadIndex(id) …
while (ready := raft.ready()) is not None:
    send(ready.messages_now)
    write(ready.snapshot, ready.hard_state, ready.entries)   # in this order
    if ready.must_sync:
        sync()
        raft.step(Stored(ready.number))        # or later: bundles may be in flight, in order
    send(ready.messages)                       # never before Stored(ready.number)
    apply(ready.committed)
    if ready.committed:
        raft.step(Applied(ready.committed[-1].index))
    answer(ready.reads)                        # each when its index is applied
```

At a restart `Raft` is given what was stored: `Raft(settings, snapshot=…, hard_state=…, entries=…, random=…)`, and hands
out the committed entries after the snapshot again. `random(n)` must return a number in 0 … n-1.

The files, by subject: `entries`, `messages`, `events`, `effects`, `settings` are the values; `log`, `progress`,
`quorum` the parts; `raft` holds the state and turns events into calls to `election`, `replication`, `snapshots`,
`reads`, `membership`, `transfer`, which hold the rules; `rules` names what a test may break, `invariants` what the
fields promise, `observer` what a trace may watch.
"""

from __future__ import annotations

from raftproof.impl.core.effects import ReadState, Ready
from raftproof.impl.core.entries import (
    Change,
    Configuration,
    ConfigurationChange,
    Entry,
    EntryKind,
    HardState,
    Snapshot,
    Transition,
    bootstrap,
    decode_change,
    encode_change,
)
from raftproof.impl.core.events import (
    Applied,
    Campaign,
    Compact,
    Event,
    Propose,
    ProposeChange,
    ReadIndex,
    Receive,
    Stored,
    Tick,
    TransferLeadership,
    Unreachable,
)
from raftproof.impl.core.messages import Message, wire_decoder, wire_encoder
from raftproof.impl.core.raft import Raft
from raftproof.impl.core.roles import Role
from raftproof.impl.core.settings import Settings

__all__ = [
    "Applied",
    "Campaign",
    "Change",
    "Compact",
    "Configuration",
    "ConfigurationChange",
    "Entry",
    "EntryKind",
    "Event",
    "HardState",
    "Message",
    "Propose",
    "ProposeChange",
    "Raft",
    "ReadIndex",
    "ReadState",
    "Ready",
    "Receive",
    "Role",
    "Settings",
    "Snapshot",
    "Stored",
    "Tick",
    "TransferLeadership",
    "Transition",
    "Unreachable",
    "bootstrap",
    "decode_change",
    "encode_change",
    "wire_decoder",
    "wire_encoder",
]
