"""Find the gallery's counterexamples anew: `python -m raftproof.model.gallery.search [RULE …]` (minutes, 4 GB for all).

`--from RESULT.json` takes over what `raftproof check --json` has written, where a search takes long.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from raftproof.checker.result import Json, Result, from_json
from raftproof.checker.run import check
from raftproof.model.gallery.exhibits import Exhibit, Taken, file_of, kept
from raftproof.model.gallery.questions import HARMLESS, QUESTIONS, Asked


def exhibit_of(asked: Asked, result: Result) -> Exhibit:
    """What is kept of a search's result."""
    if (result.verdict, asked.rule in HARMLESS) not in (("violated", False), ("holds", True)):
        raise ValueError(f"{asked.command}: {result.verdict}; HARMLESS says otherwise, or a limit came first")
    found = result.coarse or result.violation
    return Exhibit(
        rule=asked.rule,
        property=found.property if found else "",
        depth=found.depth if found else result.depth,
        generated=result.generated,
        distinct=result.distinct,
        bounds=result.bounds,
        faults=sorted(asked.faults),
        only=asked.only,
        command=asked.command,
        start=_starts(asked).index(found.initial) if found else 0,
        steps=[Taken(step.action, step.parameters) for step in found.steps] if found else [],
    )


def _starts(asked: Asked) -> list[Json]:
    """The initial states, as results show them."""
    question = asked.question()
    layout = question.layout()
    system = question.interpreter(layout)
    return [layout.show(system.state(state)) for state in system.initial_states()]


def keep(asked: Asked, exhibit: Exhibit) -> None:
    """Put an exhibit into its model's file, in the order of the questions; what nobody asks any more goes."""
    model = asked.model.name
    known = {one.command: one for one in kept(model)} | {exhibit.command: exhibit}
    asked_for = [q.command for q in QUESTIONS if q.model.name == model]
    lines = [msgspec.json.encode(known[command]).decode() for command in asked_for if command in known]
    file_of(model).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def main(words: list[str]) -> int:
    """Search for the named rules, or for all."""
    if words[:1] == ["--from"]:
        for word in words[1:]:
            result = from_json(Path(word))
            asked = next(q for q in QUESTIONS if is_answered_by(q, result))
            keep(asked, exhibit_of(asked, result))
        return 0
    for asked in QUESTIONS:
        if not words or asked.rule in words or asked.model.name in words:
            exhibit = exhibit_of(asked, check(asked.question(workers=2)))
            keep(asked, exhibit)
            told = f"{exhibit.property} falls in" if exhibit.property else "nothing falls, to a depth of"
            print(f"{told} {exhibit.depth} states: {asked.command}", file=sys.stderr)
    return 0


def is_answered_by(asked: Asked, result: Result) -> bool:
    """Whether a result is of this question."""
    same = (asked.model.name, [asked.rule], sorted(asked.faults)) == (result.model, result.broken, result.faults)
    bounds = {**asked.model.bounds, **asked.bounds}
    return same and bounds == result.bounds and (not asked.only or asked.only in result.command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
