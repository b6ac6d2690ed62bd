"""Damages a trace of three real servers, and prints it in words: `python docs/course/exercises/damage.py A`.

A, B and C are damaged in a certain way, a number in one that it chooses. Only lines about elections are printed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from raftproof.traces.conformance.explain import sentence
from raftproof.traces.events import Placed
from raftproof.traces.reading import in_file_order, opened

TRACE = Path(__file__).parents[3] / "tests/traces/corpus/good/contested3-s8-n300.ndjson.gz"
FIRST, LAST = 34, 96
"""What is printed: two contested elections, in terms 2 and 3."""


def good() -> list[Placed]:
    """The trace as it was recorded."""
    with opened(str(TRACE)) as file:
        return list(in_file_order(str(TRACE), file))


def damaged(name: str) -> list[Placed]:
    """The trace with the damage of this name."""
    if name == "A":
        return _answered_otherwise(good(), 51)
    if name == "B":
        return _answered_otherwise(good(), 83)
    if name == "C":
        return _without(good(), 42)
    chance, items = random.Random(int(name)), good()
    votes = [i.number for i in items if FIRST < i.number < LAST and i.event.name == "SendRequestVoteResponse"]
    line = chance.choice(votes)
    return chance.choice((_answered_otherwise, _without, _of_a_later_term))(items, line)


def _changed(items: Sequence[Placed], line: int, **message: object) -> list[Placed]:
    """The message of a line with other contents."""
    out = []
    for item in items:
        if item.number == line and item.event.msg is not None:
            event = msgspec.structs.replace(item.event, msg=msgspec.structs.replace(item.event.msg, **message))
            item = Placed(item.file, item.number, event, item.time)
        out.append(item)
    return out


def _answered_otherwise(items: Sequence[Placed], line: int) -> list[Placed]:
    """A vote that was refused is granted, or the other way round."""
    (answer,) = (item.event.msg for item in items if item.number == line)
    assert answer is not None
    return _changed(items, line, reject=not answer.reject)


def _without(items: Sequence[Placed], line: int) -> list[Placed]:
    """A line is lost."""
    return [item for item in items if item.number != line]


def _of_a_later_term(items: Sequence[Placed], line: int) -> list[Placed]:
    """A message names a later term than its sender's."""
    (answer,) = (item.event.msg for item in items if item.number == line)
    assert answer is not None
    return _changed(items, line, term=answer.term + 1)


def main(words: list[str]) -> int:
    """Print one damaged trace."""
    if len(words) != 1 or not (words[0] in ("A", "B", "C") or words[0].isdecimal()):
        print("python docs/course/exercises/damage.py NAME: name A, B, C or a number", file=sys.stderr)
        return 2
    for item in damaged(words[0]):
        if FIRST <= item.number <= LAST:
            print(f"{item.number:3}  {sentence(item.event)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
