"""Logs as strips: a cell an entry, with its term's fill, pattern and number, and a bar under what is committed.

  1     2     3
┌─────┬─────┬─────┐
│2 v1 │2 v2 │4 v1 │   commit 2
└─────┴─────┴─────┘
━━━━━━━━━━━━▲
      ▲match △next     (of each leader, under the follower's strip)
"""

from __future__ import annotations

from collections.abc import Collection

from raftproof.checker.result import Json, LogView, Result
from raftproof.checker.show.behavior import Behavior, behavior_of
from raftproof.checker.show.style import FACT, FAINT, INK, PAPER, SOFT, Pen, term_fill, width_of
from raftproof.checker.show.words import value_text

CELL, STRIP = 44, 20
CELLS_MAX = 12
"""A longer strip begins with one cell for all that it leaves out."""

_LEFT = 190


def entry_text(entry: Json, view: LogView) -> str:
    """What an entry holds besides its term, for a cell."""
    return " ".join(value_text(value) for name, value in entry.items() if name != view.term_of_entry and value != [])


def draw_strip(
    pen: Pen,
    x: float,
    y: float,
    log: list[Json],
    view: LogView,
    commit: int,
    marked: Collection[int] = (),
    dropped: list[Json] | None = None,
    limit: int = CELLS_MAX,
) -> float:
    """Draw one strip with its left upper corner at x, y; returns its width. Dropped entries are struck through."""
    first = max(1, len(log) - limit + 2) if len(log) > limit else 1
    at = x
    if first > 1:
        pen.box(at, y, CELL, STRIP, stroke=SOFT, stroke_dasharray="3 2")
        pen.text(at + CELL / 2, y + 14, f"1–{first - 1}", 10, "soft", "middle")
        at += CELL
    for index, entry in enumerate(log[first - 1 :], start=first):
        _cell(pen, at, y, index, entry, view, index in marked)
        at += CELL
    if not log and not dropped:
        pen.box(at, y, CELL, STRIP, stroke=FAINT, stroke_dasharray="3 2")
        pen.text(at + CELL / 2, y + 14, "empty", 10, "soft", "middle")
        at += CELL
    committed = at if commit >= len(log) else at - CELL * (len(log) - commit)
    if commit < first - 1:
        committed = x + CELL * commit / first  # Somewhere in the cell for what is left out.
    if commit > 0 and log:
        pen.box(x, y + STRIP + 1.5, committed - x, 3.5, fill=INK)
        pen.path(f"M{committed - 5} {y + STRIP + 11}l5 -7l5 7z", fill=INK)
    for entry in dropped or []:
        _cell(pen, at, y, 0, entry, view, False)
        pen.line(at, y, at + CELL, y + STRIP, stroke_width=1.5)
        pen.line(at, y + STRIP, at + CELL, y, stroke_width=1.5)
        at += CELL
    return at - x


def _cell(pen: Pen, x: float, y: float, index: int, entry: Json, view: LogView, marked: bool) -> None:
    term = entry[view.term_of_entry]
    number = term if isinstance(term, int) else 0
    what = entry_text(entry, view)
    look: dict[str, float | str] = {"stroke": FACT, "stroke_width": 3} if marked else {"stroke": INK}
    title = f"index {index}: term {value_text(term)}, {what}" if index else f"dropped: term {value_text(term)}, {what}"
    with pen.group(title):
        pen.box(x, y, CELL, STRIP, **({"fill": term_fill(max(number, 0))} | look))
        shown = what[:3]
        half = (width_of(value_text(term), 13) + 4 + width_of(shown, 10)) / 2
        pen.text(x + CELL / 2 - half, y + 14.5, value_text(term), 13, "bold halo")
        pen.text(x + CELL / 2 + half, y + 14.5, shown, 10, "halo", "end")


def grid_svg(result: Result, step: int | None = None) -> str:
    """The logs of all servers after a step, the last one if none is named."""
    behavior = behavior_of(result)
    return grid_of(behavior, len(behavior.moves) if step is None else step)


def grid_of(behavior: Behavior, step: int, *, bare: bool = False) -> str:
    """The logs of all servers after a step of a behavior whose model has logs."""
    view, state = behavior.shape.view, behavior.states[step]
    if view is None:
        raise ValueError("the model has no logs")
    longest = max([len(state[view.log][actor]) for actor in behavior.actors] + [1])
    pen = Pen(
        f"The logs after step {step}", "A strip a server, coloured by term; the bar is what is committed.", bare=bare
    )
    leaders = [i for i in behavior.actors if view.role and state[view.role][i] == view.leader]
    cells = min(longest, CELLS_MAX)
    height = 52 + 23 * max(1, len(leaders) - 1)
    if longest <= CELLS_MAX:
        for index in range(1, longest + 2):
            pen.text(_LEFT + CELL * (index - 0.5), 16, str(index), 10, "soft", "middle")
    for row, actor in enumerate(behavior.actors):
        y = 24 + row * height
        _name(pen, y, actor, state, view, actor in leaders)
        log = state[view.log][actor]
        commit = _commit(state, view, actor)
        width = draw_strip(pen, _LEFT, y, log, view, commit)
        if commit:
            pen.text(_LEFT + width + 10, y + 14, f"commit {commit}", 10)
        marks_of = [i for i in leaders if i != actor] if len(log) <= CELLS_MAX else []
        for n, leader in enumerate(marks_of):
            _progress(pen, y + STRIP + 18 + 23 * n, leader, actor, state, view)
    return pen.finish(_LEFT + CELL * (cells + 2) + 90, 26 + height * len(behavior.actors))


def _commit(state: Json, view: LogView, actor: str) -> int:
    commit = state[view.commit_index][actor] if view.commit_index else 0
    return commit if isinstance(commit, int) else 0


def _name(pen: Pen, y: float, actor: str, state: Json, view: LogView, leads: bool) -> None:
    pen.text(14, y + 15, actor, 14, "bold")
    role = value_text(state[view.role][actor]) if view.role else ""
    term = f"term {value_text(state[view.current_term][actor])}" if view.current_term else ""
    pen.text(50, y + 10, f"{'★ ' if leads else ''}{role}", 11, "bold" if leads else "")
    pen.text(50, y + 24, term, 10, "soft")


def _progress(pen: Pen, y: float, leader: str, follower: str, state: Json, view: LogView) -> None:
    """Where a leader believes a follower's log to be: what matches, and what it sends next."""
    for name, field, fill in (("match", view.match_index, INK), ("next", view.next_index, PAPER)):
        index = state[field][leader].get(follower) if field and isinstance(state[field][leader], dict) else None
        if not isinstance(index, int):
            continue
        x = _LEFT + CELL * (index - 0.5)
        with pen.group(f"{field}[{leader}][{follower}] = {index}"):
            pen.path(f"M{x - 4} {y}l4 -7l4 7z", fill=fill)
            pen.text(x, y + 9, name, 9, "soft halo", "middle")
    pen.text(_LEFT - 48, y + 9, f"of {leader}", 9, "soft", "end")
