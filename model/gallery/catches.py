"""Which property catches which broken rule, and how soon: `python -m raftproof.model.gallery.catches [RULE …]`.

A property is watched until it falls, then the others go on being watched alone. What a search of `STATES_MAX` states
does not decide is kept as undecided, with the depth that was looked at. Some minutes for all, kept in `catches.json`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from raftproof.checker.explore.compiled import Limits
from raftproof.checker.result import Result
from raftproof.checker.run import Question, check
from raftproof.model.gallery.exhibits import exhibits
from raftproof.model.gallery.questions import QUESTIONS, Asked

STORED = Path(__file__).parent / "catches.json"
STATES_MAX = 3_000_000


class Catch(msgspec.Struct, frozen=True):
    """What the properties of a model make of a broken rule, within the bounds of the rule's first question."""

    model: str
    rule: str
    falls: dict[str, int]
    """The length, in states, of the shortest counterexample to each property that falls."""
    holds: list[str]
    """The properties that hold in every state."""
    undecided: list[str]
    looked_at: int
    """The depth up to which the undecided ones hold."""


def catch(question: Question, rule: str, ask: Callable[[Question], Result] = check) -> Catch:
    """Watch every property until it falls, or the search ends."""
    left = [p.name for p in question.model.properties()]
    falls: dict[str, int] = {}
    holds: list[str] = []
    looked_at = 0
    while left:
        result = ask(replace(question, only=tuple(left)))
        found = result.coarse or result.violation
        if found is None:
            holds, looked_at = (left, 0) if result.verdict == "holds" else ([], result.depth)
            break
        falls[found.property] = found.depth
        left = [name for name in left if name != found.property]
    undecided = [] if holds else left
    return Catch(question.model.name, rule, falls, holds, undecided, looked_at)


def firsts() -> list[Asked]:
    """The first question of each rule of each model that lets something fall."""
    found: dict[tuple[str, str], Asked] = {}
    for asked in QUESTIONS:
        found.setdefault((asked.model.name, asked.rule), asked)
    return list(found.values())


def stored() -> list[Catch]:
    """The answer, as last found."""
    return msgspec.json.decode(STORED.read_bytes(), type=list[Catch]) if STORED.exists() else []


def main(words: list[str]) -> int:
    """Find what catches the named rules, or all, and keep it."""
    known = {(one.model, one.rule): one for one in stored()}
    for asked in firsts():
        key = (asked.model.name, asked.rule)
        if words and asked.rule not in words and asked.model.name not in words:
            continue
        found = catch(replace(asked.question(workers=2), limits=Limits(STATES_MAX, 4 << 30, None)), asked.rule)
        known[key] = _with_exhibits(found)
        print(known[key], file=sys.stderr)
        lines = [msgspec.json.encode(known[k]).decode() for q in firsts() if (k := (q.model.name, q.rule)) in known]
        STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return 0


def _with_exhibits(found: Catch) -> Catch:
    """What longer searches have found counts too, under whatever bounds."""
    longer = {
        exhibit.property: exhibit.depth
        for asked, exhibit in exhibits().items()
        if (asked.model.name, asked.rule) == (found.model, found.rule) and exhibit.property in found.undecided
    }
    undecided = [name for name in found.undecided if name not in longer]
    return msgspec.structs.replace(found, falls=found.falls | longer, undecided=undecided)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
