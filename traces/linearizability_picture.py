"""The picture of a history that is not linearizable: a line per client, the longest order that works through it."""

from __future__ import annotations

from html import escape

from raftproof.traces.linearizability import Call, Linearizability

ROW, LEFT, TOP, BAR = 44, 70, 96, 20
WIDEST = 1600
SHOWN = 40
"""So many calls around the place where no order goes on are drawn; the others are the same story."""


def draw(found: Linearizability) -> str:
    """An SVG that needs nothing else; readable in black and white."""
    shown, left_out = _window(found)
    calls = [found.calls[place] for place in shown]
    clients = sorted({call.client for call in calls})
    times = sorted({time for call in calls for time in (call.called, call.returned) if time is not None})
    column = {time: place for place, time in enumerate(times)}
    step = max(26, min(70, WIDEST // max(len(times), 1)))
    width, height = LEFT + step * (len(times) + 2) + 30, TOP + ROW * len(clients) + 70

    def x(time: int) -> float:
        return LEFT + step * column[time]

    parts = [_head(found, width, height, left_out)]
    for client in clients:
        y = TOP + ROW * clients.index(client)
        parts.append(f'<text x="10" y="{y + 15}">client {client}</text>')
        parts.append(f'<line x1="{LEFT - 5}" x2="{width - 20}" y1="{y + BAR / 2}" y2="{y + BAR / 2}" stroke="#ddd"/>')
    for place, call in zip(shown, calls, strict=True):
        y = TOP + ROW * clients.index(call.client)
        end = x(call.called) + 1.5 * step if call.returned is None else x(call.returned)
        parts.append(_bar(call, place, found, x(call.called), end, y))
    parts.append(_order(found, shown, clients, x))
    parts.append(_legend(height))
    return "\n".join([*parts, "</svg>", ""])


def _window(found: Linearizability) -> tuple[list[int], int]:
    """The calls to draw, by time: those about the place where the order ends."""
    if len(found.calls) <= SHOWN:
        return list(range(len(found.calls))), 0
    middle = min(found.stuck, default=len(found.calls) // 2)
    first = max(0, min(middle - SHOWN * 2 // 3, len(found.calls) - SHOWN))
    wanted = {*range(first, first + SHOWN), *found.stuck}
    return sorted(wanted), len(found.calls) - len(wanted)


def _head(found: Linearizability, width: int, height: int, left_out: int) -> str:
    answered = sum(call.returned is not None for call in found.calls)
    placed = sum(found.calls[place].returned is not None for place in found.longest)
    title = f"key {escape(str(found.key))}: {found.verdict.replace('_', ' ')}"
    more = f"; {left_out} calls elsewhere are left out" if left_out else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img" font-family="sans-serif" font-size="11">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        f'<text x="10" y="24" font-size="16" font-weight="bold">{title}</text>\n'
        f'<text x="10" y="44">The longest order that works places {placed} of {answered} answered calls{more}.</text>\n'
        f'<text x="10" y="60">Of the calls with a thick border one would have to come next, and none fits.</text>'
    )


def _bar(call: Call, place: int, found: Linearizability, left: float, right: float, y: float) -> str:
    stuck = place in found.stuck
    placed = place in found.longest
    fill = "#ffd9d9" if stuck else "#e4eefb" if placed else "#f4f4f4"
    border = 'stroke="#b00000" stroke-width="3"' if stuck else 'stroke="#456" stroke-width="1"'
    dashes = ' stroke-dasharray="4 3"' if call.returned is None else ""
    number = f"{found.longest.index(place) + 1}. " if placed else ""
    text = escape(f"{number}{call}")
    return (
        f'<rect x="{left}" y="{y}" width="{max(right - left, 8)}" height="{BAR}" rx="3" fill="{fill}" {border}{dashes}>'
        f"<title>{text}</title></rect>\n"
        f'<text x="{left + 3}" y="{y + BAR + 11}" font-size="10">{text}</text>'
    )


def _order(found: Linearizability, shown: list[int], clients: list[int], x: object) -> str:
    """The instants of the order, as points that never go back in time, joined by a line."""
    assert callable(x)
    now = 0.0
    points = []
    for place in found.longest:
        if place in shown:
            call = found.calls[place]
            now = max(now + 3, x(call.called) + 3)
            points.append((now, TOP + ROW * clients.index(call.client) + BAR / 2))
    line = " ".join(f"{a:.0f},{b:.0f}" for a, b in points)
    dots = "".join(f'<circle cx="{a:.0f}" cy="{b:.0f}" r="3" fill="black"/>' for a, b in points)
    return f'<polyline points="{line}" fill="none" stroke="black" stroke-width="1"/>{dots}'


def _legend(height: int) -> str:
    return (
        f'<text x="10" y="{height - 30}">A bar is a call, from the time it was made to its answer; dashed: '
        "never answered, so its end is open. Time runs to the right, a column for each event.</text>\n"
        f'<text x="10" y="{height - 14}">The numbers and the line are the longest linearizable prefix: a point is the '
        "instant at which the call takes effect.</text>"
    )
