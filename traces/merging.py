"""Put the logs of the servers of a cluster together: one file a server, no clock that they share.

What is known is each file's own order, and that a message is received after it was sent: it has an identity, its sender
and a number. It has left its sender only after the Ready that follows it.

```
 s1   Send 7 ── Ready ─────────────────── Receive 3 of s2 ──▶     any order that keeps every file's own and every arrow
                    ╲                       ╱                     is as good as the true one: what two servers do
 s2                  Receive 7 of s1 ── Send 3 ── Ready ────▶     between two messages does not meet
```
Of the lines that may come next the one with the earliest time on it is taken, so that clocks which happen to agree give
the order that a reader expects; clocks that do not agree change nothing in what must come before what.

A number counts up in one life of its sender, and its upper half names that life. So little is kept: of each life the
last number that has left. Where nothing may come next, a message was received that was never sent, or sent because of
itself: the earliest such line is let through, for whoever judges the trace to say so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import Generic, NamedTuple, TypeVar

from raftproof.traces.events import Placed
from raftproof.traces.reading.lines import Malformed, opened, placed

LIFE_BITS = 32
"""The lower part of a message's number, which counts; the part above it names the life of its sender."""

Line = TypeVar("Line")


class Mark(NamedTuple):
    """What of a line decides its place."""

    server: str
    time: float
    """As the server's clock tells it."""
    sends: int = 0
    """The number of the message that is sent here; 0 for none."""
    is_ready: bool = False
    """Whether what was sent so far leaves now."""
    source: str = ""
    """Who sent the message that is received here; empty where none is, or where the server itself did."""
    receives: int = 0
    """That message's number."""


class MissingLog(Exception):
    """Messages of a server are received whose log is not among those that were given."""

    def __init__(self, server: str, line: object) -> None:
        """The server, and the first line that cannot be placed without its log."""
        super().__init__(server)
        self.server = server
        self.line = line


def together(paths: Iterable[str]) -> Iterator[Placed]:
    """The events of a cluster of our servers, from the files of all of them; raises Malformed."""
    owners: dict[str, str] = {}
    try:
        yield from merge([_own(path, owners) for path in paths], mark_of)
    except MissingLog as missing:
        line = missing.line
        assert isinstance(line, Placed)
        raise Malformed(
            line.file,
            line.number,
            f"a message of server {missing.server} is received, whose log is missing; name the files of all servers",
        ) from None


def _own(path: str, owners: dict[str, str]) -> Iterator[Placed]:
    """The events of one file, in its own order; no server of it may be in another file too."""
    with opened(path) as file:
        for line in placed(path, file):
            owner = owners.setdefault(line.event.nid, path)
            if owner != path:
                raise Malformed(
                    path, line.number, f"server {line.event.nid} is in {owner} too; each server has one file of its own"
                )
            yield line


def mark_of(line: Placed) -> Mark:
    """What decides a line's place; raises Malformed where a message has no number."""
    event = line.event
    time = line.time if isinstance(line.time, int | float) else 0.0
    message = event.msg
    if message is None:
        return Mark(event.nid, time, is_ready=event.name == "Ready")
    number = event.raftproof.message if event.raftproof is not None else None
    if not number:
        raise Malformed(line.file, line.number, "the message has no number; start every server with --trace")
    if event.name.startswith("Send"):
        return Mark(event.nid, time, sends=number)
    return Mark(event.nid, time, source="" if message.source == event.nid else message.source, receives=number)


def merge(logs: Iterable[Iterable[Line]], mark_of: Callable[[Line], Mark]) -> Iterator[Line]:
    """All lines, in an order that could have been; raises MissingLog."""
    return _Merging([iter(log) for log in logs], mark_of).lines()


class _Merging(Generic[Line]):
    def __init__(self, logs: list[Iterator[Line]], mark_of: Callable[[Line], Mark]) -> None:
        self._logs = logs
        self._mark_of = mark_of
        self._heads: list[tuple[Line, Mark] | None] = [None] * len(logs)
        self._next: list[tuple[float, int]] = []  # heads that may come now, as a heap: time, place of the log
        self._waiting: defaultdict[str, list[int]] = defaultdict(list)  # heads that wait, by the server they wait for
        self._sent: dict[str, int] = {}  # the last number sent and not yet gone, by server
        self._left: dict[tuple[str, int], int] = {}  # the last number that has left, by server and life
        self._seen: set[str] = set()  # servers of which a line was read

    def lines(self) -> Iterator[Line]:
        """One after another."""
        for place in range(len(self._logs)):
            self._advance(place)
        while True:
            if not self._next and not self._let_one_through():
                return
            _, place = heappop(self._next)
            head = self._heads[place]
            assert head is not None, "a log that may go on has a line"
            line, mark = head
            yield line
            if mark.sends:
                self._sent[mark.server] = mark.sends
            elif mark.is_ready:
                self._release(mark.server)
            self._advance(place)

    def _advance(self, place: int) -> None:
        """Look at the next line of a log: it may come now, or it waits."""
        line = next(self._logs[place], None)
        if line is None:
            self._heads[place] = None
            return
        mark = self._mark_of(line)
        self._seen.add(mark.server)
        self._heads[place] = line, mark
        if self._may_come(mark):
            heappush(self._next, (mark.time, place))
        else:
            self._waiting[mark.source].append(place)

    def _may_come(self, mark: Mark) -> bool:
        return not mark.source or mark.receives <= self._left.get((mark.source, mark.receives >> LIFE_BITS), 0)

    def _release(self, server: str) -> None:
        """A Ready: what was sent leaves, and may be received."""
        number = self._sent.pop(server, 0)
        if not number:
            return
        self._left[server, number >> LIFE_BITS] = number
        waiting = self._waiting.pop(server, [])
        for place in waiting:
            head = self._heads[place]
            assert head is not None, "a line that waits is there"
            if self._may_come(head[1]):
                heappush(self._next, (head[1].time, place))
            else:
                self._waiting[server].append(place)

    def _let_one_through(self) -> bool:
        """Nothing may come, yet lines are left: whether there are any. Then the earliest comes all the same."""
        places = [place for waiting in self._waiting.values() for place in waiting]
        if not places:
            return False
        heads = {place: head for place in places if (head := self._heads[place]) is not None}
        for line, mark in heads.values():
            if mark.source not in self._seen:
                raise MissingLog(mark.source, line)
        place = min(heads, key=lambda place: (heads[place][1].time, place))
        mark = heads[place][1]
        self._waiting[mark.source].remove(place)
        heappush(self._next, (mark.time, place))
        return True
