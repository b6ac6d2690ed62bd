"""Messages that were sent. The network may lose, repeat and reorder them: one that was sent may be received ever after.

Each is kept with the number of the Ready that first carried it, as long as its receipt could have an effect. Then it is
*spent*: it is of a term that its receiver can never be in again, or it tells of nothing that its receiver does not know
for good. Once WINDOW younger ones were sent, a spent message is forgotten, and what stays is the range of each field,
for each kind, each way and each term that still counts: so memory does not grow with the trace.

    sent  ───────────▶  the last WINDOW  ───────────▶  spent?  ── no ──▶  kept
                        known in full                          ── yes ─▶  forgotten: of its fields the ranges are kept

What is weaker for it: a message that is received, that nobody sent, and that has no effect, is not told apart from a
forgotten one if all its fields lie in the ranges of those that were forgotten. A message that would have an effect is
never taken for a forgotten one. Our own lines number their messages; the numbers of old ones are forgotten, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import islice
from operator import le
from typing import Final, TypeAlias

from raftproof.traces.conformance.departure import Departure
from raftproof.traces.events import NONE, Id, Message

WINDOW: Final = 1 << 14
"""How many messages are known in full, whatever became of them."""
OF_OLD: Final = 0
"""The Ready of a message of which an equal one may have been forgotten: to receive it shows nothing of later ones."""
LIFE_BITS: Final = 32
"""The part of a message's number that counts; the part above it names the life of its sender."""


Way: TypeAlias = tuple[str, Id, Id, int]
"""Messages that are remembered together: kind, source, dest and term, which is 0 for all terms in which no server can
be any more."""


class Ranges:
    """From where to where the fields of some messages go."""

    __slots__ = ("high", "low")

    def __init__(self, messages: Iterable[Message]) -> None:
        columns = list(zip(*map(_numbers, messages), strict=True))
        self.low, self.high = tuple(map(min, columns)), tuple(map(max, columns))

    def join(self, other: Ranges) -> None:
        """Those of other messages, too."""
        self.low, self.high = tuple(map(min, self.low, other.low)), tuple(map(max, self.high, other.high))

    def holds(self, message: Message) -> bool:
        """Whether a message may be one of them."""
        numbers = _numbers(message)
        return all(map(le, numbers, self.high)) and all(map(le, self.low, numbers)) and message.vote == NONE


def _numbers(m: Message) -> tuple[int, ...]:
    return m.index, m.commit, m.entries, m.term, m.log_term, m.reject, m.reject_hint


class Network:
    """All messages that were sent and may still have an effect, and the youngest of the others."""

    def __init__(self, spent: Callable[[Message, int], bool], oldest_term: Callable[[], int]) -> None:
        """`spent` says of a message and its Ready whether its receipt can have no effect; `oldest_term` is the lowest
        term that any server can be in."""
        self._sent: dict[Message, int] = {}
        self._spent, self._oldest_term = spent, oldest_term
        self._limit = 2 * WINDOW
        self._forgotten: dict[Way, Ranges] = {}
        self._latest: dict[tuple[str, Id, Id], Message] = {}
        self._numbers: dict[tuple[Id, int], Message] = {}
        self._last_number: dict[tuple[Id, int], int] = {}
        """The highest number that was forgotten, by sender and life."""

    def __len__(self) -> int:
        """How many messages are known in full."""
        return len(self._sent)

    def send(self, message: Message, ready: int, again: bool) -> None:
        """A message is sent, to leave with a Ready; `again` if an equal one from before can no longer arrive."""
        if again or message not in self._sent:
            is_old = not again and bool(self._forgotten) and self.may_be_forgotten(message)
            self._sent[message] = OF_OLD if is_old else ready
            if len(self._sent) >= self._limit:
                self._forget()
        self._latest[message.type, message.source, message.dest] = message

    def sent(self, message: Message) -> int | None:
        """The number of its sender's Ready that a message left with first, or None if nobody sent it."""
        return self._sent.get(message)

    def may_be_forgotten(self, message: Message) -> bool:
        """Whether a message may be one of those that were sent and forgotten."""
        m, forgotten = message, self._forgotten
        ranges = forgotten.get((m.type, m.source, m.dest, m.term)) or forgotten.get((m.type, m.source, m.dest, 0))
        return ranges is not None and ranges.holds(message)

    def latest(self, message: Message) -> Message | None:
        """The last message of the same kind on the same way."""
        return self._latest.get((message.type, message.source, message.dest))

    def _forget(self) -> None:
        """Forget what is spent, but for the youngest."""
        spent: defaultdict[Way, list[Message]] = defaultdict(list)
        for message, ready in list(islice(self._sent.items(), len(self._sent) - WINDOW)):
            if self._spent(message, ready):
                del self._sent[message]
                spent[message.type, message.source, message.dest, message.term].append(message)
        for way, messages in spent.items():
            self._remember(way, Ranges(messages))
        oldest = self._oldest_term()
        for kind, source, dest, term in list(self._forgotten):
            if 0 < term < oldest:
                self._remember((kind, source, dest, 0), self._forgotten.pop((kind, source, dest, term)))
        self._limit = max(2 * WINDOW, 2 * len(self._sent))

    def _remember(self, way: Way, ranges: Ranges) -> None:
        known = self._forgotten.setdefault(way, ranges)
        if known is not ranges:
            known.join(ranges)

    # --------------------------------------------------------------------------------------------- numbers

    def number(self, message: Message, number: int) -> None:
        """The sender gave a message a number."""
        self._numbers[message.source, number] = message
        if len(self._numbers) >= 2 * WINDOW:
            for source, old in list(islice(self._numbers, WINDOW)):
                del self._numbers[source, old]
                life = source, old >> LIFE_BITS
                self._last_number[life] = max(old, self._last_number.get(life, 0))

    def compare_number(self, message: Message, number: int) -> None:
        """A message is received under the number that its sender gave it."""
        known = self._numbers.get((message.source, number))
        if known is None and number <= self._last_number.get((message.source, number >> LIFE_BITS), -1):
            return
        if known != message:
            raise Departure(
                "network",
                f"server {message.source} sent another message under this number",
                {"message": "as sent"},
                {"number": number},
                cause="missing",
            )
