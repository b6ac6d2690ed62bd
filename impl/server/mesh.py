"""The connections of one server with the others: it dials each of them, and each dials it (`peers.py`)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Callable, Iterable

from raftproof.impl.core import Message
from raftproof.impl.server.directory import Identity
from raftproof.impl.server.machine import Machine, Member
from raftproof.impl.server.peers import PROTOCOL, Answer, Hello, Link, Listener, Refusal
from raftproof.impl.server.settings import ELECTION_TICKS, TICK_SECONDS

log = logging.getLogger("raftproof.server")

_LEARN_SECONDS = ELECTION_TICKS * TICK_SECONDS


class Mesh:
    """A link to every other member, and a listener for theirs."""

    def __init__(
        self,
        identity: Identity,
        machine: Machine,
        dialling: ssl.SSLContext | None,
        receive: Callable[[list[Message]], None],
        removed: Callable[[], None],
    ) -> None:
        """`receive` takes what the others send; `removed` is called when one of them says that this server no longer
        belongs to the cluster."""
        self._identity, self._machine, self._dialling, self._removed = identity, machine, dialling, removed
        self._links: dict[int, Link] = {}
        self._listener = Listener(self._judge, self._answer, receive)

    async def start(self, url: str, listening: ssl.SSLContext | None) -> None:
        """Listen, and dial the others; raises CannotStart where the port is taken."""
        await self._listener.start(url, listening)
        self.follow(self._machine)

    def follow(self, machine: Machine) -> None:
        """Dial exactly the other members. One that was removed may have learned that from the log; if not, it dials
        again when its connection ends, and is told."""
        self._machine = machine
        own = self._identity.server
        wanted = {id: member.peer_urls[0] for id, member in self._members().items() if id != own}
        for id, link in list(self._links.items()):
            if wanted.get(id) != link.url:
                self._links.pop(id).stop()
        for id, url in wanted.items():
            if id not in self._links:
                hello = Hello(PROTOCOL, self._identity.cluster, own, id)
                self._links[id] = Link(url, hello, self._dialling, self._refused)
        asyncio.get_running_loop().call_later(_LEARN_SECONDS, self._listener.hang_up, machine.removed)

    def is_up(self, id: int) -> bool:
        """Whether there is a way to this server."""
        return id in self._links and self._links[id].is_up

    def send(self, messages: Iterable[Message]) -> list[int]:
        """Send them; the servers to which there is no way."""
        by_server: defaultdict[int, list[Message]] = defaultdict(list)
        for message in messages:
            by_server[message.dest].append(message)
        links = self._links
        return [dest for dest, batch in by_server.items() if dest not in links or not links[dest].send(batch)]

    async def stop(self) -> None:
        """Hang up."""
        for link in self._links.values():
            link.stop()
        await self._listener.stop()

    def _members(self) -> dict[int, Member]:
        """As the log tells them; a server that has just joined knows only what it was told then."""
        return self._machine.members or {member.id: member for member in self._identity.members}

    def _judge(self, hello: Hello) -> Refusal | None:
        """Whether this server takes messages from whoever says this, or why not."""
        identity = self._identity
        if hello.protocol != PROTOCOL:
            return Refusal(f"it speaks protocol {hello.protocol}, and this server speaks {PROTOCOL}")
        if not hello.source:
            return None  # wants to join: it is told the members, and may send nothing
        if hello.cluster != identity.cluster:
            return Refusal(f"it belongs to cluster {hello.cluster:x}, and this server to cluster {identity.cluster:x}")
        if hello.dest != identity.server:
            return Refusal(f"it looks for server {hello.dest:x}, and this is server {identity.server:x}")
        if hello.source in self._machine.removed:
            return Refusal("it was removed from the cluster", removed=True)
        return None

    def _answer(self) -> Answer:
        members = self._members()
        return Answer(self._identity.cluster, tuple(members[id] for id in sorted(members)))

    def _refused(self, answer: Answer) -> None:
        if answer.removed:
            self._removed()
        else:
            log.warning("a peer refuses this server: %s", answer.refusal)
