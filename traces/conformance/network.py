"""Messages that were sent. The network may lose, repeat and reorder them: one that was sent may be received ever after.

etcd's lines have no number of a message: it is its eleven fields, kept as their hash (64 bits: that two of a million
different messages share one has a probability of 3e-8), and with it the number of the Ready that first carried it. Our
own lines have one.
"""

from __future__ import annotations

from raftproof.traces.conformance.departure import Departure
from raftproof.traces.events import Id, Message


class Network:
    """All messages that were ever sent."""

    def __init__(self) -> None:
        self._ready: dict[int, int] = {}
        self._numbers: dict[tuple[Id, int], int] = {}
        self._latest: dict[tuple[str, Id, Id], Message] = {}

    def send(self, message: Message, ready: int, again: bool) -> None:
        """A message is sent, to leave with a Ready; `again` if an equal one from before can no longer arrive."""
        key = hash(message)
        if again or key not in self._ready:
            self._ready[key] = ready
        self._latest[message.type, message.source, message.dest] = message

    def sent(self, message: Message) -> int | None:
        """The number of its sender's Ready that a message left with, or None if nobody sent it."""
        return self._ready.get(hash(message))

    def latest(self, message: Message) -> Message | None:
        """The last message of the same kind on the same way."""
        return self._latest.get((message.type, message.source, message.dest))

    def number(self, message: Message, number: int) -> None:
        """The sender gave a message a number."""
        self._numbers[message.source, number] = hash(message)

    def compare_number(self, message: Message, number: int) -> None:
        """A message is received under the number that its sender gave it."""
        if self._numbers.get((message.source, number)) != hash(message):
            raise Departure(
                "network",
                f"server {message.source} sent another message under this number",
                {"message": "as sent"},
                {"number": number},
                cause="missing",
            )
