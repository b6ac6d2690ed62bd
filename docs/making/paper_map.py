"""The paper map: for each rule of Raft where it is in the paper, the models, the implementation, the tests, the proof.

Every cell is read from what cites the rule; where nothing does, `making.rule_places` says where it is, or why not.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from making import rule_places as places
from raftproof.commands import gallery_rules
from raftproof.commands.models import MODELS, find_model
from raftproof.impl.core.rules import BREAKABLE
from raftproof.model.proof import RAFT
from raftproof.model.rules import NOT_MODELLED, RULES, Rule

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "impl" / "core"


@dataclass(frozen=True)
class Link:
    """A name, and the file of the repository that it leads to."""

    name: str
    file: str
    line: int = 0

    def __str__(self) -> str:
        return self.seen_from("..")

    def seen_from(self, root: str) -> str:
        """The link in Markdown, for a page from which the repository is at `root`."""
        title = f' "line {self.line}"' if self.line else ""  # of which `making.links` makes the place in the file
        return f"[{self.name}]({root}/{self.file}{title})"


@dataclass(frozen=True)
class Row:
    """A rule's places; a text instead of links is the reason why there are none."""

    rule: str
    sentence: str
    paper: str
    figure2: list[Link] | str
    deployed: list[Link] | str
    core: list[Link] | str
    test: list[Link] | str
    proof: list[Link] | str
    broken: list[Link] | str


def rows() -> list[Row]:
    """All rules that the models have, in the paper's order."""
    return [_row(rule) for rule in Rule]


def _row(rule: Rule) -> Row:
    name, text = rule.name.lower(), RULES[rule]
    return Row(
        name,
        text.sentence,
        text.place,
        _citing(["figure2"], rule) or NOT_MODELLED.get(rule, ""),
        _citing([model for model in MODELS if model.startswith("deployed")], rule) or places.NOT_DEPLOYED.get(name, ""),
        _in_core(name) or places.NOT_IN_THE_CORE.get(name, ""),
        _tests(name),
        _in_proof(name) or places.NOT_PROVED.get(name, ""),
        _in_gallery(name) or places.NOT_SHOWN.get(name, ""),
    )


def _citing(models: list[str], rule: Rule) -> list[Link]:
    """The actions that cite the rule, each once."""
    found: dict[str, Link] = {}
    for model in map(find_model, models):
        for action in model.actions:
            if rule in action.rules:
                found.setdefault(action.name, link_to(action.function, f"`{action.name}`"))
    return list(found.values())


def link_to(function: Callable[..., Any], name: str) -> Link:
    """A function's first line."""
    file = Path(inspect.getsourcefile(function) or "").resolve()
    return Link(name, file.relative_to(ROOT).as_posix(), inspect.getsourcelines(function)[1])


@cache
def _asking() -> dict[str, list[Link]]:
    """The functions of the core that ask whether a rule is switched off, by the rule."""
    found: dict[str, list[Link]] = {}
    for file in sorted(CORE.glob("*.py")):
        for function, rules in _functions_that_ask(ast.parse(file.read_text())):
            link = Link(f"`{file.stem}.{function.name}`", file.relative_to(ROOT).as_posix(), function.lineno)
            for rule in sorted(rules):
                found.setdefault(rule, []).append(link)
    return found


def _functions_that_ask(module: ast.Module) -> Iterator[tuple[ast.FunctionDef, set[str]]]:
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            names = {node.id.lower() for node in ast.walk(function) if isinstance(node, ast.Name) and node.id.isupper()}
            if names & BREAKABLE.keys():
                yield function, names & BREAKABLE.keys()


def _in_core(rule: str) -> list[Link]:
    if rule in _asking():
        return _asking()[rule]
    if rule not in places.IMPLEMENTED:
        return []
    name = places.IMPLEMENTED[rule]
    module, *parts = name.split(".")
    found = importlib.import_module(f"raftproof.impl.core.{module}")
    for part in parts:
        found = getattr(found, part)
    return [link_to(found, f"`{name}`")]  # type: ignore[arg-type]


def _tests(rule: str) -> list[Link] | str:
    if rule not in places.TESTED:
        return ""
    file, _, name = places.TESTED[rule].partition("::")
    return [Link(name.removeprefix("test_").replace("_", " "), f"tests/{file}", _line_of(ROOT / "tests" / file, name))]


@cache
def _line_of(file: Path, test: str) -> int:
    """The line of a test; raises KeyError where there is none of this name."""
    functions = (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef))
    return {function.name: function.lineno for function in functions}[test]


def _in_proof(rule: str) -> list[Link]:
    shown = gallery_rules.shown(rule) if rule in gallery_rules.names() else None
    if shown and shown.lemma and shown.lemma.falls:
        return [Link(f"{shown.lemma.falls} falls", f"docs/proof/lemmas/{shown.lemma.falls}.md")]
    if rule in places.PROVED_AS:
        step = RAFT.action(places.PROVED_AS[rule]).name
        return [Link(f"step {step}", f"docs/proof/steps.md#{step.lower()}")]
    return []


def _in_gallery(rule: str) -> list[Link]:
    if rule not in gallery_rules.names():
        return []
    shown = gallery_rules.shown(rule)
    falls = next((exhibit.property for _, exhibit in shown.exhibits if exhibit.property), "")
    falls = falls or (shown.seed.falls if shown.seed else "") or "nothing"
    return [Link(f"{falls} falls", f"docs/gallery/{rule}.html")]


def _cell(content: list[Link] | str) -> str:
    return f"*{content}*" if isinstance(content, str) else ", ".join(map(str, content))


def table() -> str:
    """The map as a table."""
    head = ["rule", "the paper", "figure2", "deployed", "impl/core", "test", "the proof", "without it"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows():
        cells = [row.figure2, row.deployed, row.core, row.test, row.proof, row.broken]
        first = f"**`{row.rule}`** {row.sentence}"
        lines.append(f"| {' | '.join([first, row.paper, *map(_cell, cells)])} |".replace("](../docs/", "]("))
    return "{.wide}\n" + "\n".join(lines)
