"""What a server's disk may hold: every Ready since the last surely persisted one, and what of it a restart may load.

    Ready:      r         r + 1      r + 2   …   latest
             surely there |  a restart loads the hard state of one of these, and the log of one of these,
                          |  or the log of one of these with the entries of the next up to any place (a torn Ready)

A Ready is surely persisted once one of its answers was received, or an answer of a later one (they leave after it). The
commit index may be older than the rest: a Ready that only moves it need not reach the disk.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from raftproof.traces.events import Id

Log: TypeAlias = list[int]
"""Entries from index 1 on (0 stands at index 0): the term, shifted, above the number of a change of membership or 0."""
SHIFT = 20
"""Bits for the number of a change of membership."""


def common_prefix(first: Log, length: int, second: Log, other: int) -> int:
    """How many entries two logs share, from the front: equal entries have equal logs before them (Log Matching)."""
    shared = min(length, other)
    if first is not second:
        while shared and first[shared] != second[shared]:
            shared -= 1
    return shared


class Fixed:
    """The log of a leader that leads no more: what of it is committed is kept where that is, and the rest here."""

    __slots__ = ("_base", "_committed", "_rest")

    def __init__(self, log: Log, committed: Log) -> None:
        """`committed` only ever gets longer."""
        self._committed = committed
        self._base = common_prefix(log, len(log) - 1, committed, len(committed) - 1)
        self._rest = log[self._base + 1 :]

    def __getitem__(self, index: int) -> int:
        return self._committed[index] if index <= self._base else self._rest[index - self._base - 1]

    def part(self, first: int, end: int) -> Log:
        """The entries from first to before end."""
        base = self._base
        return (
            self._committed[first : min(end, base + 1)] + self._rest[max(first - base - 1, 0) : max(end - base - 1, 0)]
        )


class Record:
    """A Ready, or several in a row that carried the same: what would be on disk if it was persisted."""

    __slots__ = ("commit_first", "commit_last", "first", "last", "length", "log", "term", "vote")

    def __init__(self, number: int, term: int, vote: Id, commit: int, log: Log, length: int) -> None:
        self.first = self.last = number
        self.term, self.vote = term, vote
        self.commit_first = self.commit_last = commit
        self.log = log  # shared with the server, which copies it before it cuts it below `length`
        self.length = length


class Loaded(NamedTuple):
    """A log that a restart may load, and the last Ready that it shows to be there whole."""

    log: Log
    length: int
    ready: int


class Disk:
    """The Readys of one server that may be its latest on disk."""

    __slots__ = ("records", "sure", "sure_if_synchronous")

    def __init__(self, first: Record) -> None:
        self.records = [first]
        self.sure = self.sure_if_synchronous = first.last
        """Numbers of Readys: surely persisted; the second, unless storage is written asynchronously."""

    def ready(self, number: int, term: int, vote: Id, commit: int, log: Log, length: int) -> None:
        """A Ready is handed to the disk."""
        last = self.records[-1]
        if last.log is log and last.length == length and last.term == term and last.vote == vote:
            last.last, last.commit_last = number, commit
        else:
            self.records.append(Record(number, term, vote, commit, log, length))

    def persisted(self, number: int, answer: bool) -> None:
        """A message of a Ready was received. Messages that are no answers do not wait for asynchronous storage."""
        if number > self.sure_if_synchronous:
            self.sure_if_synchronous = number
        if answer and number > self.sure:
            self.sure = number
            records = self.records
            while len(records) > 1 and records[1].first <= number:
                del records[0]

    def loads(self, length: int) -> list[Loaded]:
        """The different logs of a length that a restart may load, the latest first."""
        found: dict[int, Loaded] = {}
        for k in range(len(self.records) - 1, -1, -1):
            record = self.records[k]
            if record.length == length:
                found.setdefault(record.log[length], Loaded(record.log, length, record.last))
            elif k and record.length > length:
                before = self.records[k - 1]
                if length > common_prefix(before.log, before.length, record.log, record.length):
                    found.setdefault(record.log[length], Loaded(record.log, length, record.first - 1))
        return list(found.values())

    def lengths(self) -> tuple[int, int]:
        """The shortest and the longest log that a restart may load."""
        lengths = [record.length for record in self.records]
        return min(lengths), max(lengths)

    def hard_states(self) -> list[tuple[int, Id]]:
        """The terms and votes that a restart may load, the latest first."""
        return [(record.term, record.vote) for record in reversed(self.records)]

    def last_with(self, term: int, vote: Id) -> int | None:
        """The last Ready that carried a term and a vote."""
        return next((r.last for r in reversed(self.records) if r.term == term and r.vote == vote), None)

    def oldest_term(self) -> int:
        """The lowest term that a restart may load: terms only rise."""
        return self.records[0].term

    def commits(self) -> tuple[int, int]:
        """The range of the commit index that a restart may load."""
        return self.records[0].commit_first, self.records[-1].commit_last
