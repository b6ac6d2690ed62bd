"""How much the conformance check sees: change one thing in a good trace, and look whether it is rejected.

    python -m raftproof.traces.mutation --seed 1 --count 20000 --traces tests/traces/corpus [--out FILE.md]

A mutation changes one field of one line, drops a line, doubles one, or swaps two, together with their place in time.
Some changes cannot be seen, and some lead to another legal trace: they are counted by event and field, each with its
reason.

Two more questions: which functions of the check found a departure at all, and which rules of the model matter, that is,
which of them switched off would change the verdict of a trace, good or bad.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from raftproof.model.deployed import everything
from raftproof.traces import conformance
from raftproof.traces.conformance import follow
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Event, Placed
from raftproof.traces.reading import Malformed, Unsorted, in_file_order, opened, sorted_whole
from raftproof.traces.reading.lines import KINDS

ROLES: Final = ("StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate")
ACTIONS: Final = ("AddNewServer", "RemoveServer", "AddLearner")
PLAIN: Final = ("BecomeFollower", "BecomeCandidate", "BecomeLeader", "Replicate", "Commit", "Ready")
"""Events that carry nothing but the state, so that one can stand for another."""

Path_ = tuple[str, ...]


class Mutation(NamedTuple):
    """A change: what it is called, and the events after it."""

    kind: str
    """The field that is changed, or drop, double, swap."""
    event: str
    number: int
    items: list[Placed]


def mutations(items: Sequence[Placed], chance: random.Random) -> Mutation:
    """A random change of a trace."""
    at = chance.randrange(len(items))
    item = items[at]
    kind = chance.choices(("field", "drop", "double", "swap"), (8, 1, 1, 1))[0]
    changed = list(items)
    if kind == "drop":
        del changed[at]
    elif kind == "double":
        changed.insert(at, item)
    elif kind == "swap":
        other = min(at + 1 + chance.randrange(4), len(items) - 1)
        changed[at], changed[other] = changed[other], changed[at]
    else:
        kind, event = change_field(item.event, ids_of(items), chance)
        changed[at] = Placed(item.file, item.number, event, item.time)
    return Mutation(kind, item.event.name, item.number, changed)


def ids_of(items: Sequence[Placed]) -> list[str]:
    """The servers of a trace."""
    return sorted({item.event.nid for item in items}, key=lambda nid: (len(nid), nid))


def change_field(event: Event, ids: Sequence[str], chance: random.Random) -> tuple[str, Event]:
    """One field of an event has another value of its sort."""
    data = msgspec.to_builtins(event)
    places = [place for place in _places(data) if place != ("nid",) or len(ids) > 1]
    place = chance.choice(places)
    *above, last = place
    inner: Any = data
    for key in above:
        inner = inner[key]
    name = ".".join(str(key) for key in place if not isinstance(key, int))
    inner[last] = _other(name, inner[last], event, ids, chance)
    return name, msgspec.convert(data, Event)


def _places(data: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every field of an event that has a value to change; a configuration is one field."""
    for key, value in data.items():
        place = (*above, key)
        if value is None or key == "raftproof":
            continue
        if key == "changes":
            for k in range(len(value)):
                yield from ((*place, k, "nid"), (*place, k, "action"))
        elif isinstance(value, dict):
            yield from _places(value, place)
        elif place != ("name",) or value in PLAIN or value in KINDS:
            yield place


def _other(name: str, value: Any, event: Event, ids: Sequence[str], chance: random.Random) -> Any:
    """Another value of the same sort."""

    def pick(values: Sequence[Any]) -> Any:
        return chance.choice([v for v in values if v != value] or [value])

    if name == "name":
        same = [n for n in KINDS if KINDS[n] == KINDS[value] and n != value] if value in KINDS else PLAIN
        return pick(same)
    if name == "msg.type":
        return pick(sorted(KINDS[event.name]))
    if name == "role":
        return pick(ROLES)
    if name.endswith("action"):
        return pick(ACTIONS)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(0, value + chance.choice((-2, -1, 1, 2))) if value else value + chance.choice((1, 2))
    if name == "conf":
        half = chance.randrange(2)
        halves = [list(part) for part in value]
        halves[half] = _another_set(halves[half], ids, chance)
        return halves
    if name.endswith("newconf"):
        return _another_set(list(value), ids, chance)
    return pick(["0", *ids])


def _another_set(members: list[str], ids: Sequence[str], chance: random.Random) -> list[str]:
    """A set with one member more, or one less."""
    one = chance.choice(ids)
    changed = [m for m in members if m != one] if one in members else [*members, one]
    return sorted(changed, key=lambda nid: (len(nid), nid))


# --------------------------------------------------------------------------------------------------- the study


@dataclass
class Study:
    """What came of many mutations."""

    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By event and kind."""
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    at_once: int = 0
    """Rejected at the line that was changed, or at the first line after it of the same server."""
    rules: Counter[str] = field(default_factory=Counter)
    conditions: Counter[str] = field(default_factory=Counter)
    """Departures by the functions through which they came."""

    @property
    def share(self) -> float:
        """How many were rejected."""
        return sum(self.rejected.values()) / max(1, sum(self.tried.values()))


def study(traces: Sequence[list[Placed]], seed: int, count: int) -> Study:
    """Mutate random traces, longer ones more often."""
    chance = random.Random(seed)
    result = Study()
    weights = [len(items) for items in traces]
    for _ in range(count):
        items = chance.choices(traces, weights)[0]
        mutation = mutations(items, chance)
        if mutation.items == items:
            continue
        key = (mutation.event, mutation.kind)
        result.tried[key] += 1
        outcome = follow(mutation.items)
        if outcome.verdict == "accepted":
            continue
        result.rejected[key] += 1
        departure = outcome.departure
        if departure is not None:
            result.rules[departure.rule] += 1
            result.conditions.update(places_of(departure))
    return result


def places_of(departure: BaseException) -> set[str]:
    """The functions of the check through which a departure came."""
    places = set()
    trace = departure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.add(f"{Path(code.co_filename).stem}.{code.co_name}")
        trace = trace.tb_next
    return places


def places() -> set[str]:
    """All functions of the check that can find a departure."""
    found = set()
    for path in Path(conformance.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                raises = [inner for inner in ast.walk(node) if isinstance(inner, ast.Raise)]
                if any("Departure" in ast.dump(inner) for inner in raises):
                    found.add(f"{path.stem}.{node.name}")
    return found


def verdict(items: Sequence[Placed], strict: bool, without: Sequence[Any]) -> tuple[str, int]:
    """Where a trace departs from the model, or from a model without some rules; 0 if nowhere."""
    run = Run(strict, None, without)
    try:
        run.follow(items)
    except (Departure, AssertionError) as departure:
        return type(departure).__name__, run.events
    return "accepted", 0


def rules_that_matter(traces: Sequence[list[Placed]]) -> dict[str, int]:
    """For each rule that can be switched off, how many traces would have another verdict without it."""
    found = {}
    for rule in everything.breakable():
        strict = rule.name == "SEND_ENTRIES"  # what it demands is progress
        found[rule.name.lower()] = sum(verdict(t, strict, ()) != verdict(t, strict, (rule,)) for t in traces)
    return found


def load(folder: Path) -> list[list[Placed]]:
    """All traces of a folder."""
    traces = []
    for path in sorted(folder.glob("*.ndjson.gz")):
        with opened(str(path)) as file:
            try:
                traces.append(list(in_file_order(str(path), file)))
            except Unsorted:
                traces.append(list(sorted_whole(str(path), file)))
            except Malformed:
                continue  # some bad ones are meant to be
    return traces


# --------------------------------------------------------------------------------------------------- the report

REASONS: Final = (
    ("double", "InitState", "a server may start twice before it does anything"),
    ("double", "BecomeFollower", "a pre-vote may have been refused, which is not logged"),
    ("drop", "ChangeConf", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("msg.type", "Send", "a leader may send another message of the same fields"),
    ("nid", "Ready", "another server in the same state may be ready, too"),
    ("name", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Ready", "a Ready without news changes nothing; `--strict` demands one between a message and its receipt"),
    ("drop", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Commit", "an attempt that commits nothing leaves no mark"),
    ("drop", "Send", "a message that is never received might not have been sent; a repeated one was sent before"),
    ("drop", "Receive", "an answer that tells nothing new leaves no mark"),
    ("drop", "ApplyConfChange", "a change that leaves the voters as they are may still be unapplied"),
    ("drop", "", "what shows the same as the line before it, or the last line of a server, leaves no mark"),
    ("double", "", "messages may be sent and received twice; a Ready and a refused proposal may come twice"),
    ("swap", "", "lines of different servers without a message between them may stand in any order"),
    ("msg.index", "Send", "a leader may send any part of its log; nobody received the message"),
    ("msg.logTerm", "Send", "see index"),
    ("msg.entries", "Send", "a leader may send fewer entries than it has, and a snapshot of any committed index"),
    (
        "msg.commit",
        "SendAppendEntriesRequest",
        "a heartbeat may tell less than is known; `--strict` demands exactly that",
    ),
    ("msg", "Receive", "an equal message was sent before, too; or it is an old one that is ignored either way"),
    ("msg.to", "Send", "a leader may send the same to another member"),
    ("role", "", "a follower may have become a pre-candidate, which is not logged"),
    ("name", "", "one of two Readys, or attempts to commit, more or less"),
    ("prop.cc", "ChangeConf", "the changed entry is never applied in the trace"),
    ("prop", "SendAppendEntriesRequest", "a leader that was removed has no progress of its own"),
    ("state", "", "the last line of a server, or one whose hidden cause is possible"),
    ("", "", "the change leads to another legal trace"),
)
"""Why a change may go unseen: the first that fits its kind and its event."""


def reason(kind: str, event: str) -> str:
    """Why such a change may go unseen."""
    return next(text for k, e, text in REASONS if kind.startswith(k) and event.startswith(e))


def report(result: Study, seed: int, matter: Mapping[str, int]) -> str:
    """The study as a page."""
    tried, seen_in_all = sum(result.tried.values()), sum(result.rejected.values())
    lines = [
        "# Changed traces: what is seen, and what is not",
        "",
        f"{tried:,} changes of good traces (seed {seed}); {seen_in_all:,} rejected: **{100 * result.share:.1f} %**.",
        "",
        "| change | tried | rejected |",
        "|---|---:|---:|",
    ]
    kinds = Counter[str]()
    seen = Counter[str]()
    for (_, kind), number in result.tried.items():
        kinds[kind] += number
    for (_, kind), number in result.rejected.items():
        seen[kind] += number
    lines += [f"| `{kind}` | {n:,} | {100 * seen[kind] / n:.1f} % |" for kind, n in sorted(kinds.items())]
    lines += ["", "## What went unseen", "", "| event | change | unseen of | why |", "|---|---|---:|---|"]
    for (event, kind), n in sorted(result.tried.items()):
        unseen = n - result.rejected[event, kind]
        if unseen:
            lines.append(f"| {event} | `{kind}` | {unseen} of {n} | {reason(kind, event)} |")
    never = [
        f"{event} `{kind}`" for (event, kind), n in sorted(result.tried.items()) if not result.rejected[event, kind]
    ]
    lines += ["", "Fields whose change was never seen: " + (", ".join(never) or "none") + ".", ""]
    lines += ["## Rules by which changes were rejected", "", "| rule | times |", "|---|---:|"]
    lines += [f"| `{rule}` | {n:,} |" for rule, n in result.rules.most_common()]
    silent = sorted(places() - result.conditions.keys())
    lines += ["", "Functions of the check that found no departure, untested here: "]
    lines[-1] += (", ".join(f"`{place}`" for place in silent) or "none") + "."
    lines += ["", "## Rules of the model, switched off one by one", ""]
    lines += ["| rule | traces, good and bad, whose verdict changes |", "|---|---:|"]
    lines += [f"| `{rule}` | {n or '0: untested'} |" for rule, n in matter.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m raftproof.traces.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--traces", type=Path, required=True, help="a folder with traces in good/ and bad/")
    parser.add_argument("--out", type=Path, help="write the page here")
    options = parser.parse_args(arguments)
    good, bad = load(options.traces / "good"), load(options.traces / "bad")
    if not good:
        print(f"mutation: {options.traces}/good holds no *.ndjson.gz", file=sys.stderr)
        return 2
    result = study(good, options.seed, options.count)
    for items in bad:
        departure = follow(items).departure
        if departure is not None:
            result.conditions.update(places_of(departure))
    text = report(result, options.seed, rules_that_matter(good + bad))
    if options.out:
        options.out.write_text(text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
