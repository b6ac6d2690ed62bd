"""The score of a specification: which broken rules does a set of properties catch?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from raftproof.checker.explore.compiled import Limits
from raftproof.checker.language import BoundsError, Model
from raftproof.checker.run import Question
from raftproof.commands.gallery_rules import Shown
from raftproof.commands.models import find_model
from raftproof.model.gallery.catches import STATES_MAX, Catch, catch, firsts, stored

_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Matrix:
    """Rules by properties."""

    properties: list[str]
    rows: list[Catch]

    @property
    def caught(self) -> list[str]:
        """The rules without which at least one of the properties falls, in some model."""
        return list(dict.fromkeys(row.rule for row in self.rows if row.falls.keys() & set(self.properties)))

    @property
    def rules(self) -> list[str]:
        """All rules that were switched off."""
        return list(dict.fromkeys(row.rule for row in self.rows))

    def as_json(self) -> dict[str, Any]:
        """The machine-readable form: the states of the shortest counterexample, false where none is, null undecided."""
        rows = [{"rule": r.rule, "model": r.model} | {p: _cell_json(r, p) for p in self.properties} for r in self.rows]
        return {"properties": self.properties, "caught": self.caught, "rules": self.rules, "rows": rows}

    def text(self) -> str:
        """A table, and the score."""
        widths = [max(len(name), 4) for name in self.properties]
        head = "  ".join(f"{name:>{width}}" for name, width in zip(self.properties, widths, strict=True))
        lines = [f"{'without':24} {'in':20} {head}"]
        for row in self.rows:
            cells = (f"{cell_of(row, p):>{w}}" for p, w in zip(self.properties, widths, strict=True))
            lines.append(f"{row.rule:24} {row.model:20} {'  '.join(cells)}")
        missed = [rule for rule in self.rules if rule not in self.caught]
        lines += ["", f"caught: {len(self.caught)} of {len(self.rules)} broken rules"]
        lines += [f"missed: {', '.join(missed)}"] if missed else []
        return "\n".join([*lines, *self.legend()])

    def legend(self) -> list[str]:
        """What the signs of the table mean."""
        lines = ["A number: the states of the shortest counterexample. -: holds in every state within the bounds."]
        if any(p in row.undecided for row in self.rows for p in self.properties):
            lines.append(f"?: not decided by {STATES_MAX:,} states. Blank: the model does not have the property.")
        return lines


def cell_of(row: Catch, name: str) -> str:
    """What stands in the table for a rule and a property."""
    if name in row.falls:
        return str(row.falls[name])
    return "-" if name in row.holds else "?" if name in row.undecided else ""


def _cell_json(row: Catch, name: str) -> int | bool | None:
    return row.falls.get(name, False if name in row.holds else None)


def matrix_of(rules: list[Shown], properties: str) -> Matrix:
    """The matrix of named properties, as it is kept; or of a user's own model, searched now.

    Raises BoundsError for a property that nobody has, ModelError for a file that is no model.
    """
    names = [rule.name for rule in rules]
    if properties.partition(":")[0].endswith(".py"):
        model = find_model(properties)
        rows = [catch(question, rule) for rule, question in _questions(model) if rule in names]
        if not rows:
            raise BoundsError(f"{properties}: {model.name} asks about no rule of the gallery by s.upholds(Rule.NAME)")
        return Matrix([p.name for p in model.properties()], rows)
    wanted = [name.strip() for name in properties.split(",") if name.strip()]
    rows = [row for row in stored() if row.rule in names]
    known = dict.fromkeys(name for row in stored() for name in (*row.falls, *row.holds, *row.undecided))
    for name in wanted:
        if name not in known:
            raise BoundsError(f"no model of the gallery has a property {name}; they have {', '.join(known)}")
    return Matrix(wanted or list(known), rows)


def _questions(model: Model) -> Iterable[tuple[str, Question]]:
    """What to ask of a user's own model: the gallery's bounds where it has the state of one of its models."""
    breakable = [rule.name.lower() for rule in model.breakable()]
    limits = Limits(STATES_MAX, 4 << 30, _SECONDS_MAX)
    twins = {asked.rule: asked for asked in reversed(firsts()) if asked.model.state is model.state}
    for rule in breakable:
        question = twins[rule].question() if rule in twins else Question(model, broken=(rule,))
        yield rule, replace(question, model=model, only=None, limits=limits)
