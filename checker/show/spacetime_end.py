"""The foot of a space-time diagram: the last state, the facts that contradict each other, and the legend."""

from __future__ import annotations

from raftproof.checker.show.behavior import DROP, DUPLICATE, RESTART, Place
from raftproof.checker.show.loggrid import CELL, STRIP, draw_strip
from raftproof.checker.show.spacetime_facts import SHARED, column_of
from raftproof.checker.show.spacetime_plan import SIZE, SMALL, Plan, commit_of, standing, summary_of
from raftproof.checker.show.style import FACT, FACT_FILL, SOFT, Pen, unbroken, width_of, wrap_to


def draw_end(pen: Pen, layout: Plan, top: float) -> float:
    """The last state, a panel a column, and under the panels the facts that contradict each other."""
    panels = {column: summary_of(column, layout) for column in layout.columns}
    deepest = max(_panel_height(layout, lines) for lines in panels.values())
    for column, lines in panels.items():
        _draw_panel(pen, layout, column, lines, top, deepest)
    pen.text(16, top + 18, "The last state", 13, "prose bold")
    y = top + deepest + 14
    if not layout.facts.texts:
        return y
    alone = len(layout.facts.texts) == 1
    for n, words in enumerate(["This breaks", "the property"] if alone else ["These contradict", "each other"]):
        pen.text(16, y + 18 + 17 * n, words, 13, "prose fact")
    facts = list(enumerate(zip(layout.facts.texts, layout.facts.column_of, strict=True), start=1))
    heads = dict.fromkeys(layout.columns, y)
    for n, (text, at) in facts:
        if at is not None:
            left, width = layout.x(at) - 18, layout.column_width - 12
            heads[at] = _draw_callout(pen, n, text, left, heads[at], width, points=heads[at] == y)
    y = max([*heads.values(), y + 44])
    for n, text in [(n, text) for n, (text, at) in facts if at is None]:
        y = _draw_callout(pen, n, text, layout.gutter + 16, y, layout.width - layout.gutter - 30)
    return y


def _panel_height(layout: Plan, lines: list[tuple[str, tuple[int, ...]]]) -> float:
    wrapped = sum(len(wrap_to(line, layout.column_width - 40, SIZE)) for line, _ in lines)
    view = layout.behavior.shape.view
    return 34 + 15 * wrapped + (STRIP + 22 if view else 0)


def _draw_panel(
    pen: Pen, layout: Plan, column: str, lines: list[tuple[str, tuple[int, ...]]], top: float, height: float
) -> None:
    behavior, view = layout.behavior, layout.behavior.shape.view
    x, inner = layout.x(column) - 18, layout.x(column) - 8
    accused = bool(layout.facts.at_actor.get(column)) or any(facts for _, facts in lines) or _accused(layout, column)
    frame: dict[str, float | str] = {"stroke": FACT, "stroke_width": 3} if accused else {"stroke": SOFT}
    pen.box(x, top, layout.column_width - 12, height, rx=4, **frame)
    name = column if column != SHARED or behavior.actors else "state"
    words = standing(column, behavior, len(behavior.moves))
    head = [f"{field}[{column}]" for field in (view.role, view.current_term)] if view else []
    pen.text(inner, top + 20, name, 14, "bold")
    pen.text(inner + width_of(name, 14) + 10, top + 20, words, 12, "bold" if view and view.leader in words else "")
    facts_here = [fact for place in head for fact in layout.facts.at(place)]
    badges = dict.fromkeys((*layout.facts.at_actor.get(column, ()), *facts_here))
    for n, fact in enumerate(sorted(badges, reverse=True)):
        pen.badge(x + layout.column_width - 30 - 18 * n, top + 15, fact)
    y = top + 26
    if view and column != SHARED:
        y = _draw_last_log(pen, layout, column, inner, y + 4)
    for line, facts in lines:
        for n, part in enumerate(wrap_to(line, layout.column_width - 40, SIZE)):
            y += 15
            pen.text(inner, y, part, SIZE, "bold" if facts else "")
            for k, fact in enumerate(facts if n == 0 else ()):
                pen.badge(inner + width_of(part, SIZE) + 14 + 18 * k, y - 4, fact)


def _accused(layout: Plan, column: str) -> bool:
    return any(column_of(Place.of(place), layout.behavior) == column for place, _ in layout.facts.places)


def _draw_last_log(pen: Pen, layout: Plan, column: str, x: float, y: float) -> float:
    behavior, view = layout.behavior, layout.behavior.shape.view
    assert view is not None
    places = [Place.of(place) for place, _ in layout.facts.places]
    inside = [place.keys[1] for place in places if place.field == view.log and place.keys[:1] == (column,) < place.keys]
    marked = [int(index) for index in inside if index.isdecimal()]
    commit = commit_of(behavior.last, view, column)
    room = int((layout.column_width - 40) / CELL)
    width = draw_strip(pen, x, y, behavior.last[view.log][column], view, commit, marked, limit=room)
    for n, fact in enumerate(layout.facts.at(f"{view.log}[{column}]")):
        pen.badge(x + width + 14 + 18 * n, y + 10, fact)
    return y + STRIP + 14


def _draw_callout(pen: Pen, number: int, text: str, x: float, y: float, width: float, *, points: bool = False) -> float:
    """A fact in a box, pointing up at what it speaks of."""
    lines = wrap_to(text, width - 44, 12)
    height = 16 * len(lines) + 12
    pen.box(x, y, width, height, fill=FACT_FILL, stroke=FACT, stroke_width=2, rx=4)
    if points:
        pen.path(
            f"M{x + 24} {y + 1}l10 -13l10 13z", fill=FACT_FILL, stroke=FACT, stroke_width=2, stroke_linejoin="round"
        )
        pen.box(x + 25.5, y + 1, 17, 3, fill=FACT_FILL)
    pen.badge(x + 18, y + height / 2, number)
    for n, line in enumerate(lines):
        pen.text(x + 34, y + 20 + 16 * n, line, 12, "bold")
    return y + height + 8


def draw_legend(pen: Pen, layout: Plan, y: float) -> float:
    """Only what the picture uses."""
    moves, view = layout.behavior.moves, layout.behavior.shape.view
    used = ["● step"]
    if view and view.role:
        used += ["◆ role changes", "★ elected", "thick line: leader, dashed: candidate"]
    if any(move.fault == RESTART for move in moves):
        used.append("bolt: restart, all that is not persisted is lost")
    if any(move.fault == DROP for move in moves):
        used.append("✕ lost")
    if any(flight.ended is None for flight in layout.behavior.flights):
        used.append("dashed arrow: in flight at the end")
    if any(move.fault == DUPLICATE for move in moves):
        used.append("○ copied")
    if any(len(flight.arrived) > 1 for flight in layout.behavior.flights):
        used.append("dotted beside a line: read, not yet taken out")
    if view:
        used.append("log cell: term and value; bar and ▲: committed")
    for line in wrap_to(" · ".join(map(unbroken, used)), layout.width - 32, SMALL):
        pen.text(16, y, line, SMALL, "soft")
        y += 15
    return y
