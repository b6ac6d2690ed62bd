"""What a result shows of itself in a notebook: the verdict, then story and space-time diagram, or its states."""

from __future__ import annotations

from html import escape

from raftproof.checker.result import Result


def result_cell(result: Result) -> str:
    """A cell of HTML that needs nothing else."""
    from raftproof.checker.show.moments import moments_svg
    from raftproof.checker.show.spacetime import spacetime_svg
    from raftproof.checker.show.words import certainty_texts, verdict_text

    texts = [
        verdict_text(result),
        " ".join(certainty_texts(result)),
        f"Again: {result.command}" if result.command else "",
    ]
    parts = [f"<p>{escape(text)}</p>" for text in texts if text]
    if result.violation is not None:
        if result.shape.view is not None and result.shape.actors is not None:
            parts.append(moments_svg(result))
        parts.append(spacetime_svg(result))
    elif result.graph is not None:
        parts.append(_states(result))
    return "\n".join(parts)


def _states(result: Result) -> str:
    from raftproof.checker.show.graphs import NoDot, state_graph, svg_of

    try:
        picture = svg_of(state_graph(result))
    except NoDot as reason:
        return f"<p>{escape(str(reason))}</p>"
    return picture[picture.index("<svg") :]
