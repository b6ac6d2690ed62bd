"""What results and paths show of themselves in a notebook: the verdict, story and space-time diagram, or all states.

result = check(Question(model, broken=("vote_once",)))
result                  the whole answer
result.path             the space-time diagram
result.path[3]          the state after three steps
print(result.path)      the steps in words
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from html import escape

from raftproof.checker.result import Json, Result, Step, Violation, states_of
from raftproof.checker.show.graphs import NoDot, state_graph, svg_of


@dataclass(frozen=True)
class ShownPath:
    """The behavior that breaks a property, as an object to look at: its states by number, its steps, its picture."""

    result: Result

    @property
    def violation(self) -> Violation:
        """What it ends in."""
        assert self.result.violation is not None
        return self.result.violation

    @property
    def steps(self) -> list[Step]:
        """The actions taken, first to last."""
        return self.violation.steps

    @property
    def states(self) -> list[Json]:
        """The states, the initial one first: one more than there are steps."""
        return states_of(self.violation)

    def __len__(self) -> int:
        return len(self.violation.steps) + 1

    def __getitem__(self, number: int) -> Json:
        return self.states[number]

    def __str__(self) -> str:
        from raftproof.checker.show.text import steps_text

        return steps_text(self.result)

    def _repr_svg_(self) -> str:
        """What a notebook shows: who did what when, and who told whom."""
        from raftproof.checker.show.spacetime import spacetime_svg

        return spacetime_svg(self.result)


def result_picture(result: Result) -> str | None:
    """The one picture of a result: its path, or all states of a small model; None where nothing can be drawn."""
    if result.path is not None:
        return result.path._repr_svg_()
    with suppress(NoDot):
        return _states(result) if result.graph is not None else None
    return None


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
        try:
            parts.append(_states(result))
        except NoDot as reason:
            parts.append(f"<p>{escape(str(reason))}</p>")
    return "\n".join(parts)


def _states(result: Result) -> str:
    """The graph of all states."""
    picture = svg_of(state_graph(result))
    return picture[picture.index("<svg") :]
