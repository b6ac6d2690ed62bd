"""What clients propose waits here until it is given to the core: for a leader, or for others to share its way.

A batch is what the core gets at once: one write, one sync and one message to each follower carry all of it (group
commit, thesis §10.2.1). What they cost does not depend on how much they carry, and is more than all else that a put
costs, so under load batches must be large; and a client that is alone must not wait for others.

    batch n is given ──▶ committed and applied here ──▶ its clients are answered, and ask again
       meanwhile others come and wait ─────────────────────▶ as many as batch n? it is time for batch n + 1

Clients that wait for an answer before they ask again come back after it: so a batch goes out once those of the one
before are answered and as many wait again. Otherwise it goes GATHER_SECONDS after the one before: far less than a
client notices, and never more than that is added to a put's time. A put that comes alone goes at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from raftproof.impl import core

GATHER_SECONDS = 0.010

Held: TypeAlias = tuple[int, core.Propose | core.ProposeChange]
"""The id of a proposal, and the event."""


class Gathering:
    """The proposals that wait to be given to the core, in the order in which they came."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """Nothing waits. `wake` is called when it is time for what was not due before."""
        self._loop, self._wake = loop, wake
        self._held: list[Held] = []
        self._batch = 0  # how many the last batch held
        self._until = 0.0  # when the next one is due at the latest
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._held)

    def add(self, id: int, event: core.Propose | core.ProposeChange) -> None:
        """One more waits."""
        self._held.append((id, event))

    def ids(self) -> set[int]:
        """Those that were not given to the core."""
        return {id for id, _ in self._held}

    def is_due(self, unanswered: int) -> bool:
        """Whether it is time for a batch, while this many that were given to the core are unanswered."""
        if not self._held:
            return False
        if unanswered <= 0 and len(self._held) >= self._batch:
            return True
        if self._loop.time() >= self._until:
            return True
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._ring)
        return False

    def _ring(self) -> None:
        self._timer = None
        self._wake()

    def take(self) -> list[Held]:
        """The batch."""
        batch, self._held = self._held, []
        self._batch = len(batch)
        self._until = self._loop.time() + GATHER_SECONDS
        return batch

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
