"""What a search found, as data: printed for people, written as JSON for machines, read again by `render`.

Values in states are plain JSON: an integer; a boolean; the name of an enumeration's member ("LEADER"); the name of a
symmetric sort's member ("s1", "v2"), or null for none; a map as an object from the names of its keys; a set as a sorted
list; a sequence as a list; a record as an object of its fields; a bag as a list of records, each with its kind under
"kind", a message in flight twice standing twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from raftproof.checker.show.notebook import ShownPath

Json: TypeAlias = Any
Verdict: TypeAlias = Literal["holds", "violated", "incomplete", "none_found"]

EXIT_CODES: dict[str, int] = {"holds": 0, "none_found": 0, "violated": 1, "incomplete": 3}


class Step(msgspec.Struct, frozen=True):
    """One action taken."""

    action: str
    parameters: dict[str, Json]
    changes: dict[str, tuple[Json, Json]]
    """What changed, before and after, by place: "role[s1]", "next_index[s1][s2]", "messages"."""
    fault: str = ""
    """The fault that this step is, if it is one: "restart", "drop", "duplicate"."""


class LogView(msgspec.Struct, frozen=True):
    """Which fields make up a server's log strip, for a model that has logs; empty where it has none."""

    log: str
    term_of_entry: str = "term"
    commit_index: str = ""
    current_term: str = ""
    role: str = ""
    leader: str = "LEADER"
    next_index: str = ""
    match_index: str = ""


class Shape(msgspec.Struct, frozen=True):
    """What a drawing must know of the model: who acts, and what its fields are."""

    members: dict[str, list[str]]
    """The names of each symmetric sort's members."""
    actors: str | None
    """The sort whose members are the lines of a space-time diagram."""
    bag: str | None
    """The field that holds the messages in flight."""
    source: str | None
    dest: str | None
    """The fields of a message that name its sender and its receiver."""
    view: LogView | None = None
    containers: dict[str, list[str]] = {}
    """The containers of each field from the outside in, out of "map", "set", "seq" and "bag", since a set and a
    sequence look alike in JSON: {"log": ["map", "seq"], "votes_granted": ["map", "set"]}. A field without any may be
    left out."""


class Claim(msgspec.Struct, frozen=True):
    """A property of the model, and what it makes of a counterexample's states."""

    sentence: str
    falls: list[int]
    """The steps after which it does not hold, or which it forbids; 0 is the initial state."""


class Violation(msgspec.Struct, frozen=True):
    """A counterexample: a shortest behavior from an initial state to one (or a step) that breaks a property."""

    property: str
    depth: int
    steps: list[Step]
    initial: Json
    """The whole first state; the later ones follow from the steps' changes."""
    facts: list[str] = []
    """What contradicts each other in the last state."""
    fact_places: list[list[str]] = []
    """For each fact the places that show it, such as "role[s1]", or "log[s1][2]" for the entry at index 2. Where there
    are none, a drawing points at the members that the fact names."""
    sentence: str = ""
    """What the property says."""
    properties: dict[str, Claim] = {}
    """All properties of the model, and where along the way each falls; empty where nobody has looked."""


class Told(msgspec.Struct, frozen=True):
    """A counterexample told in the finer steps of another model."""

    model: str
    shape: Shape
    violation: Violation


class Graph(msgspec.Struct, frozen=True):
    """All states of a small model and the steps between them."""

    states: list[Json]
    edges: list[tuple[int, int, str]]
    """From, to, and the action with its parameters."""


class Result(msgspec.Struct):
    """The answer of `check` or `simulate`, and what a drawing needs."""

    verdict: Verdict
    """One of holds, violated, incomplete; of random behaviors, none_found."""
    model: str
    bounds: dict[str, int]
    """Every bound of the model, the defaults too."""
    generated: int
    """Initial states and every successor of every expanded state, repeated ones and ones outside the bounds too."""
    distinct: int
    """States within the bounds, up to symmetry if it is on."""
    depth: int
    """How deep the search went; an initial state has depth 1."""
    seconds: float
    cpu_seconds: float
    """Of the search alone, over all workers."""
    setup_seconds: float
    """Start and compilation."""
    states_per_second: float
    """Distinct states in a second of the search."""
    peak_memory_bytes: int
    collision_probability: float
    """The chance that two different states had the same fingerprint, and one of them was missed."""
    workers: int
    symmetry: str
    """The sorts whose members are the same up to their names, or "none"."""
    reductions: list[str]
    """The reductions that were used."""
    faults: list[str]
    """The faults that were switched on."""
    broken: list[str]
    """The rules that were switched off."""
    actions: dict[str, dict[str, int]]
    """For each action how many successors it generated."""
    never_enabled: list[str]
    """Actions that were enabled in no explored state; nothing is said of them."""
    witnesses: dict[str, int | None]
    """For each witness the depth at which it was first seen, or null."""
    violation: Violation | None
    """The counterexample, if there is one."""
    command: str
    """What finds the same result again."""
    shape: Shape
    notes: list[str] = []
    """Sentences about what was asked for and not done, such as a reduction that a broken rule switches off."""
    coarse: Violation | None = None
    """The counterexample in the steps of the model that was searched, where `violation` tells it in finer ones."""
    told_in: str = ""
    """The model in whose steps `violation` is told, where that is another one; `shape` is then of that model."""
    covers: str = ""
    """What the search stands for beyond its own states, and what that rests on."""
    reason: str = ""
    """Why an incomplete search ended."""
    seed: int | None = None
    """Of random behaviors."""
    graph: Graph | None = None
    """Of a small model, where nothing broke."""

    @property
    def exit_code(self) -> int:
        """The process's exit code that belongs to the verdict."""
        return EXIT_CODES[self.verdict]

    @property
    def path(self) -> ShownPath | None:
        """The counterexample as an object that shows itself; None where nothing broke."""
        from raftproof.checker.show.notebook import ShownPath

        return None if self.violation is None else ShownPath(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from raftproof.checker.show.notebook import result_cell

        return result_cell(self)

    def _repr_svg_(self) -> str | None:
        """What is shown where only a picture can be."""
        from raftproof.checker.show.notebook import result_picture

        return result_picture(self)


class DamagedResult(Exception):
    """A file that is not a result; the message says what is wrong and where."""


def to_json(result: Result) -> bytes:
    """The machine-readable form, indented."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def from_json(path: Path) -> Result:
    """Read a result again; raises DamagedResult with the place of the first fault."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except OSError as fault:
        raise DamagedResult(f"{path}: cannot be read: {fault.strerror}") from fault
    except msgspec.DecodeError as fault:
        raise DamagedResult(f"{path}: not a result of raftproof check: {fault}") from fault
    except RecursionError as fault:
        raise DamagedResult(f"{path}: not a result of raftproof check: JSON nested too deeply") from fault


def states_of(violation: Violation) -> list[Json]:
    """The whole states of a counterexample, first to last, rebuilt from its changes."""
    states = [violation.initial]
    for step in violation.steps:
        state = msgspec.json.decode(msgspec.json.encode(states[-1]))
        for place, (_, after) in step.changes.items():
            _assign(state, place, after)
        states.append(state)
    return states


def _assign(state: Json, place: str, value: Json) -> None:
    field, *keys = place.replace("]", "").split("[")
    holder, last = state, field
    for key in keys:
        holder, last = holder[last], key
    holder[last] = value
