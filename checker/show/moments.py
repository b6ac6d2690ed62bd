"""The story of a counterexample in its logs, as the paper's Figure 8 tells it: a panel a moment, a strip a server.

    a  s1 leads term 2, appends      b  s2 leads term 3, appends
    ★ s1  [2]                          s1  [2]
      s2                             ★ s2  [3]
      s3                               s3

A moment is a step that changes a log, a commit index, or who leads; what one server does in a row is one moment. So a
behavior of fifty steps is told in half a dozen panels, and what elections and messages led there is left to the
space-time diagram. Where no log ever holds an entry, the votes are the story: a field that names a server.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from raftproof.checker.result import Json, LogView, Result
from raftproof.checker.show.behavior import RESTART, Behavior, Move, Place, behavior_of
from raftproof.checker.show.loggrid import CELL, draw_strip
from raftproof.checker.show.spacetime_facts import Facts, facts_of
from raftproof.checker.show.spacetime_plan import commit_of
from raftproof.checker.show.style import FACT, FAINT, Pen, width_of, wrap_to
from raftproof.checker.show.words import count_text, value_text

PANELS_MAX = 16
"""A longer story begins with what led to its last moments."""
WIDTH = 1080
CELLS_MAX = 8
"""A longer log begins with one cell for all that is left out."""
_LEFT, _ROW, _GAP = 74, 46, 14


@dataclass
class Moment:
    """What one server did, in one step or some in a row."""

    actor: str | None
    moves: list[Move]
    words: list[tuple[str, str]] = field(default_factory=list)
    """Who did what: ("s1", "leads term 2")."""

    @property
    def number(self) -> int:
        """The step after which the panel shows the cluster."""
        return self.moves[-1].number if self.moves else 0

    @property
    def before(self) -> int:
        """The step before its first."""
        return self.moves[0].number - 1 if self.moves else 0


def moments_of(behavior: Behavior) -> list[Moment]:
    """The moments of a behavior whose model has logs; the last step is always one of them.

    Where the initial state breaks the property already, that is the one moment.
    """
    view = behavior.shape.view
    assert view is not None
    votes = votes_of(behavior)
    moments: list[Moment] = []
    for move in behavior.moves:
        words = [*_told(move, behavior, view), *_votes_told(move, behavior, votes)]
        if move is behavior.moves[-1] and not words:
            words = [(move.actor or "", move.step.action)]
        if not words:
            continue
        is_apart = any(verb.startswith(("drops", "commits")) for _, verb in words)
        if not moments or moments[-1].actor != move.actor or is_apart:
            moments.append(Moment(move.actor, []))
        moments[-1].moves.append(move)
        moments[-1].words += words
    return moments or [Moment(None, [], [("", "the initial state")])]


def votes_of(behavior: Behavior) -> list[str]:
    """The fields that name a server for each server, where no log ever holds an entry; none elsewhere."""
    view = behavior.shape.view
    if view is None or any(log for state in behavior.states for log in state[view.log].values()):
        return []
    named = {None, *behavior.actors}
    return [
        name
        for name, value in behavior.last.items()
        if isinstance(value, dict)
        and list(value) == behavior.actors
        and all(isinstance(v, str | None) and v in named for state in behavior.states for v in state[name].values())
        and any(state[name] != behavior.states[0][name] for state in behavior.states)
    ]


def moments_svg(result: Result) -> str:
    """The panels of a result's counterexample; of a model with logs."""
    behavior = behavior_of(result)
    view = behavior.shape.view
    if view is None or not behavior.actors:
        raise ValueError("the model has no logs")
    every = moments_of(behavior)
    shown = every[-PANELS_MAX:]
    cells = max(2, *(len(behavior.states[m.number][view.log][actor]) for m in shown for actor in behavior.actors))
    width = _LEFT + min(cells, CELLS_MAX) * CELL + 34
    rows = -(-len(shown) // max(1, int((WIDTH - 16) / (width + _GAP))))
    columns = -(-len(shown) // rows)
    pen = Pen(
        f"How {behavior.violation.property} comes to fall, in {count_text(len(shown), 'moments')}",
        "A panel a moment; in it a strip a server, coloured by term; the bar under a strip is what is committed.",
    )
    facts = facts_of(behavior, behavior.actors)
    y = 12.0
    if len(every) > len(shown):
        pen.text(
            16, y + 12, f"{count_text(len(every) - len(shown), 'moments')} before these are left out.", 12, "prose soft"
        )
        y += 24
    for first in range(0, len(shown), columns):
        row = list(enumerate(shown))[first : first + columns]
        captions = [wrap_to(_caption(moment), width - 40, 11) for _, moment in row]
        head = 14 * max(map(len, captions)) + 30
        height = head + _ROW * len(behavior.actors) + 8
        for place, ((number, moment), caption) in enumerate(zip(row, captions, strict=True)):
            x = 12 + place * (width + _GAP)
            last = number == len(shown) - 1
            _draw_panel(pen, behavior, moment, x, y, width, height, number, caption, facts if last else None)
        y += height + _GAP
    wide = 12 + columns * (width + _GAP)
    return pen.finish(wide, _draw_foot(pen, behavior, y, wide))


def _draw_foot(pen: Pen, behavior: Behavior, y: float, wide: float) -> float:
    """What falls, and under it the facts that the numbered discs of the last panel point at; returns where it ends."""
    violation = behavior.violation
    for line in wrap_to(f"{violation.property} is violated. It says: {violation.sentence}", wide - 32, 12):
        pen.text(16, y + 12, line, 12, "prose fact")
        y += 17
    for number, fact in enumerate(behavior.facts, start=1):
        pen.badge(24, y + 12, number)
        for line in wrap_to(fact.text, wide - 56, 11):
            pen.text(40, y + 16, line, 11)
            y += 16
        y += 4
    return y + 10


def _caption(moment: Moment) -> str:
    """Who did what; who acts is named once."""
    told, subject = "", ""
    for actor, verb in moment.words:
        told += f"{', ' if told else ''}{actor + ' ' if actor and actor != subject else ''}{verb}"
        subject = actor
    return told


def _steps(moment: Moment) -> str:
    first, last = moment.before + 1, moment.number
    if not last:
        return ""
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _draw_panel(
    pen: Pen,
    behavior: Behavior,
    moment: Moment,
    x: float,
    y: float,
    width: float,
    height: float,
    number: int,
    caption: list[str],
    facts: Facts | None,
) -> None:
    """One panel; the last one is framed heavily and points at the facts."""
    look: dict[str, float | str] = {"stroke": FACT, "stroke_width": 3} if facts else {"stroke": FAINT}
    pen.box(x, y, width, height, rx=5, **look)
    pen.text(x + 10, y + 19, _letter(number), 14, "bold")
    for n, line in enumerate(caption):
        pen.text(x + 30, y + 18 + 14 * n, line, 11, "bold")
    pen.text(x + 30, y + 18 + 14 * len(caption), _steps(moment), 10, "soft")
    top = y + height - _ROW * len(behavior.actors) - 4
    for row, actor in enumerate(behavior.actors):
        _draw_server(pen, behavior, moment, x, top + row * _ROW, actor, facts)


def _draw_server(
    pen: Pen, behavior: Behavior, moment: Moment, x: float, y: float, actor: str, facts: Facts | None
) -> None:
    """A server's line: who it is, whether it leads, and its log; what the moment's steps changed in ink."""
    view, state = behavior.shape.view, behavior.states[moment.number]
    assert view is not None
    leads = bool(view.role) and state[view.role][actor] == view.leader
    acts = actor == moment.actor
    if leads:
        pen.line(x + 6, y + 2, x + 6, y + _ROW - 12, stroke_width=4)
    pen.text(x + 14, y + 15, f"{actor} ★" if leads else actor, 13, "bold" if leads or acts else "soft")
    if view.current_term:
        pen.text(x + 14, y + 30, f"term {value_text(state[view.current_term][actor])}", 10, "" if acts else "soft")
    votes = votes_of(behavior)
    if votes:
        reach = _draw_votes(pen, behavior, moment, x + _LEFT, y, actor, votes)
    else:
        reach = _draw_log(pen, behavior, moment, x + _LEFT, y, actor, facts)
    here = [n for n, column in enumerate(facts.column_of, start=1) if column == actor] if facts else []
    for n, fact in enumerate(here):
        pen.badge(x + _LEFT + reach + 12 + 18 * n, y + 10, fact)


def _draw_log(
    pen: Pen, behavior: Behavior, moment: Moment, x: float, y: float, actor: str, facts: Facts | None
) -> float:
    """A server's log, what the moment added under a line and what it dropped struck through; returns its width."""
    view, state = behavior.shape.view, behavior.states[moment.number]
    assert view is not None
    log, before = state[view.log][actor], behavior.states[moment.before][view.log][actor]
    same = _shared(before, log)
    dropped = before[same:][: max(0, CELLS_MAX - len(log))]
    places = [Place.of(place) for place, _ in facts.places] if facts else []
    inside = [place.keys[1] for place in places if place.field == view.log and place.keys[:1] == (actor,) < place.keys]
    marked = [int(index) for index in inside if index.isdecimal()]
    commit = commit_of(state, view, actor)
    if actor == moment.actor and log[same:] and len(log) <= CELLS_MAX:
        pen.line(x + same * CELL, y - 3, x + len(log) * CELL, y - 3, stroke_width=2)
    return draw_strip(pen, x, y, log, view, commit, marked, dropped=dropped, limit=CELLS_MAX)


def _draw_votes(
    pen: Pen, behavior: Behavior, moment: Moment, x: float, y: float, actor: str, votes: list[str]
) -> float:
    """Whom a server names; returns the width."""
    changed = {place for move in moment.moves for place in move.step.changes}
    reach = 0.0
    for n, name in enumerate(votes):
        value = behavior.states[moment.number][name][actor]
        look = "bold" if f"{name}[{actor}]" in changed else "" if value else "soft"
        words = f"{name} {value_text(value)}"
        pen.text(x, y + 15 + 15 * n, words, 11, look)
        reach = max(reach, width_of(words, 11))
    return reach + 6


def _shared(before: list[Json], after: list[Json]) -> int:
    """How many entries two logs share from the first on."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))


def _letter(number: int) -> str:
    """a, b, … as the paper's figures are lettered."""
    return "abcdefghijklmnopqrstuvwxyz"[number] if number < 26 else str(number + 1)


def _told(move: Move, behavior: Behavior, view: LogView) -> list[tuple[str, str]]:
    """What a step does that is a moment, in words."""
    before, after = behavior.states[move.number - 1], behavior.states[move.number]
    words = [(move.actor, "restarts")] if move.fault == RESTART and move.actor else []
    for actor in behavior.actors:
        if view.role and before[view.role][actor] != after[view.role][actor] == view.leader:
            term = f" term {value_text(after[view.current_term][actor])}" if view.current_term else ""
            words.append((actor, f"leads{term}"))
        leads = bool(view.role) and after[view.role][actor] == view.leader
        words += [(actor, verb) for verb in _log_words(before[view.log][actor], after[view.log][actor], leads)]
        was, now = commit_of(before, view, actor), commit_of(after, view, actor)
        if now > was:
            words.append((actor, f"commits {_indexes(was + 1, now)}"))
        elif now < was and move.fault != RESTART:
            words.append((actor, f"takes its commit back to {now}"))
    return words


def _votes_told(move: Move, behavior: Behavior, votes: list[str]) -> list[tuple[str, str]]:
    """Whom a server names from this step on: voted_for s2."""
    after = behavior.states[move.number]
    changed = [(name, actor) for name in votes for actor in behavior.actors if f"{name}[{actor}]" in move.step.changes]
    return [(actor, f"{name} {after[name][actor]}") for name, actor in changed if after[name][actor]]


def _log_words(before: list[Json], after: list[Json], leads: bool) -> list[str]:
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    words = []
    if len(before) > same:
        words.append(f"drops {_indexes(same + 1, len(before))}")
    if len(after) > same:
        words.append(f"{'appends' if leads else 'stores'} {_indexes(same + 1, len(after))}")
    return words


def _indexes(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"


__all__ = ["Moment", "moments_of", "moments_svg"]
