"""When what clients propose is given to the core, and how much of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from raftproof.impl import core
from raftproof.impl.server.gathering import GATHER_SECONDS, Gathering


def play(scene: Callable[[Gathering, list[str], Clock], None]) -> None:
    """Act on a gathering whose clock is set by hand; the list tells when it woke its owner."""
    loop = Clock()
    woken: list[str] = []
    try:
        scene(Gathering(loop, lambda: woken.append("woken")), woken, loop)
    finally:
        loop.close()


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when told."""

    now = 100.0

    def time(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.now += seconds
        self.call_soon(self.stop)
        self.run_forever()


def put(gathering: Gathering, count: int) -> None:
    for id in range(count):
        gathering.add(id, core.Propose(b"", id))


def test_a_put_that_comes_alone_is_due_at_once() -> None:
    def scene(gathering: Gathering, woken: list[str], clock: Clock) -> None:
        for _ in range(3):
            assert not gathering.is_due(0)
            put(gathering, 1)
            assert gathering.is_due(0)
            assert [id for id, _ in gathering.take()] == [0]

    play(scene)


def test_the_next_batch_waits_until_the_one_before_is_answered() -> None:
    def scene(gathering: Gathering, woken: list[str], clock: Clock) -> None:
        put(gathering, 1)
        gathering.take()
        put(gathering, 5)
        assert not gathering.is_due(unanswered=1)
        assert gathering.is_due(unanswered=0)

    play(scene)


def test_the_next_batch_waits_for_as_many_as_the_one_before_held() -> None:
    def scene(gathering: Gathering, woken: list[str], clock: Clock) -> None:
        put(gathering, 5)
        assert len(gathering.take()) == 5
        put(gathering, 4)
        assert not gathering.is_due(0)
        put(gathering, 1)
        assert gathering.is_due(0)

    play(scene)


def test_no_batch_waits_longer_than_the_time_to_gather() -> None:
    def scene(gathering: Gathering, woken: list[str], clock: Clock) -> None:
        put(gathering, 5)
        gathering.take()
        put(gathering, 1)
        assert not gathering.is_due(unanswered=5)
        assert not gathering.is_due(unanswered=5)
        clock.pass_time(GATHER_SECONDS * 0.9)
        assert woken == []
        clock.pass_time(GATHER_SECONDS * 0.2)
        assert woken == ["woken"]  # once, however often it was asked
        assert gathering.is_due(unanswered=5)
        assert len(gathering.take()) == 1

    play(scene)


def test_nobody_is_woken_after_the_end() -> None:
    def scene(gathering: Gathering, woken: list[str], clock: Clock) -> None:
        put(gathering, 5)
        gathering.take()
        put(gathering, 1)
        assert not gathering.is_due(0)
        gathering.stop()
        clock.pass_time(1.0)
        assert woken == []

    play(scene)
