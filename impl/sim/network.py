"""The network between the servers: calm, it delivers in order and soon; weather and cuts make it what it really is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from raftproof.impl.core.messages import Forward, ForwardRead, Message

if TYPE_CHECKING:
    from raftproof.impl.sim.machine import Machine
    from raftproof.impl.sim.world import World

NOT_IDEMPOTENT = (Forward, ForwardRead)
"""What clients ask travels on a connection that delivers at most once: to repeat it would be to ask twice."""


class Network:
    """Every message in flight is an event of the world; here is decided when and whether it arrives."""

    __slots__ = ("chance", "cut", "delay", "delivered", "duplication", "latest", "loss", "reordering", "world")

    def __init__(self, world: World) -> None:
        """A calm network."""
        self.world = world
        self.chance = world.plan.generator(501)
        self.loss = 0.0
        self.duplication = 0.0
        self.reordering = 0.0
        self.delay = 0.0
        self.cut: set[tuple[int, int]] = set()  # links that carry nothing
        self.latest: dict[tuple[int, int], int] = {}  # when the last message on a link arrives: calm links keep order
        self.delivered: deque[Message] = deque(maxlen=64)  # what may be sent once more

    def send(self, source: Machine, messages: Sequence[Message]) -> None:
        """Messages leave a server."""
        world, random = self.world, self.chance.random
        now, slow = world.now, source.slow
        for message in messages:
            dest = message.dest
            link = (source.id, dest)
            if link in self.cut:
                continue
            arrives = now + 2 + int(random() * 6) * slow
            if self.loss and random() < self.loss:
                world.count("loss")
                continue
            if self.delay and random() < self.delay:
                arrives += int(random() * 8 * world.plan.tick)
                world.count("delay")
            if self.reordering and random() < self.reordering:
                arrives += int(random() * 60)
                world.count("reordering")
            else:
                latest = self.latest.get(link, 0)
                if arrives < latest:
                    arrives = latest
                self.latest[link] = arrives
            world.schedule_message(arrives, message)
            if self.duplication and random() < self.duplication and not isinstance(message, NOT_IDEMPOTENT):
                world.count("duplication")
                world.schedule_message(arrives + int(random() * 100), message)

    def calm(self) -> None:
        """The weather is over, and every link is whole."""
        self.loss = self.duplication = self.reordering = self.delay = 0.0
        self.cut.clear()
