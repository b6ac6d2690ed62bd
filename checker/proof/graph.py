"""The proof as a graph: a node a lemma, an arrow from what is needed to what needs it, drawn with graphviz."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raftproof.checker.proof.cores import Cores
from raftproof.checker.proof.prover import claims_under
from raftproof.checker.proof.text import claim_text
from raftproof.checker.proof.theory import Theory

_SHADES = ("#f2f2f2", "#dce9f7", "#dff0d8", "#fff4cc", "#fde3cf", "#eeddf2", "#f7c6c6", "#ffffff", "#e8e8e8")


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
    graph = graphviz.Digraph("proof", graph_attr={"rankdir": "BT", "newrank": "true", "fontname": "Helvetica"})
    graph.attr("node", shape="box", style="filled", fontname="Helvetica", fontsize="11")
    themes = list(dict.fromkeys(claim.theme for claim in claims))
    for theme, shade in zip(themes, _SHADES, strict=False):
        with graph.subgraph(name=f"cluster_{theme}") as group:
            group.attr(label=theme, style="dashed", color="#999999")
            for claim in claims:
                if claim.theme == theme and claim.name in chosen:
                    time = f"\n{seconds[claim.name]:.2f} s" if claim.name in seconds else ""
                    sentence = " ".join(claim.sentence.split())
                    tooltip = f"{sentence}\n{claim_text(theory, claim.name)}"
                    pen = "2" if claim.kind != "lemma" else "1"
                    group.node(claim.name, f"{claim.name}{time}", fillcolor=shade, tooltip=tooltip, penwidth=pen)
    for (needed, needing), actions in sorted(edges(cores, chosen).items()):
        graph.edge(needed, needing, tooltip=", ".join(dict.fromkeys(a for a in actions if a)) or "derived")
    return graph


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
