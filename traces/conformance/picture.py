"""A space-time picture of a trace around a line: time runs downwards, a column a server, messages are arrows.

Lines on which nothing happens to be seen are left out, so that what matters fits: the vote that was given before, the
entry that was stored. A vote is told on the first line that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from raftproof.checker.show.style import (
    BAND,
    FACT,
    FACT_FILL,
    FAINT,
    INK,
    MESSAGE,
    SOFT,
    Pen,
    term_fill,
    width_of,
    wrap_to,
)
from raftproof.traces.conformance.explain import differences, involved, nearest
from raftproof.traces.conformance.following import conform
from raftproof.traces.conformance.membership import in_order
from raftproof.traces.conformance.outcome import Outcome, rule_text
from raftproof.traces.conformance.server import show_configuration
from raftproof.traces.events import CANDIDATE, LEADER, NONE, PRE_CANDIDATE, Event, Id, Message, Placed
from raftproof.traces.reading import in_file_order, is_sorted, opened, sorted_whole

ROWS: Final = 36
"""How many lines are drawn at most."""
AFTER: Final = 4
"""How many of them come after the one in question."""
_LEGEND: Final = (
    "thick line: leader; dashed: candidate; the box: the server's term, then its log and commit index",
    "left out: lines of other servers, and lines that change nothing",
)
_LEFT, _COLUMN, _ROW, _SIZE = 76, 272, 24, 11


def picture(items: Sequence[Placed], at: int, outcome: Outcome | None = None) -> str:
    """The SVG of the lines around `items[at]`; what an outcome says of that line stands below."""
    rows = _chosen(items, at)
    servers = list(in_order({item.event.nid for item in rows} | set(involved(items[at].event))))
    title = f"{Path(items[at].file).name}, line {items[at].number}"
    departure = outcome.departure if outcome and outcome.line == items[at].number else None
    pen = Pen(title, departure.condition if departure else title)
    width = max(_LEFT + _COLUMN * len(servers) + 24, width_of(title, 14) + 40, width_of(_LEGEND[0], 10) + 40)
    pen.text(16, 26, title, 14, "bold")
    y = {id(item): 84.0 + _ROW * k for k, item in enumerate(rows)}
    bottom = 84 + _ROW * len(rows)
    x = {nid: _LEFT + 30.0 + _COLUMN * k for k, nid in enumerate(servers)}
    pen.box(8, y[id(items[at])] - 16, width - 16, _ROW, fill=FACT_FILL if departure else BAND)
    for nid in servers:
        pen.text(x[nid], 56, f"server {nid}", 12, "bold", "middle")
        _draw_life(pen, x[nid], [item for item in rows if item.event.nid == nid], y, bottom)
    _draw_messages(pen, rows, x, y)
    votes = {id(item): item.event.state.vote for item, before in _with_before(items) if _votes(item, before)}
    for item in rows:
        _draw_event(pen, item, x[item.event.nid], y[id(item)], item is items[at], votes.get(id(item)))
    if departure:
        texts = [f"{departure.rule}: {rule_text(departure.rule)}", departure.condition, *differences(departure)]
        texts.append(f"Possible here: {nearest(items[at].event, departure)}.")
        lines = [
            (line, "prose" if k else "fact") for k, text in enumerate(texts) for line in wrap_to(text, width - 40, 12)
        ]
        pen.box(12, bottom + 8, width - 24, 18 + 17 * len(lines), fill=FACT_FILL, stroke=FACT)
        for k, (line, look) in enumerate(lines):
            pen.text(24, bottom + 28 + 17 * k, line, 12, look)
        bottom += 26 + 17 * len(lines)
    for line in _LEGEND:
        pen.text(16, bottom + 26, line, 10, "soft")
        bottom += 15
    return pen.finish(width, bottom + 25)


class NoSuchLine(Exception):
    """The trace has no event on a line, nor after it."""


def picture_at(path: str, line: int) -> str:
    """The SVG of a file's lines around one of them; raises Malformed or NoSuchLine."""
    outcome = conform(path)
    with opened(path) as file:
        items = list(in_file_order(path, file)) if is_sorted(path, file) else list(sorted_whole(path, file))
    at = next((k for k, item in enumerate(items) if item.number >= line), None)
    if at is None:
        raise NoSuchLine(f"{path} has no event on line {line} or after it")
    return picture(items, at, outcome)


def _chosen(items: Sequence[Placed], at: int) -> list[Placed]:
    """The lines of the servers that have to do with one, before it and a few after it, without those that are quiet."""
    about = set(involved(items[at].event))
    quiet = {id(item) for item, before in _with_before(items) if item is not items[at] and _is_quiet(item, before)}
    before: list[Placed] = []
    for item in reversed(items[: at + 1]):
        if item.event.nid in about and id(item) not in quiet:
            before.append(item)
            if len(before) == ROWS - AFTER:
                break
    near = items[at + 1 : at + 1 + 10 * AFTER]
    after = [item for item in near if item.event.nid in about and id(item) not in quiet]
    return before[::-1] + after[:AFTER]


def _with_before(items: Sequence[Placed]) -> Iterator[tuple[Placed, Event | None]]:
    """Each line, with the event before it of the same server."""
    last: dict[Id, Event] = {}
    for item in items:
        yield item, last.get(item.event.nid)
        last[item.event.nid] = item.event


def _is_quiet(item: Placed, before: Event | None) -> bool:
    """Whether a line shows what the one before it of its server showed, and no message."""
    event = item.event
    if before is None or event.msg is not None or event.name == "InitState":
        return False
    return (event.state, event.role, event.log, event.conf) == (before.state, before.role, before.log, before.conf)


def _votes(item: Placed, before: Event | None) -> bool:
    """Whether a line is the first to show a vote."""
    vote = item.event.state.vote
    return vote != NONE and (before is None or vote != before.state.vote)


def _draw_life(pen: Pen, x: float, items: Sequence[Placed], y: dict[int, float], bottom: float) -> None:
    """A server's line: its role shows in how it is drawn."""
    pen.line(x, 64, x, bottom, stroke=FAINT)
    for k, item in enumerate(items):
        end = y[id(items[k + 1])] if k + 1 < len(items) else min(bottom, y[id(item)] + _ROW)
        if item.event.role == LEADER:
            pen.line(x, y[id(item)], x, end, stroke_width=4)
        elif item.event.role in (CANDIDATE, PRE_CANDIDATE):
            pen.line(x, y[id(item)], x, end, stroke_width=2, stroke_dasharray="4 3")


def _draw_messages(pen: Pen, rows: Sequence[Placed], x: dict[Id, float], y: dict[int, float]) -> None:
    """An arrow from where a message was sent to each place where it was received."""
    sent: dict[Message, Placed] = {}
    for item in rows:
        m = item.event.msg
        if m is None:
            continue
        if item.event.name.startswith("Send"):
            sent.setdefault(m, item)
        elif m in sent and m.source != m.dest:
            source = sent[m]
            points = f"M{x[m.source]} {y[id(source)]}L{x[m.dest]} {y[id(item)]}"
            pen.path(points, _label(source.event), stroke=MESSAGE, marker_end="url(#arrow)")


def _draw_event(pen: Pen, item: Placed, x: float, y: float, marked: bool, vote: Id | None) -> None:
    """A dot, what happened, and the state on the line."""
    event = item.event
    pen.text(_LEFT - 16, y + 4, str(item.number), _SIZE, "fact" if marked else "soft", "end")
    pen.add("circle", cx=x, cy=y, r=5 if marked else 3.5, fill=FACT if marked else INK)
    term = str(event.state.term)
    pen.box(x + 10, y - 8, 10 + width_of(term, _SIZE), 16, fill=term_fill(event.state.term), stroke=SOFT)
    pen.text(x + 15, y + 4, term, _SIZE)
    state = f"{event.log}/{event.state.commit}"
    left = x + 26 + width_of(term, _SIZE)
    pen.text(left, y + 4, state, _SIZE, "soft halo")
    left += width_of(state, _SIZE) + 6
    pen.text(left, y + 4, _label(event), _SIZE, "fact halo" if marked else "halo")
    if vote is not None:
        pen.text(left + width_of(_label(event), _SIZE) + 7, y + 4, f"votes {vote}", _SIZE, "bold halo")


def _label(event: Event) -> str:
    """What happened, in a few letters."""
    m = event.msg
    if m is None:
        if event.name == "ApplyConfChange" and event.prop and event.prop.cc:
            return f"apply {show_configuration((event.prop.cc.newconf, ()))}"
        return event.name
    arrow = "→" if event.name.startswith("Send") else "←"
    other = m.dest if event.name.startswith("Send") else m.source
    what = {
        "MsgApp": f"App {m.index}+{m.entries}",
        "MsgSnap": f"Snap {m.entries}",
        "MsgHeartbeat": f"Heartbeat {m.commit}",
    }
    name = (what | {"MsgAppResp": f"AppResp {m.index}"}).get(m.type, m.type.removeprefix("Msg"))
    granted = " yes" if m.type in ("MsgVoteResp", "MsgPreVoteResp") else ""
    return f"{arrow}{other} {name}" + (" no" if m.reject else granted)
