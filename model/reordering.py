"""A behavior of Raft as it happened and sorted by terms: the same steps, the same end; the picture of `docs/rounds.md`.

python -m raftproof.model.reordering > docs/images/rounds.svg
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from raftproof.checker.language.interpreted import Choice
from raftproof.checker.run import Question
from raftproof.checker.show.style import MESSAGE, SOFT, Pen, term_fill
from raftproof.model import abstract


class Event(NamedTuple):
    """A step of `abstract`, and how it is drawn."""

    server: int
    term: int
    word: str
    action: str
    arguments: tuple[int, ...]
    cause: int | None = None
    """The step that sent the message which this one takes, as a place in AS_IT_HAPPENED."""


AS_IT_HAPPENED = (
    Event(0, 1, "asks", "timeout", (0, 1)),
    Event(1, 1, "votes", "receive_request_vote", (1, 0, 1), 0),
    Event(0, 1, "leads", "become_leader", (0,), 1),
    Event(2, 1, "hears", "observe_term", (2, 0), 2),
    Event(2, 2, "asks", "timeout", (2, 2)),
    Event(1, 2, "votes", "receive_request_vote", (1, 2, 2), 4),
    Event(2, 2, "leads", "become_leader", (2,), 5),
    Event(2, 2, "appends", "client_request", (2, 0)),
    Event(1, 2, "stores", "receive_append_entries", (1, 2, 0, 1, 0), 7),
    Event(0, 1, "appends", "client_request", (0, 0)),
    Event(2, 2, "commits", "advance_commit_index", (2, 1), 8),
    Event(0, 2, "follows", "observe_term", (0, 2), 10),
)
"""s1 leads term 1 and does not notice that s3 is elected in term 2; it still appends an entry of its own term."""
SORTED = tuple(sorted(range(len(AS_IT_HAPPENED)), key=lambda k: AS_IT_HAPPENED[k].term))

LEFT, STEP, WIDTH, HEIGHT, LINE, HEAD = 48, 78, 70, 24, 46, 72


def end_of(order: Sequence[int]) -> int:
    """The state that the steps lead to in an order; each must be enabled when its turn comes."""
    question = Question(abstract.model, {"servers": 3, "max_term": 2, "max_log": 1}, symmetric=())
    system = question.interpreter(question.layout())
    actions = {action.name: action for action in system.model.actions}
    state = system.initial_states()[0]
    for k in order:
        event = AS_IT_HAPPENED[k]
        after = system.next_state(state, Choice(actions[event.action], event.arguments))
        assert after is not None, f"{event} is not enabled"
        state = after
    return state


def picture() -> str:
    """Both orders under each other, as SVG."""
    pen = Pen(
        "Steps sorted into rounds", "The same twelve steps of three servers in two orders that end in the same state."
    )
    orders = {"as it happened": tuple(range(len(AS_IT_HAPPENED))), "the same steps, term after term": SORTED}
    panel = HEAD + 3 * LINE
    for number, (title, order) in enumerate(orders.items()):
        _draw(pen, title, order, number * panel, is_sorted=order == SORTED)
    return pen.finish(LEFT + len(AS_IT_HAPPENED) * STEP + 12, 2 * panel + 8)


def _draw(pen: Pen, title: str, order: tuple[int, ...], top: float, is_sorted: bool) -> None:
    pen.text(8, top + 18, title, 13, "prose bold")
    places = {
        k: (LEFT + place * STEP + WIDTH / 2, _line(top, AS_IT_HAPPENED[k].server)) for place, k in enumerate(order)
    }
    for server in range(3):
        y = _line(top, server)
        pen.text(8, y + 4, f"s{server + 1}", 12, "bold")
        pen.line(LEFT - 14, y, LEFT + len(order) * STEP, y, stroke=SOFT)
    if is_sorted:
        _draw_rounds(pen, order, top)
    for k, (x, y) in places.items():
        cause = AS_IT_HAPPENED[k].cause
        if cause is not None:
            _draw_message(pen, places[cause], (x, y))
    for k, (x, y) in places.items():
        event = AS_IT_HAPPENED[k]
        title = f"step {k + 1}, term {event.term}: {event.action}"
        with pen.group(title):
            pen.box(x - WIDTH / 2, y - HEIGHT / 2, WIDTH, HEIGHT, fill=term_fill(event.term), stroke="#1a1a1a", rx=4)
            pen.text(x, y + 4, f"{k + 1} {event.word}", 10.5, "halo", "middle")


def _draw_rounds(pen: Pen, order: tuple[int, ...], top: float) -> None:
    for term in (1, 2):
        columns = [place for place, k in enumerate(order) if AS_IT_HAPPENED[k].term == term]
        first, last = LEFT + columns[0] * STEP - 4, LEFT + columns[-1] * STEP + WIDTH + 4
        pen.box(first, top + 44, last - first, 3 * LINE + 10, fill="none", stroke=SOFT, stroke_dasharray="5 3", rx=8)
        pen.text((first + last) / 2, top + 40, f"round {term}", 12, "prose bold", "middle")


def _draw_message(pen: Pen, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the lower or upper edge of one step to that of another."""
    down = 1 if end[1] > start[1] else -1
    if end[1] == start[1]:
        return
    x1, y1, x2, y2 = start[0], start[1] + down * HEIGHT / 2, end[0] - WIDTH / 4, end[1] - down * HEIGHT / 2
    pen.path(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", stroke=MESSAGE, stroke_width=1.4, marker_end="url(#arrow)")


def _line(top: float, server: int) -> float:
    return top + HEAD + server * LINE


if __name__ == "__main__":
    print(picture(), end="")
