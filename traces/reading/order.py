"""Events in the order in which they happened.

A file is read once, as a stream. A file whose time goes backwards has several writers: it is sorted whole, and equal
times keep the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from raftproof.traces.events import Placed
from raftproof.traces.reading.lines import Malformed, placed


class Unsorted(Exception):
    """The time goes backwards: the file has to be sorted."""


def in_file_order(path: str, file: BinaryIO) -> Iterator[Placed]:
    """The events of a file from its beginning on; raises Unsorted where the time goes backwards."""
    file.seek(0)
    last: float | str | None = None
    for item in placed(path, file):
        time = item.time
        if time is not None:
            if type(time) is not type(last):
                _compare_kinds(item, last)
            elif time < last:  # type: ignore[operator]
                raise Unsorted
            last = time
        yield item


def is_sorted(path: str, file: BinaryIO) -> bool:
    """Whether the time of a file never goes backwards, as far as its lines can be read."""
    try:
        for _ in in_file_order(path, file):
            pass
    except Unsorted:
        return False
    except Malformed:
        return True
    return True


def sorted_whole(path: str, file: BinaryIO) -> Iterator[Placed]:
    """The events of a file, sorted by their time."""
    file.seek(0)
    items = list(placed(path, file))
    untimed = next((item for item in items if item.time is None), None)
    if untimed is not None:
        raise Malformed(path, untimed.number, "the lines are not in order, and this one has no time (ts)")
    return iter(sorted(items, key=lambda item: item.time))  # type: ignore[arg-type, return-value]


def _compare_kinds(item: Placed, last: float | str | None) -> None:
    """Times of one file are all numbers, or all texts."""
    if last is not None:
        reason = f"the time {item.time!r} is of another kind than {last!r} before it"
        raise Malformed(item.file, item.number, reason)
