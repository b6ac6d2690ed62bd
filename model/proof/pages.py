"""The documentation of the proof, generated: `python -m raftproof.model.proof.pages [DIR]`.

A page per lemma, the protocol's steps, the table of what falls, the cluster sizes, and the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from raftproof.checker.proof.cores import Cores
from raftproof.checker.proof.graph import draw, edges
from raftproof.checker.proof.logic import free_variables
from raftproof.checker.proof.prover import claims_under
from raftproof.checker.proof.text import claim_text, formula_text
from raftproof.checker.proof.theory import Action, Lemma
from raftproof.model.proof import RAFT, quorums
from raftproof.model.proof.cores import stored
from raftproof.model.proof.matrix import rows
from raftproof.model.proof.wrong import rule

DOCS = Path(__file__).resolve().parents[2] / "docs" / "proof"


def pages() -> dict[str, str]:
    """Every page's text, by the path of its file."""
    cores = stored()
    claims = [*RAFT.lemmas, *RAFT.goals, *RAFT.steps, *RAFT.witnesses]
    found = {f"lemmas/{claim.name}.md": _lemma_page(claim, cores) for claim in claims}
    return {**found, "lemmas.md": _index(claims), "steps.md": _steps(), "falls.md": _falls(), "quorums.md": _quorums()}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _links(names: Iterable[str], folder: str = "") -> str:
    return ", ".join(f"[{name}]({folder}{name}.md)" for name in sorted(names)) or "nothing else"


def _lemma_page(claim: Lemma, cores: Cores) -> str:
    everything = claims_under([claim.name], cores) | {c.name for c in (*RAFT.lemmas, *RAFT.goals, *RAFT.steps)}
    arrows = edges(cores, everything | {claim.name})
    kinds = {"lemma": "kept by every step", "goal": "derived", "step": "of every step", "witness": "exists always"}
    lines = [
        f"# {claim.name}",
        "",
        _one_line(claim.sentence),
        "",
        f"*{claim.theme}, {kinds[claim.kind]}; {claim.paper}*",
    ]
    lines += ["", "```", claim_text(RAFT, claim.name), "```", "", "| after | it needs |", "|---|---|"]
    needed: dict[str, list[str]] = {}
    for (name, needing), actions in arrows.items():
        if needing == claim.name:
            for action in actions:
                needed.setdefault(action, []).append(name)
    lines += (f"| {action or '(derived)'} | {_links(names)} |" for action, names in sorted(needed.items()))
    if not needed:
        lines.append("| every step | nothing but itself |")
    users = {needing for (name, needing) in arrows if name == claim.name}
    lines += ["", f"Needed by {_links(users)}.", "", f"Its cone holds {len(claims_under([claim.name], cores))} claims."]
    row = next((row for row in rows() if row.name == claim.name), None)
    if row is not None and row.falls:
        lines += ["", f"Without it {_fallen(row.action, row.falls)} falls, in a cluster of {row.cluster}:"]
        lines += ["", "<!-- thorough -->", "```console", f"$ raftproof prove --without {claim.name}"]
        lines += [f"refuted: {row.falls} falls, in …", "$ echo $?", "1", "```"]
    elif row is not None:
        said = "It is redundant: without it the rest proves everything." if row.verdict == "proved" else "Not decided."
        lines += ["", said]
    return "\n".join([*lines, ""])


def _fallen(action: str, lemma: str) -> str:
    return f"[{lemma}](../lemmas/{lemma}.md) after {action}" if action else f"[{lemma}](../lemmas/{lemma}.md)"


def _index(claims: list[Lemma]) -> str:
    lines = ["# The lemmas", "", "![What needs what](proof-graph.svg)", ""]
    lines += [
        "An arrow leads from what is needed to what needs it, in the colour of the theme that it comes from. Read from"
    ]
    lines += ["the bottom up: `raftproof prove GOAL --out DIR` draws what one goal rests on.", ""]
    for theme in dict.fromkeys(claim.theme for claim in claims):
        lines += [f"## {theme}", ""]
        chosen = (claim for claim in claims if claim.theme == theme)
        lines += [f"- [{claim.name}](lemmas/{claim.name}.md): {_one_line(claim.sentence)}" for claim in chosen] + [""]
    return "\n".join(lines)


def _steps() -> str:
    lines = [
        "# The steps",
        "",
        "Each is enabled when all its guards hold. What they change: `model/proof/protocol.py`.",
        "",
    ]
    for action in RAFT.actions:
        lines += [f"## {action.name}", "", _one_line(action.sentence), "", f"*{action.paper}*", "", "```"]
        lines += [*_guards(action), "```", ""]
    return "\n".join(lines)


def _guards(action: Action) -> list[str]:
    step = action.instance(RAFT.vocabulary(), *action.variables())
    lines = [f"{name:22} {formula_text(formula)}" for name, formula in step.when.items()]
    assert all(v.name in action.parameters for f in step.when.values() for v in free_variables(f))
    return lines or ["always enabled"]


def _falls() -> str:
    lines = [
        "# What falls",
        "",
        "One rule, lemma or guard is taken away; the first lemma that then falls, in the smallest",
    ]
    lines += [
        "cluster in which one does. See each: `raftproof prove --without LEMMA`, `--break RULE`, `--out DIR`.",
        "",
    ]
    lines += ["| taken away | falls | after | in a cluster of |", "|---|---|---|---|"]
    for row in rows():
        falls = row.falls or {"proved": "nothing: redundant", "unknown": "not decided"}[row.verdict]
        lines.append(f"| `{row.name}` | {falls} | {row.action} | {row.cluster} |")
    lines += ["", "## The rules made wrong", ""]
    plain = [row.name for row in rows() if "." not in row.name and row.name[0].islower()]
    lines += [f"- `{name}`: {_one_line(rule(name).sentence)} ({rule(name).paper})" for name in plain]
    return "\n".join([*lines, ""])


def _quorums() -> str:
    lines = ["# Quorums", "", "For clusters of every size, decided by z3 (`model/proof/quorums.py`).", ""]
    lines += ["| theorem | |", "|---|---|"]
    for theorem in quorums.THEOREMS:
        lines.append(f"| {theorem.sentence} | {quorums.decide(theorem).verdict} |")
    for name, (sentence, _, _) in quorums.size_theorems().items():
        lines.append(f"| {sentence} | {quorums.decide_size(name)} |")
    even = "An even size adds a server that a quorum must wait for, and tolerates no failure more."
    return "\n".join([*lines, "", quorums.sizes_table(), "", even, ""])


def main(folder: Path = DOCS) -> int:
    """Write every page, and the graph."""
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(draw(RAFT, stored(), [], {}, folder / "proof-graph.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
