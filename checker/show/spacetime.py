"""The space-time diagram of a counterexample, as one SVG without a script: time runs downwards, a line a server.

A message is an arrow from the step that sent it to the step that received it. One that was lost ends in a cross, one
that is still in flight at the end fades out. The lines tell the role (thick leads, dashed is a candidate), the marks
tell what happened, and the numbered discs lead from the facts that contradict each other to where and when they arose.
"""

from __future__ import annotations

from typing import TypeAlias

from raftproof.checker.result import Result
from raftproof.checker.show.behavior import DUPLICATE, RESTART, Flight, Move, behavior_of
from raftproof.checker.show.loggrid import CELL, draw_strip
from raftproof.checker.show.spacetime_end import draw_end, draw_legend
from raftproof.checker.show.spacetime_facts import SHARED
from raftproof.checker.show.spacetime_plan import REMINDER, SIZE, SMALL, Plan, Row, ends_of, plan, standing
from raftproof.checker.show.style import (
    BAND,
    FACT,
    FAINT,
    INK,
    MESSAGE,
    PAPER,
    SOFT,
    Pen,
    width_of,
    wrap_to,
)
from raftproof.checker.show.words import bounds_text, count_text, value_text

Point: TypeAlias = tuple[float, float]

_STAR = "M0 -9L2.4 -3.2L8.6 -2.8L3.8 1.2L5.3 7.3L0 3.9L-5.3 7.3L-3.8 1.2L-8.6 -2.8L-2.4 -3.2Z"
_DIAMOND = "M0 -7L7 0L0 7L-7 0Z"
_BOLT = "M2 -11L-7 2L-1 2L-3 11L7 -3L1 -3Z"


def spacetime_svg(result: Result, *, fold: bool = True) -> str:
    """The diagram of a result's counterexample; a long one folds its quiet steps unless told not to."""
    behavior = behavior_of(result)
    layout = plan(behavior, fold=fold)
    violation = behavior.violation
    steps = count_text(len(behavior.moves), "steps")
    title = f"{violation.property} is violated after {steps}"
    pen = Pen(title, " ".join([violation.sentence, *layout.facts.texts]))
    y = _draw_head(pen, title, result, layout)
    layout.place_rows(y)
    _draw_bands(pen, layout)
    _draw_lines(pen, layout)
    for flight in behavior.flights:
        _draw_flight(pen, flight, layout)
    for row in layout.rows:
        _draw_row(pen, row, layout)
    for height in layout.reminders:
        _draw_names(pen, layout, height)
    bottom = draw_end(pen, layout, layout.bottom + 12)
    return pen.finish(layout.width, draw_legend(pen, layout, bottom + 24))


def _draw_head(pen: Pen, title: str, result: Result, layout: Plan) -> float:
    """Title, property, bounds, and the names over the lines."""
    room = layout.width - 32
    y = 30.0
    pen.text(16, y, title, 18, "prose bold")
    sentences = [layout.behavior.violation.sentence] if layout.behavior.violation.sentence else []
    switched = f"; switched off: {', '.join(result.broken)}" if result.broken else ""
    faults = f"; faults: {', '.join(result.faults)}" if result.faults else ""
    bounds = f": {bounds_text(result.bounds)}" if result.bounds else ""
    sentences.append(f"{result.model}{bounds}{faults}{switched}")
    for n, sentence in enumerate(sentences):
        for line in wrap_to(sentence, room, 12):
            y += 18
            pen.text(16, y, line, 12, "prose" if n == 0 and len(sentences) > 1 else "prose soft")
    y += 22
    for column in layout.columns:
        name = column if column != SHARED or layout.behavior.actors else result.model
        width = width_of(name, 14) + 20
        pen.box(layout.x(column) - width / 2, y, width, 24, stroke=INK, stroke_width=1.5, rx=4)
        pen.text(layout.x(column), y + 17, name, 14, "bold", "middle")
        words = standing(column, layout.behavior, 0)
        pen.text(layout.x(column) + width / 2 + 8, y + 16, words, SMALL, "soft")
    return y + 32


def _draw_names(pen: Pen, layout: Plan, y: float) -> None:
    """The names again, small, for a reader who has come far down."""
    for column in layout.columns:
        width = width_of(column, SMALL) + 12
        pen.box(layout.x(column) - width / 2, y + 2, width, REMINDER - 4, stroke=SOFT, rx=3)
        pen.text(layout.x(column), y + REMINDER / 2 + 4, column, SMALL, "bold soft", "middle")


def _draw_bands(pen: Pen, layout: Plan) -> None:
    """A row is a band from its number to its dots."""
    for n, row in enumerate(layout.rows):
        number = row.moves[0].number
        fill = BAND if n % 2 == 0 else PAPER
        pen.add(
            "rect", x=0, y=row.top, width=layout.width, height=row.height, fill=fill, id=f"row{number}", class_="row"
        )
        if row.dots and not row.folded:
            far = max(layout.x(column) for column in row.dots)
            pen.line(layout.gutter - 6, row.dot, far, row.dot, stroke=FAINT, stroke_dasharray="1 3")


def _draw_lines(pen: Pen, layout: Plan) -> None:
    """Each actor's line, drawn by the role that it has from one of its steps to the next."""
    behavior, view = layout.behavior, layout.behavior.shape.view
    for column in layout.columns:
        x, top, bottom = layout.x(column), layout.top - 8, layout.bottom
        if view is None or not view.role or column == SHARED:
            dash = "1 4" if column == SHARED and behavior.actors else "none"
            pen.line(x, top, x, bottom, stroke=SOFT, stroke_width=1.5, stroke_dasharray=dash)
            continue
        begun, role = top, behavior.states[0][view.role][column]
        for move in behavior.moves:
            now = behavior.states[move.number][view.role][column]
            if now != role:
                dot = layout.row_of[move.number].dot
                _draw_segment(pen, x, begun, dot, role, layout)
                begun, role = dot, now
        _draw_segment(pen, x, begun, bottom, role, layout)


def _draw_segment(pen: Pen, x: float, top: float, bottom: float, role: object, layout: Plan) -> None:
    view, behavior = layout.behavior.shape.view, layout.behavior
    assert view is not None
    first = behavior.states[0][view.role][behavior.actors[0]]
    if role == view.leader:
        pen.line(x, top, x, bottom, stroke_width=6)
    elif role == first:
        pen.line(x, top, x, bottom, stroke=SOFT, stroke_width=1.5)
    else:
        pen.line(x, top, x, bottom, stroke_width=2.5, stroke_dasharray="6 3")


def _draw_flight(pen: Pen, flight: Flight, layout: Plan) -> None:
    """One arrow, lost, received or still in flight."""
    source, dest = ends_of(flight, layout)
    shown = _start(flight, layout)
    if source is None or dest is None or shown is None:
        return
    x1, y1 = shown
    x2 = layout.x(dest)
    title = f"{value_text(flight.message)}, sent in step {flight.sent}"
    if flight.lost and flight.ended:
        end = layout.row_of[flight.ended].dot
        x, y = _draw_shaft(pen, f"{title}, lost in step {flight.ended}", (x1, y1), (x2, end), 0.55, "")
        pen.path(f"M{x - 6} {y - 6}l12 12m0 -12l-12 12", stroke=FACT, stroke_width=3)
        _draw_word(pen, layout, x + 11, y + 4, "lost", "fact halo")
    elif flight.arrived:
        row = layout.row_of[flight.arrived[0]]
        if row is layout.row_of.get(flight.sent):
            return
        _draw_shaft(pen, f"{title}, received in step {flight.arrived[0]}", (x1, y1), (x2, row.dot), 1, "url(#arrow)")
        _draw_stay(pen, flight, layout, x2)
    else:
        x, y = _draw_shaft(pen, f"{title}, in flight at the end", (x1, y1), (x2, layout.bottom), 0.5, "", fades=True)
        _draw_word(pen, layout, x + 6, y - 3, "in flight", "soft halo")


def _draw_word(pen: Pen, layout: Plan, x: float, y: float, word: str, look: str) -> None:
    """A word on an arrow; where there is no room the arrow's title and the legend say it."""
    baseline = layout.room_for(x, y, word)
    if baseline is not None:
        pen.text(x, baseline, word, SIZE, look)


def _start(flight: Flight, layout: Plan) -> Point | None:
    """Where an arrow begins: at its sender, or on the arrow that the network copied."""
    source, dest = ends_of(flight, layout)
    if source is None or dest is None:
        return None
    if flight.sent == 0:
        return layout.x(source), layout.top - 8
    row = layout.row_of[flight.sent]
    if flight.copy_of is None:
        return layout.x(source), row.top + row.starts.get(id(flight), 16)
    whence = _start(flight.copy_of, layout)
    if whence is None:
        return None
    (x1, y1), x2 = whence, layout.x(dest)
    seen = flight.copy_of.arrived
    y2 = layout.row_of[seen[0]].dot if seen else layout.bottom
    part = min(0.9, max(0.1, (row.dot - y1) / (y2 - y1))) if y2 > y1 else 0.5
    return (x1 + (x2 - x1) * part, row.dot) if x1 != x2 else (x1 - 18, row.dot)


def _draw_shaft(
    pen: Pen,
    title: str,
    start: Point,
    end: Point,
    part: float,
    head: str,
    fades: bool = False,
) -> Point:
    """The line of an arrow, up to a part of its way; a message to oneself bows out to the left. Returns its end."""
    (x1, y1), (x2, y2) = start, end
    look: dict[str, float | str] = {"stroke": MESSAGE, "stroke_width": 1.6}
    if head:
        look["marker_end"] = head
    if fades:
        look |= {"stroke_dasharray": "5 4", "stroke_opacity": 0.55}
    if x1 == x2:
        x, y = (x2 - 6, y2) if part == 1 else (x2 - 24, y2)
        pen.path(f"M{x1} {y1}C{x1 - 30} {y1} {x1 - 30} {y2} {x} {y}", title, **look)
        return x, y
    x = x1 + (x2 - x1) * part + (0 if part < 1 else (-7 if x2 > x1 else 7))
    y = y2 if part == 1 or not fades else y1 + (y2 - y1) * part
    pen.path(f"M{x1} {y1}L{x:.1f} {y:.1f}", title, **look)
    return x, y


def _draw_stay(pen: Pen, flight: Flight, layout: Plan, x: float) -> None:
    """A message that was looked at before it was taken out stays beside the line until then."""
    last = flight.arrived[-1]
    if last == flight.arrived[0]:
        return
    top, bottom = layout.row_of[flight.arrived[0]].dot, layout.row_of[last].dot
    title = f"{flight.message['kind']} stays in flight until step {last}"
    pen.path(f"M{x - 8} {top + 5}V{bottom - 4}", title, stroke=MESSAGE, stroke_width=1.6, stroke_dasharray="2 2")


def _draw_row(pen: Pen, row: Row, layout: Plan) -> None:
    """The number and the action in the gutter; dots, words and strips beside the lines."""
    view = layout.behavior.shape.view
    move = row.moves[0]
    look = "soft" if row.folded else "bold"
    numbers = f"{move.number}–{row.moves[-1].number}" if row.folded else str(move.number)
    width = max(24, width_of(numbers, SIZE) + 12)
    size = SMALL if row.folded else SIZE
    pen.box(12, row.dot - 10, width, 20, rx=10, fill=PAPER if row.folded else INK, stroke=INK)
    pen.text(12 + width / 2, row.dot + 4, numbers, SIZE, "" if row.folded else "light bold", "middle")
    for n, line in enumerate(row.title):
        pen.text(20 + width, row.dot + 4 + 14 * n, line, size, look if n == 0 else "soft")
    for strip in row.strips:
        if view:
            room = int((layout.column_width - 40) / CELL)
            x = layout.x(strip.column) + 14
            y = row.top + strip.dy
            x += draw_strip(pen, x, y, strip.log, view, strip.commit, dropped=strip.dropped, limit=room)
            for n, fact in enumerate(strip.facts):
                pen.badge(x + 14 + 18 * n, y + 10, fact)
    for column in row.dots:
        _draw_dot(pen, layout.x(column), row.dot, move, layout, column)
    if move.fault == DUPLICATE:
        _draw_copies(pen, move, layout)
    for note in row.notes:
        x = layout.x(note.column) + (14 if note.side > 0 else -12)
        y = row.top + note.dy
        pen.text(x, y, note.words, note.size, f"{note.look} halo".strip(), "start" if note.side > 0 else "end")
        for n, fact in enumerate(note.facts):
            pen.badge(x + width_of(note.words, note.size) + 14 + 18 * n, y - 4, fact)


def _draw_copies(pen: Pen, move: Move, layout: Plan) -> None:
    for flight in move.sent:
        start = _start(flight, layout)
        if start:
            pen.add("circle", cx=start[0], cy=start[1], r=5, fill=PAPER, stroke=MESSAGE, stroke_width=2)
            _draw_word(pen, layout, start[0] + 8, start[1] - 7, "copied", "message bold halo")


def _draw_dot(pen: Pen, x: float, y: float, move: Move, layout: Plan, column: str) -> None:
    """What happened: a step, a change of role, an election, a restart."""
    behavior, view = layout.behavior, layout.behavior.shape.view
    title = f"step {move.number}: {move.step.action}"
    place = {"transform": f"translate({x:.1f} {y:.1f})"}
    role = move.step.changes.get(f"{view.role}[{column}]") if view and view.role else None
    if move.fault == RESTART and column == move.actor:
        pen.box(x - 5, y - 12, 10, 24, fill=PAPER)
        pen.path(_BOLT, title, fill="#ffd84d", stroke_width=1.2, **place)
    elif view and role and role[1] == view.leader:
        pen.path(_STAR, title, fill="#ffd84d", stroke_width=1.3, **place)
    elif role:
        pen.path(_DIAMOND, title, fill=PAPER, stroke_width=2, **place)
    elif column == move.actor or not behavior.actors or move.actor is None:
        pen.add("circle", title, cx=x, cy=y, r=4.5, fill=INK)
    else:
        pen.add("circle", title, cx=x, cy=y, r=4, fill=PAPER, stroke=INK, stroke_width=1.5)
