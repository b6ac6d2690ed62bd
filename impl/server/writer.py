"""The thread that syncs: the event loop must not stand still while the disk works."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

from raftproof.impl.wal import LogError, Wal
from raftproof.impl.wal.log import Batch


class Writer:
    """Writes one batch at a time, and says on the loop when it is durable or has failed."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wal: Wal, written: Callable[[int, LogError | None], None]
    ) -> None:
        """`written` is called in the loop with the number given to `write`."""
        self._loop, self._wal, self._written = loop, wal, written
        self._orders: queue.SimpleQueue[tuple[Batch, int] | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self.is_busy = False
        """Whether a batch is on its way. Changed in the loop only."""
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, batch: Batch, number: int) -> None:
        """Begin. Invariant: not busy."""
        assert not self.is_busy, "two writes at a time"
        self.is_busy = True
        self._idle.clear()
        self._orders.put((batch, number))

    def wait(self) -> None:
        """Return when nothing is being written; `written` may still have to be called."""
        self._idle.wait()

    def stop(self) -> None:
        """End the thread after what it is writing."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            batch, number = order
            failure = None
            try:
                self._wal.write(batch)
            except LogError as error:
                failure = error
            self._idle.set()
            self._loop.call_soon_threadsafe(self._done, number, failure)

    def _done(self, number: int, failure: LogError | None) -> None:
        self.is_busy = False
        self._written(number, failure)
