"""A server's log in memory: what lies behind a snapshot, what is stored, what is on its way to the disk.

```
        base        stored        offered         last
 ────────┼────────────┼──────────────┼──────────────┤
 snapshot   durable     being written   not yet given out
```
Invariant: base_index <= stored_index <= offered_index <= last_index. A conflict (§5.3) cuts the log and lowers the
marks with it, those of writes in flight too: a cut entry never counts as stored, even if one of the same term comes
back to its place later, because the disk may still cut it after storing it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from raftproof.impl.core.entries import Entry, Snapshot


class Log:
    """The entries after a snapshot."""

    __slots__ = ("base_index", "base_term", "entries", "last_index", "offered_index", "stored_index", "writes")

    def __init__(self, snapshot: Snapshot, entries: Sequence[Entry]) -> None:
        """What was stored: the latest snapshot, and the entries after it."""
        self.base_index = snapshot.index
        self.base_term = snapshot.term
        self.entries = list(entries)
        self.last_index = snapshot.index + len(self.entries)
        self.offered_index = self.stored_index = self.last_index
        self.writes: deque[tuple[int, int]] = deque()  # number of a write in flight, the last index it makes durable
        assert all(e.index == i for i, e in enumerate(self.entries, snapshot.index + 1)), "stored entries have a gap"

    @property
    def last_term(self) -> int:
        """The term of the last entry."""
        return self.entries[-1].term if self.entries else self.base_term

    def term(self, index: int) -> int:
        """The term of an entry; 0 where there is none, or where it lies behind the snapshot."""
        place = index - self.base_index
        if place > 0:
            return self.entries[place - 1].term if index <= self.last_index else 0
        return self.base_term if place == 0 else 0

    def slice(self, first: int, last: int) -> tuple[Entry, ...]:
        """The entries from first to last, both included. Pre: base_index < first."""
        base = self.base_index
        return tuple(self.entries[first - base - 1 : last - base])

    def slice_bytes(self, first: int, limit: int) -> tuple[Entry, ...]:
        """The entries from first on, as many as hold `limit` bytes of data, but one at least."""
        found = self.entries[first - self.base_index - 1 :]
        size = 0
        for taken, entry in enumerate(found):
            size += len(entry.data)
            if size > limit and taken:
                return tuple(found[:taken])
        return tuple(found)

    def append(self, entry: Entry) -> None:
        """A leader appends (§5.3): to the end, whatever is there."""
        self.entries.append(entry)
        self.last_index += 1

    def extend(self, entries: Sequence[Entry]) -> None:
        """A follower appends what continues its log."""
        self.entries.extend(entries)
        self.last_index += len(entries)

    def cut(self, first: int) -> None:
        """Forget the entry at `first` and all that follow it (§5.3)."""
        del self.entries[first - self.base_index - 1 :]
        self.last_index = last = first - 1
        if self.offered_index > last:
            self.offered_index = last
            self.stored_index = min(self.stored_index, last)
            self.writes = deque((number, min(index, last)) for number, index in self.writes)

    def take_unoffered(self, number: int) -> tuple[Entry, ...]:
        """The entries not yet given to the disk, which write `number` now stores."""
        entries = self.slice(self.offered_index + 1, self.last_index)
        self.offered_index = self.last_index
        self.writes.append((number, self.last_index))
        return entries

    def stored(self, number: int) -> None:
        """Every write up to `number` is durable."""
        writes = self.writes
        while writes and writes[0][0] <= number:
            index = writes.popleft()[1]
            if index > self.stored_index:
                self.stored_index = index

    def restore(self, snapshot: Snapshot) -> None:
        """A snapshot takes the place of the whole log (§7). Its storing is a write like that of entries."""
        self.entries.clear()
        self.writes.clear()
        self.base_index = self.last_index = self.offered_index = snapshot.index
        self.base_term = snapshot.term
        self.stored_index = 0  # raised when the write that holds the snapshot is durable

    def compact(self, index: int) -> None:
        """Forget the entries up to `index` (§7). Pre: stored, and in a durable snapshot."""
        if index <= self.base_index:
            return
        assert index <= self.stored_index, "an entry is discarded before it is durable"
        term = self.term(index)
        del self.entries[: index - self.base_index]
        self.base_index, self.base_term = index, term

    def find_conflict_by_term(self, index: int, term: int) -> tuple[int, int]:
        """The last place at or before `index` whose term is at most `term`, and its term; 0 where it is not known.

        The fast backtracking at the end of §5.3: entries of a later term cannot match, so all of them are skipped at
        once, by the follower in its refusal and by the leader in its answer to it.
        """
        if index > self.last_index:
            return index, 0
        while index >= self.base_index:
            found = self.term(index)
            if found <= term:
                return index, found
            index -= 1
        return index, 0
