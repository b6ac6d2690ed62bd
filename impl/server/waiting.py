"""Who waits for what: proposals until they are applied, reads until their index is.

A request waits at most REQUEST_SECONDS, also for a leader to appear. When the leader changes, what was sent to the old
one may be lost or may still be committed by the new one; it is given one more election timeout, not the whole time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import Generic, TypeVar

from raftproof.impl.server import errors
from raftproof.impl.server.settings import ELECTION_TICKS, REQUEST_SECONDS, TICK_SECONDS

T = TypeVar("T")


class Waiting(Generic[T]):
    """Futures by id, oldest first."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody waits."""
        self._loop = loop
        self._waiting: dict[int, tuple[float, asyncio.Future[T]]] = {}
        self._lost: dict[int, float] = {}
        """Those whose leader has gone, with their shorter deadline."""

    def add(self, id: int) -> asyncio.Future[T]:
        """A future for the outcome of `id`."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting[id] = (self._loop.time() + REQUEST_SECONDS, future)
        return future

    def resolve(self, id: int, outcome: T) -> None:
        """The outcome is here; nothing happens where nobody waits for it."""
        waiting = self._waiting.pop(id, None)
        if waiting is not None and not waiting[1].done():
            waiting[1].set_result(outcome)

    def leader_changed(self) -> None:
        """Everything that waits now was sent to a leader that is gone."""
        deadline = self._loop.time() + ELECTION_TICKS * TICK_SECONDS
        for id in self._waiting:
            self._lost.setdefault(id, deadline)

    def keep(self, id: int) -> None:
        """This one was not sent to the leader that is gone."""
        self._lost.pop(id, None)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def __contains__(self, id: object) -> bool:
        """Whether somebody still waits for it."""
        return id in self._waiting

    def expire(self, unsent: Container[int]) -> None:
        """Tell those whose time is up: `unsent` for want of a leader, so certainly not done, or lost on the way."""
        now = self._loop.time()
        for id in [id for id, deadline in self._lost.items() if deadline <= now or id not in self._waiting]:
            del self._lost[id]
            self.fail(id, errors.leader_failed())
        while self._waiting:
            id, (deadline, _) = next(iter(self._waiting.items()))
            if deadline > now:
                break
            self.fail(id, errors.no_leader() if id in unsent else errors.timed_out())

    def fail_all(self, error: errors.ApiError) -> None:
        """Nothing will be resolved any more."""
        for id in list(self._waiting):
            self.fail(id, error)

    def fail(self, id: int, error: errors.ApiError) -> None:
        """There will be no outcome."""
        waiting = self._waiting.pop(id, None)
        if waiting is not None and not waiting[1].done():
            waiting[1].set_exception(error)
