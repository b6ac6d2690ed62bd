"""Messages that were sent. The network may lose, repeat and reorder them: one that was sent may be received ever after.

etcd's lines have no number of a message: it is its eleven fields, kept as their hash (64 bits: that two of a million
different messages share one has a probability of 3e-8), and with it the number of the Ready that first carried it. Our
own lines have one. Nothing is ever forgotten, so that on a long trace what is old is kept in sixteen bytes a message.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from raftproof.traces.conformance.departure import Departure
from raftproof.traces.events import Id, Message

YOUNG: Final = 1 << 19
"""How many messages are kept in a dictionary, which is fast and large, before they are packed."""


class Ledger:
    """A map from hashes to numbers that grows for ever: a dictionary of what is young, sorted arrays of what is old."""

    def __init__(self, young: int = YOUNG) -> None:
        self._young: dict[int, int] = {}
        self._limit = young
        self._keys: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, np.int64)
        self._values: np.ndarray[Any, np.dtype[np.int64]] = np.empty(0, np.int64)

    def get(self, key: int) -> int | None:
        """The number of a hash, or None."""
        value = self._young.get(key)
        if value is None and len(self._keys):
            at = int(np.searchsorted(self._keys, key))
            if at < len(self._keys) and self._keys[at] == key:
                return int(self._values[at])
        return value

    def put(self, key: int, value: int) -> None:
        """Set the number of a hash."""
        self._young[key] = value
        if len(self._young) >= self._limit:
            self._pack()

    def _pack(self) -> None:
        """Move everything into the sorted arrays; a young number takes the place of an old one."""
        keys = np.concatenate([np.fromiter(self._young.keys(), np.int64, len(self._young)), self._keys])
        values = np.concatenate([np.fromiter(self._young.values(), np.int64, len(self._young)), self._values])
        self._keys, first = np.unique(keys, return_index=True)
        self._values = values[first]
        self._young.clear()


class Network:
    """All messages that were ever sent."""

    def __init__(self) -> None:
        self._ready = Ledger()
        self._numbers = Ledger()
        self._latest: dict[tuple[str, Id, Id], Message] = {}

    def send(self, message: Message, ready: int, again: bool) -> None:
        """A message is sent, to leave with a Ready; `again` if an equal one from before can no longer arrive."""
        key = hash(message)
        if again or self._ready.get(key) is None:
            self._ready.put(key, ready)
        self._latest[message.type, message.source, message.dest] = message

    def sent(self, message: Message) -> int | None:
        """The number of its sender's Ready that a message left with, or None if nobody sent it."""
        return self._ready.get(hash(message))

    def latest(self, message: Message) -> Message | None:
        """The last message of the same kind on the same way."""
        return self._latest.get((message.type, message.source, message.dest))

    def number(self, message: Message, number: int) -> None:
        """The sender gave a message a number."""
        self._numbers.put(hash((message.source, number)), hash(message))

    def compare_number(self, message: Message, number: int) -> None:
        """A message is received under the number that its sender gave it."""
        if self._numbers.get(hash((message.source, number))) != hash(message):
            raise Departure(
                "network",
                f"server {message.source} sent another message under this number",
                {"message": "as sent"},
                {"number": number},
                cause="missing",
            )
