"""The reference of the files: what is typed is read from its types, what is written by hand from the code that does."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import msgspec

from making.markdown import code, table
from raftproof.checker import result
from raftproof.commands import gallery_rules, prove, torture
from raftproof.traces import events
from raftproof.traces.conformance.outcome import Outcome

RESULT = (
    result.Result,
    result.Violation,
    result.Step,
    result.Claim,
    result.Shape,
    result.LogView,
    result.Told,
    result.Graph,
)
TRACE = (
    events.Line,
    events.Event,
    events.HardState,
    events.Message,
    events.Properties,
    events.ConfChange,
    events.Change,
    events.Beyond,
)

Meanings = dict[str, str]
BY_HAND: dict[str, tuple[Callable[..., Any], Meanings]] = {
    "conform": (
        Outcome.json,
        {
            "file": "the trace",
            "verdict": "accepted, rejected, malformed, undetermined",
            "events": "how many were read",
            "line": "where it departs, or is malformed",
            "event": "the event of that line",
            "rule": "the rule that it breaks, by its name in `model/rules.py`",
            "expected": "what the model would have there",
            "observed": "what stands there",
            "explanation": "a sentence; empty for an accepted trace",
            "settings": "what was inferred of pre-vote, check-quorum and asynchronous storage",
            "seconds": "how long it took",
        },
    ),
    "prove": (
        prove._prove_all,
        {
            "verdict": "proved, refuted, unknown",
            "obligations": "how many formulas were asked about",
            "proved": "how many of them are valid",
            "failed": "the names of those that are not",
            "unknown": "the names of those that the solver did not decide",
            "cpu_seconds": "of the solvers",
            "goals": "each goal, with its verdict",
            "solver": "z3 or cvc5",
            "seed": "the solver's",
            "lemmas": "each lemma, with the seconds that it took",
            "stale": "edges of the stored graph that are older than the formulas",
            "vacuous": "actions of which no state was found in which they are enabled",
            "assumptions": "sentences",
        },
    ),
    "prove --without LEMMA": (
        prove._outcome_json,
        {
            "verdict": "refuted: something falls; proved: it is redundant; unknown",
            "failed": "the step and the lemma that falls after it",
            "unknown": "the names of those that are neither proved nor refuted",
            "seconds": "how long it took, without the explorer",
            "solver": "z3",
            "seed": "the solver's",
            "command": "the same again",
            "counterexample": "the step, its arguments, the lemma and the values for which it falls, the facts before "
            "and after, and the lemmas that say that this is not reached; or null",
            "reached": "what the explorer found in a cluster of that size: how many states, whether these are all, on "
            "which level the state before is, and the first in which the lemma fails; or null",
        },
    ),
    "torture": (
        torture._write_json,
        {
            "verdict": "none_found, violated, incomplete",
            "runs": "how many ended",
            "steps": "in all of them",
            "steps_per_cpu_second": "checks included",
            "acknowledged_writes": "what clients were told is written",
            "elections": "how many were won",
            "faults": "each fault, and how often it struck",
            "failure": "what the first failing run shows, or null",
            "serializable_reads": "how many were answered",
            "slowest_recovery_election_timeouts": "from the last fault to a new acknowledged write",
            "runs_without_majority": "runs that were left without one, so that nothing was demanded",
            "unknown_histories": "histories of clients that could not be judged in time",
            "traces": "with --conform: how many were followed",
            "trace_events": "their lines",
            "undetermined_traces": "those that did not show enough",
            "digest": "the same for the same runs, to the byte",
            "command": "the same again",
        },
    ),
    "gallery": (
        gallery_rules.as_json,
        {
            "rule": "its name",
            "place": "in the paper",
            "sentence": "what it demands",
            "exhibits": "for each question to a model: what fell, how deep, under which bounds, the command",
            "lemma": "what falls first in the proof",
            "torture": "the simulated run that shows it",
            "happened": "systems in which it did",
            "harmless": "why nothing falls, where nothing does",
        },
    ),
}
"""What the keys mean of those answers that the code writes as plain JSON."""


def result_file() -> str:
    """The types of a result's JSON."""
    return _types(RESULT)


def trace_file() -> str:
    """The types of a trace's lines."""
    return _types(TRACE)


def others() -> str:
    """The keys of the other answers."""
    parts = []
    for name, (function, meanings) in BY_HAND.items():
        rows = [(code(key), meanings[key]) for key in keys_of(function)]
        parts += [f"### `raftproof {name} --json`", table(["key", "is"], rows)]
    return "\n\n".join(parts)


def keys_of(function: Callable[..., Any]) -> list[str]:
    """The keys of the first JSON object that a function writes."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    written = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict) and node.keys)
    return [str(key.value) for key in written.keys if isinstance(key, ast.Constant)]


def _types(structs: tuple[type[msgspec.Struct], ...]) -> str:
    parts = []
    for struct in structs:
        parts += [f"### {struct.__name__}", inspect.getdoc(struct) or "", table(["key", "type", ""], _fields(struct))]
    return "\n\n".join(parts)


def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    """The fields of a struct under the names that the file has, their types, and what is said below them."""
    encoded = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
    body = next(n for n in ast.parse(inspect.getsource(struct)).body if isinstance(n, ast.ClassDef)).body
    rows = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            rows.append((code(encoded[node.target.id]), code(ast.unparse(node.annotation)), _text(following)))
    return rows


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""
