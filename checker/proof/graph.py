"""The proof as a graph: a node a lemma, an arrow from what is needed to what needs it, drawn with graphviz.

The lemmas lean on each other in circles, so no layout by rank can be calm. They stand in bands instead, a theme each,
in the order in which they are taught: from the bottom up, and from left to right. Nearly all arrows then rise. An arrow
has the colour of the theme that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from raftproof.checker.proof.cores import Cores
from raftproof.checker.proof.prover import claims_under
from raftproof.checker.proof.text import claim_text
from raftproof.checker.proof.theory import Lemma, Theory

_SHADES = ("#f2f2f2", "#dce9f7", "#dff0d8", "#fff4cc", "#fde3cf", "#eeddf2", "#f7c6c6", "#ffffff", "#e8e8e8")
_INKS = ("#8a8a8a", "#3b77b5", "#4c9a3f", "#c79a00", "#d9772b", "#8e5aa3", "#c0392b", "#555555", "#777777")
_WIDTH = 6
"""The most lemmas in a row."""


def edges(cores: Cores, claims: set[str]) -> dict[tuple[str, str], list[str]]:
    """For each (needed, needing) among these claims, the actions for which it is needed ("" for a goal)."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, core in cores.cores.items():
        action, _, lemma = key.rpartition(" → ") if " → " in key else ("", "", key.removeprefix("⊢ "))
        for name in core.needs:
            if name != lemma and {name, lemma} <= claims:
                found.setdefault((name, lemma), []).append(action)
    return found


def source(theory: Theory[Any], cores: Cores, goals: Sequence[str], seconds: Mapping[str, float]) -> Any:
    """The graph (a graphviz.Digraph) of these goals' cones, or of everything that lemmas and goals need."""
    import graphviz

    claims = [*theory.lemmas, *theory.goals, *(theory.steps if goals else ())]
    chosen = claims_under(goals, cores) if goals else {claim.name for claim in claims}
    shown = [claim for claim in claims if claim.name in chosen]
    themes = list(dict.fromkeys(claim.theme for claim in claims))
    shape = {"rankdir": "BT", "newrank": "true", "splines": "curved", "outputorder": "edgesfirst"}
    graph = graphviz.Digraph("proof", graph_attr={**shape, "fontname": "Helvetica", "ranksep": "0.9", "nodesep": "0.2"})
    graph.attr("node", shape="box", style="filled", fontname="Helvetica", fontsize="11", height="0.35")
    graph.attr("edge", arrowsize="0.6", penwidth="0.9")
    rows: list[list[str]] = []
    for theme, shade in zip(themes, _SHADES, strict=False):
        members = [claim for claim in shown if claim.theme == theme]
        with graph.subgraph(name=f"cluster_{theme}") as band:
            band.attr(label=theme, labeljust="l", style="rounded", color="#cccccc", fontcolor="#666666")
            for claim in members:
                band.node(claim.name, **_node(theory, claim, seconds), fillcolor=shade)
            rows += _in_rows(band, [claim.name for claim in members])
    for below, above in pairwise(rows):
        graph.edge(below[0], above[0], style="invis", weight="10")
    ink_of = {claim.name: _INKS[themes.index(claim.theme)] for claim in shown}
    place = {name: (height, left) for height, row in enumerate(rows) for left, name in enumerate(row)}
    for (needed, needing), actions in sorted(edges(cores, chosen).items()):
        # Graphviz turns an arrow that falls, or points to the left, round where it bends: it is told to draw its end.
        ends, turned = (needed, needing), {}
        if place[needed] > place[needing]:
            ends, turned = (needing, needed), {"dir": "back"}
        tooltip = ", ".join(dict.fromkeys(a for a in actions if a)) or "derived"
        graph.edge(*ends, color=f"{ink_of[needed]}90", constraint="false", tooltip=tooltip, **turned)
    return graph


def _node(theory: Theory[Any], claim: Lemma, seconds: Mapping[str, float]) -> dict[str, str]:
    """How a claim is shown: its name, its time if it is known, and its sentence and formula under the pointer."""
    time = f"\n{seconds[claim.name]:.2f} s" if claim.name in seconds else ""
    tooltip = f"{' '.join(claim.sentence.split())}\n{claim_text(theory, claim.name)}"
    return {"label": f"{claim.name}{time}", "tooltip": tooltip, "penwidth": "1" if claim.kind == "lemma" else "2"}


def _in_rows(band: Any, names: list[str]) -> list[list[str]]:
    """Put names in as few rows as hold them, all of about one length."""
    count = -(-len(names) // _WIDTH)
    rows = [names[len(names) * k // count : len(names) * (k + 1) // count] for k in range(count)]
    for row in rows:
        with band.subgraph() as level:
            level.attr(rank="same")
            for left, right in pairwise(row):
                level.edge(left, right, style="invis")
    return rows


def draw(theory: Theory[Any], cores: Cores, goals: Sequence[str], seconds: Mapping[str, float], path: Path) -> str:
    """Write the graph as SVG; the answer is a sentence that says what was written, or what is missing."""
    import graphviz

    graph = source(theory, cores, goals, seconds)
    try:
        path.write_bytes(graph.pipe(format="svg"))
    except graphviz.ExecutableNotFound:
        plain = path.with_suffix(".dot")
        plain.write_text(graph.source, encoding="utf-8")
        return f"graph: {plain}; to draw it, install graphviz, and run: dot -Tsvg {plain.name}"
    return f"graph: {path}"
