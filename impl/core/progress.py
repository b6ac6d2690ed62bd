"""What a leader knows of one follower, and how much it may send ahead (thesis §10.2; etcd's tracker).

```
            ┌─────────── refused ────────────┐
          PROBE ──── first match ────▶ REPLICATE       one append at a time ▶ a window of appends ahead
            │ ▲                            │
            │ └── stored, lost or timed out│
            └───────▶ SNAPSHOT ◀───────────┘ what is next lies behind the log
```
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum


class Flow(IntEnum):
    """How entries are sent to a follower."""

    PROBE = 0
    REPLICATE = 1
    SNAPSHOT = 2


PROBE, REPLICATE, SNAPSHOT = Flow.PROBE, Flow.REPLICATE, Flow.SNAPSHOT


class Progress:
    """One follower, as its leader sees it."""

    __slots__ = ("flow", "inflight", "match_index", "next_index", "paused", "read_round", "recent_active", "waited")

    def __init__(self, match_index: int, next_index: int) -> None:
        """A follower of which nothing is known yet."""
        self.match_index = match_index  # highest entry known replicated; invariant: < next_index, never falls
        self.next_index = next_index  # next entry to send
        self.flow = PROBE
        self.paused = False  # PROBE: one append is out, wait for its answer or a heartbeat's
        self.inflight: deque[int] = deque()  # REPLICATE: the last index of each append without an answer
        self.recent_active = False  # has answered since the last check of the quorum
        self.read_round = 0  # the latest round of reads that it answered
        self.waited = 0  # SNAPSHOT: ticks since it was sent

    def become_probe(self) -> None:
        """Send one append and wait."""
        self.flow = PROBE
        self.paused = False
        self.inflight.clear()
        self.next_index = self.match_index + 1

    def become_replicate(self) -> None:
        """Send ahead."""
        self.flow = REPLICATE
        self.paused = False
        self.inflight.clear()
        self.next_index = self.match_index + 1

    def become_snapshot(self) -> None:
        """Send nothing until the snapshot is answered, or has taken too long."""
        self.flow = SNAPSHOT
        self.inflight.clear()
        self.waited = 0

    def refused(self, index: int, next_index: int) -> bool:
        """Whether this refusal of prev_log_index `index` is news; if so, step back to `next_index` (§5.3)."""
        if self.flow == REPLICATE:
            if index <= self.match_index:
                return False  # an old answer: this much has matched since
            self.become_probe()
            return True
        if self.next_index - 1 != index:
            return False
        self.next_index = max(min(index, next_index), self.match_index + 1)
        self.paused = False
        return True
