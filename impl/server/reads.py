"""Linearizable reads: those that wait share one question to the leader (thesis §6.4; etcd's linearizableReadLoop).

    add ─▶ readers ─ask─▶ asked ─answered(index)─▶ confirmed ─release(applied)─▶ they may read
              ▲            │ lost, dropped, or another leader: a read may be asked twice
              └────────────┘
A read must see what was committed when it was called, so one that comes while a question is out waits for the next.
"""

from __future__ import annotations

import asyncio

from raftproof.impl.server.waiting import Waiting

RETRY_TICKS = 5  # a question whose answer may be lost is asked again (etcd: 500 ms)


class Reads:
    """Who wants to read."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody does."""
        self.waiting: Waiting[None] = Waiting(loop)
        self._readers: list[int] = []
        self._asked: tuple[int, list[int]] | None = None
        self._asked_ticks = 0
        self._confirmed: list[tuple[int, list[int]]] = []

    def add(self, id: int) -> asyncio.Future[None]:
        """A future that is done when the read may be answered from the store."""
        self._readers.append(id)
        return self.waiting.add(id)

    @property
    def wants_to_ask(self) -> bool:
        """Whether somebody waits and no question is out."""
        return bool(self._readers) and self._asked is None

    def ask(self, id: int) -> None:
        """The question `id` goes out for all that wait."""
        self._asked, self._readers, self._asked_ticks = (id, self._readers), [], 0

    def answered(self, id: int, index: int) -> None:
        """Once `index` is applied they may read; an answer to a question that was given up says nothing."""
        if self._asked is not None and self._asked[0] == id:
            self._confirmed.append((index, self._asked[1]))
            self._asked = None

    def release(self, applied: int) -> None:
        """Let those read whose index is applied."""
        for index, readers in self._confirmed:
            if index <= applied:
                for id in readers:
                    self.waiting.resolve(id, None)
        self._confirmed = [each for each in self._confirmed if each[0] > applied]

    def give_up(self, id: int | None = None) -> bool:
        """Whether the question (or this question) was out: it has to be asked again."""
        if self._asked is None or (id is not None and self._asked[0] != id):
            return False
        self._readers[:0] = self._asked[1]
        self._asked = None
        return True

    def tick(self, has_leader: bool) -> None:
        """Ask again what has had no answer; tell those whose time is up."""
        self._asked_ticks += 1
        if self._asked_ticks > RETRY_TICKS:
            self.give_up()
        self.waiting.expire(() if has_leader else self.waiting)
