"""What a state holds when it is interpreted: plain Python values behind the few operations that also compile.

Every write checks its range, so that a model that leaves its declared bounds says so here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast, overload

from raftproof.checker.language.errors import ModelError
from raftproof.checker.language.sorts import Sort

K = TypeVar("K", bound=int)
V = TypeVar("V")


def in_range(name: str, sort: Sort, value: Any) -> int:
    """The value as a plain integer; a ModelError where the sort lacks it."""
    number = int(value)
    if not sort.low <= number <= sort.high:
        raise ModelError(f"{name} = {number} is outside its declared range {sort.low}..{sort.high}")
    return number


class Map(Generic[K, V]):
    """A value for every member of a finite sort."""

    __slots__ = ("_check", "_key", "_name", "_values")

    def __init__(self, name: str, key: Sort, values: list[V], check: Callable[[Any, str], Any] | None) -> None:
        self._name, self._key, self._values, self._check = name, key, values, check

    def _at(self, key: K) -> int:
        place = int(key) - self._key.first
        if not 0 <= place < len(self._values):
            raise ModelError(f"{self._name}[{key}]: the index is no {self._key.name}")
        return int(place)

    def __getitem__(self, key: K) -> V:
        return self._values[self._at(key)]

    def __setitem__(self, key: K, value: V) -> None:
        if self._check is None:
            raise ModelError(f"{self._name}[{key}]: a container cannot be assigned; change what is in it")
        self._values[self._at(key)] = self._check(value, f"{self._name}[{key}]")


class Set(Generic[K]):
    """A set of members of a finite sort."""

    __slots__ = ("_key", "_members", "_name")

    def __init__(self, name: str, key: Sort) -> None:
        self._name, self._key = name, key
        self._members: set[int] = set()

    def add(self, member: K) -> None:
        """Put a member in; it may be there already."""
        if not self._key.first <= int(member) <= self._key.last:
            raise ModelError(f"{self._name}: {member} is no {self._key.name}")
        self._members.add(int(member))

    def discard(self, member: K) -> None:
        """Take a member out; it may be absent."""
        self._members.discard(int(member))

    def clear(self) -> None:
        """Take all members out."""
        self._members.clear()

    def __contains__(self, member: K) -> bool:
        return int(member) in self._members

    def __len__(self) -> int:
        return len(self._members)


class Seq(Generic[V]):
    """A bounded sequence, indexed from 1 as in the Raft paper and in TLA+."""

    __slots__ = ("_check", "_items", "_name", "_slots")

    def __init__(self, name: str, slots: int, check: Callable[[Any], Any]) -> None:
        self._name, self._slots, self._check = name, slots, check
        self._items: list[V] = []

    def __getitem__(self, index: int) -> V:
        if not 1 <= index <= len(self._items):
            raise ModelError(f"{self._name}[{index}]: its indexes are 1..{len(self._items)}")
        return self._items[index - 1]

    def __len__(self) -> int:
        return len(self._items)

    def append(self, item: V) -> None:
        """Add an item at the end."""
        if len(self._items) == self._slots:
            raise ModelError(f"{self._name} would hold more than {self._slots} items; declare AtMost(..., over=…)")
        self._items.append(self._check(item))

    def pop(self) -> None:
        """Drop the last item."""
        if not self._items:
            raise ModelError(f"{self._name}: pop from an empty sequence")
        self._items.pop()

    def truncate(self, length: int) -> None:
        """Keep the first `length` items."""
        if not 0 <= length <= len(self._items):
            raise ModelError(f"{self._name}: cannot keep {length} of {len(self._items)} items")
        del self._items[length:]

    def drop(self, count: int) -> None:
        """Drop the first `count` items; the others move up."""
        if not 0 <= count <= len(self._items):
            raise ModelError(f"{self._name}: cannot drop {count} of {len(self._items)} items")
        del self._items[:count]


class Bag(Generic[V]):
    """A multiset of messages in flight."""

    __slots__ = ("_counts", "_name", "_slots")

    def __init__(self, name: str, slots: int) -> None:
        self._name, self._slots = name, slots
        self._counts: Counter[V] = Counter()

    def send(self, message: V) -> None:
        """Put one copy of a message in flight."""
        if self._counts.total() == self._slots:
            raise ModelError(f"{self._name} would hold more than {self._slots} messages; declare AtMost(..., over=…)")
        self._counts[message] += 1

    def discard(self, message: V) -> None:
        """Take one copy of a message out of flight."""
        if message not in self._counts:
            raise ModelError(f"{self._name}: {message} is not in flight")
        self._counts[message] -= 1
        if not self._counts[message]:
            del self._counts[message]

    def __contains__(self, message: V) -> bool:
        return message in self._counts

    def __len__(self) -> int:
        return self._counts.total()


class Members(Generic[K]):
    """All members of a sort: a constant, not a part of the state."""

    __slots__ = ("_range",)

    def __init__(self, sort: Sort) -> None:
        self._range = range(sort.first, sort.last + 1)

    def __iter__(self) -> Iterator[K]:
        return cast("Iterator[K]", iter(self._range))

    def __len__(self) -> int:
        return len(self._range)


class State:
    """The base of a model's state; the annotations of a subclass are its layout."""

    _layout: Any
    _broken: int

    def upholds(self, rule: int) -> bool:
        """Whether a rule of the protocol is in force; `--break` switches rules off."""
        return not self._broken >> rule & 1

    def __setattr__(self, name: str, value: Any) -> None:
        self._layout.assign(self, name, value)


@overload
def contents(container: Map[Any, V]) -> list[V]: ...
@overload
def contents(container: Seq[V]) -> list[V]: ...
@overload
def contents(container: Set[Any]) -> set[int]: ...
@overload
def contents(container: Bag[V]) -> Counter[V]: ...
def contents(container: Any) -> Any:
    """The plain Python value inside a container, for encoding and printing; not for models."""
    match container:
        case Map():
            return container._values
        case Seq():
            return container._items
        case Set():
            return container._members
        case Bag():
            return container._counts
    raise TypeError(container)
