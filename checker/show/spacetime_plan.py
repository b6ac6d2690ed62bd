"""Where everything in a space-time diagram goes, before anything is drawn.

    gutter            s1                s2                s3
    1 timeout         ◆ role …          |                 |
    2 request_vote    ● RequestVote ────┐                 |
                      |                 |                 |
    3 handle …        |                 ▼ voted_for …     |

A row is a step, or a run of quiet steps folded into one. In its row an actor has its changes at the right of its line,
under each other, and below them the messages that it sends, each with a label on the side to which it flies; so an
arrow always leaves below its label, arrives at the dot of a later row, and never crosses the words of its own row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from raftproof.checker.result import Json, LogView
from raftproof.checker.show.behavior import RESTART, Behavior, Flight, Move, Place
from raftproof.checker.show.loggrid import CELL, STRIP
from raftproof.checker.show.spacetime_facts import SHARED, Facts, column_of, facts_of
from raftproof.checker.show.style import unbroken, width_of, wrap_to
from raftproof.checker.show.words import changes_of, containers_of, message_fields, step_text, value_text

GUTTER_MIN, GUTTER_MAX = 190, 330
COLUMN, COLUMN_NARROW = 272, 226
LINE, DOT, GAP = 14, 16, 10
SIZE, SMALL = 11, 10
REMIND_EVERY, REMINDER = 640, 22
"""So often, in pixels, the names over the lines are written again, and so high they are."""
FOLD_ABOVE = 40
"""A behavior of more steps folds what is quiet."""


@dataclass
class Note:
    """A line of words; dy counts from the top of its row; side -1 stands left of the line, 1 right of it."""

    column: str
    dy: float
    words: str
    look: str = ""
    side: int = 1
    size: float = SIZE
    facts: tuple[int, ...] = ()


@dataclass
class StripNote:
    """A log strip beside an actor's line."""

    column: str
    dy: float
    log: list[Json]
    dropped: list[Json]
    commit: int
    facts: tuple[int, ...] = ()


@dataclass
class Row:
    """A step, or quiet steps in one."""

    moves: list[Move]
    title: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    strips: list[StripNote] = field(default_factory=list)
    starts: dict[int, float] = field(default_factory=dict)
    """How far below the top each message starts, by the identity of its flight."""
    dots: list[str] = field(default_factory=list)
    top: float = 0
    height: float = 0

    @property
    def folded(self) -> bool:
        """Several steps in one row."""
        return len(self.moves) > 1

    @property
    def dot(self) -> float:
        """The height at which the step happens."""
        return self.top + DOT


@dataclass
class Plan:
    """The whole diagram."""

    behavior: Behavior
    columns: list[str]
    gutter: float
    column_width: float
    rows: list[Row]
    row_of: dict[int, Row]
    facts: Facts
    top: float = 0
    bottom: float = 0
    """Where the lines begin and end."""
    reminders: list[float] = field(default_factory=list)
    """The heights at which the names over the lines are written again."""
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Where words stand: left, top, right, bottom."""

    def place_rows(self, top: float) -> None:
        """Put the rows under each other, and note where words stand."""
        y = named = self.top = top
        for row in self.rows:
            if y - named > REMIND_EVERY:
                self.reminders.append(y)
                named, y = y, y + REMINDER
            row.top, y = y, y + row.height
        self.bottom = y + 8
        self._take_words()

    def room_for(self, x: float, y: float, words: str) -> float | None:
        """A baseline near y where a word on an arrow stands on no others, taken from now on; None if there is none."""
        for baseline in (y, y + 13, y - 13, y + 26, y - 26):
            box = (x, baseline - 9, x + width_of(words, SIZE), baseline + 3)
            free = not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in self.taken)
            if free and self.top < box[1] and box[3] < self.bottom:
                self.taken.append(box)
                return baseline
        return None

    def _take_words(self) -> None:
        for y in self.reminders:
            self.taken.append((self.gutter, y, self.width, y + REMINDER))
        for row in self.rows:
            for note in row.notes:
                x, y = self.x(note.column), row.top + note.dy
                width = width_of(note.words, note.size) + 16 + 18 * len(note.facts)
                self.taken.append((x, y - 9, x + width, y + 3) if note.side > 0 else (x - width, y - 9, x, y + 3))
            for strip in row.strips:
                x, y = self.x(strip.column), row.top + strip.dy
                self.taken.append((x, y, x + self.column_width - 20, y + STRIP + 12))

    def x(self, column: str) -> float:
        """Where a column's line stands."""
        return self.gutter + 34 + self.columns.index(column) * self.column_width

    @property
    def width(self) -> float:
        """The width of the picture."""
        return self.gutter + 34 + len(self.columns) * self.column_width + 10


def plan(behavior: Behavior, *, fold: bool = True) -> Plan:
    """Lay the whole behavior out, from the top downwards."""
    columns = _columns(behavior)
    facts = facts_of(behavior, columns)
    narrow = len(columns) > 4
    width = COLUMN_NARROW if narrow else COLUMN
    rows = _fold(behavior) if fold and len(behavior.moves) > FOLD_ABOVE else [Row([m]) for m in behavior.moves]
    titles = [step_text(m.step, behavior.shape) for row in rows if not row.folded for m in row.moves]
    longest = max((width_of(part, SIZE) for title in titles for part in _parts(title)), default=0)
    gutter = min(GUTTER_MAX, max(GUTTER_MIN, longest + 56))
    result = Plan(behavior, columns, gutter, width, rows, {}, facts)
    for row in rows:
        _lay_row(row, result)
        result.row_of.update({move.number: row for move in row.moves})
    return result


def _columns(behavior: Behavior) -> list[str]:
    """A column an actor, and one for everyone if anything changes that belongs to no actor."""
    fields = {Place.of(text) for move in behavior.moves for text in move.step.changes}
    shared = any(column_of(place, behavior) == SHARED for place in fields if place.field != behavior.shape.bag)
    return [*behavior.actors, *([SHARED] if shared or not behavior.actors else [])]


def ends_of(flight: Flight, plan: Plan) -> tuple[str | None, str | None]:
    """The columns between which a message flies."""
    shape, behavior = plan.behavior.shape, plan.behavior
    source = flight.message.get(shape.source) if shape.source else None
    dest = flight.message.get(shape.dest) if shape.dest else None
    if source not in plan.columns:
        source = behavior.moves[flight.sent - 1].actor if flight.sent else None
    if dest not in plan.columns:
        dest = behavior.moves[flight.ended - 1].actor if flight.ended else None
    return source, dest


def commit_of(state: Json, view: LogView, actor: str) -> int:
    """An actor's commit index, 0 where the model has none."""
    commit = state[view.commit_index][actor] if view.commit_index else 0
    return commit if isinstance(commit, int) else 0


def _fold(behavior: Behavior) -> list[Row]:
    """Runs of three quiet steps or more become one row."""
    rows: list[Row] = []
    run: list[Move] = []
    for move in [*behavior.moves, None]:
        if move is not None and is_quiet(move, behavior):
            run.append(move)
            continue
        rows += [Row(run)] if len(run) > 2 else [Row([quiet]) for quiet in run]
        run = []
        if move is not None:
            rows.append(Row([move]))
    return rows


def is_quiet(move: Move, behavior: Behavior) -> bool:
    """Quiet is a step that changes nothing but messages and a leader's indexes, if no message of it leads on."""
    view = behavior.shape.view
    aside = {behavior.shape.bag} | ({view.next_index, view.match_index} if view else set())
    return (
        not move.fault and not _changes_more(move, aside) and not any(_leads_on(f, behavior, aside) for f in move.sent)
    )


def _changes_more(move: Move, aside: set[str | None]) -> bool:
    return any(Place.of(place).field not in aside for place in move.step.changes)


def _leads_on(flight: Flight, behavior: Behavior, aside: set[str | None]) -> bool:
    return any(_changes_more(behavior.moves[n - 1], aside) or behavior.moves[n - 1].fault for n in flight.arrived)


def _parts(title: str) -> list[str]:
    """A long step is written on two lines, what it does and to what."""
    name, bracket, rest = title.partition("(")
    return [title] if len(title) <= 26 or not bracket else [name, rest.removesuffix(")")]


def _lay_row(row: Row, plan: Plan) -> None:
    """Fill one row from its steps."""
    if row.folded:
        counts = Counter(move.step.action for move in row.moves)
        lines = [f"{len(row.moves)} quiet steps:", *(f"{count}× {action}" for action, count in counts.items())]
        row.title = [part for line in lines for part in wrap_to(line, plan.gutter - 44, SMALL)]
        row.starts = {id(flight): LINE * len(row.title) + 6 for move in row.moves for flight in move.sent}
        row.height = LINE * len(row.title) + 16
        return
    move = row.moves[0]
    title = step_text(move.step, plan.behavior.shape)
    row.title = [line for part in _parts(title) for line in wrap_to(part, plan.gutter - 50, SIZE)]
    deepest = _Lanes(row, move, plan).lay()
    home = move.actor or (SHARED if SHARED in plan.columns and not move.fault and not move.received else None)
    beside = [note.column for note in row.notes if not note.look.startswith("message")]
    row.dots = list(dict.fromkeys([*([home] if home else []), *beside, *(strip.column for strip in row.strips)]))
    row.height = max(deepest - 8, LINE * len(row.title) + 6) + GAP


class _Lanes:
    """The words of one step: in each lane between two lines they stand under each other."""

    def __init__(self, row: Row, move: Move, plan: Plan) -> None:
        self.row, self.move, self.plan = row, move, plan
        self.below: dict[int, float] = {}
        """By lane: the first free baseline. Lane n is at the right of column n."""

    def lay(self) -> float:
        """Place everything; returns how far down it reaches."""
        for flight in self.plan.behavior.flights:
            if flight.arrived[:1] == [self.move.number]:
                self._keep_clear(flight)
        self._changes()
        self._messages([flight for flight in self.move.sent if flight.copy_of is None])
        return max([*self.below.values(), DOT + LINE])

    def _right_of(self, column: str) -> int:
        return self.plan.columns.index(column)

    def _free(self, lane: int) -> float:
        return self.below.setdefault(lane, DOT + 4)

    def _keep_clear(self, flight: Flight) -> None:
        """An arrow that arrives would cross the first line of words in its lane."""
        source, dest = ends_of(flight, self.plan)
        if not flight.lost and source and dest and source != dest:
            from_right = self._right_of(source) > self._right_of(dest)
            self.below[self._right_of(dest) - (not from_right)] = DOT + 4 + LINE

    def _changes(self) -> None:
        behavior, view = self.plan.behavior, self.plan.behavior.shape.view
        strips: list[str] = []
        for place, before, after in changes_of(self.move.step, behavior.shape):
            column = column_of(place, behavior)
            if view and column != SHARED and place.field in (view.log, view.commit_index):
                strips.append(column)
            if not (view and column != SHARED and place.field == view.log):
                self._change(place, f"{before} → {after}", column)
        for column in sorted(set(strips), key=self.plan.columns.index):
            self._strip(column)

    def _change(self, place: Place, words: str, column: str) -> None:
        view, step = self.plan.behavior.shape.view, self.move.number
        facts = self.plan.facts.made_by.get((step, str(Place(place.field, place.keys[:1]))), ())
        if self.move.fault == RESTART and not facts and (view is None or place.field != view.role):
            return  # A restart empties everything that is not persisted; the word says it.
        look = "bold" if view and place.field in (view.role, view.commit_index) else ""
        keys = place.keys[1:] if column != SHARED else place.keys
        lane = self._right_of(column)
        for line in wrap_to(f"{Place(place.field, keys)} {words}", self.plan.column_width - 34 - 20 * len(facts), SIZE):
            self.row.notes.append(Note(column, self._free(lane), line, look, facts=facts))
            self.below[lane] += LINE
            facts = ()

    def _strip(self, column: str) -> None:
        view, states, lane = self.plan.behavior.shape.view, self.plan.behavior.states, self._right_of(column)
        assert view is not None
        before, after = states[self.move.number - 1], states[self.move.number]
        was, log = before[view.log][column], after[view.log][column]
        same = next((n for n, (a, b) in enumerate(zip(was, log, strict=False)) if a != b), min(len(was), len(log)))
        dropped = was[same:][: max(0, int((self.plan.column_width - 40) / CELL) - len(log))]
        facts = self.plan.facts.made_by.get((self.move.number, f"{view.log}[{column}]"), ())
        commit = commit_of(after, view, column)
        self.row.strips.append(StripNote(column, self._free(lane) - 8, log, dropped, commit, facts))
        self.below[lane] += STRIP + 16

    def _messages(self, sent: list[Flight]) -> None:
        """The labels of all messages, each on its side, and below them the arrows."""
        lanes: dict[int, list[Flight]] = {}
        for flight in sent:
            source, dest = ends_of(flight, self.plan)
            column = source or dest
            if column is None:
                continue
            leftward = dest is not None and self._right_of(dest) < self._right_of(column)
            lane = self._right_of(column) - leftward
            lanes.setdefault(lane, []).append(flight)
            for n, line in enumerate(_label(flight, dest, self.plan)):
                look, size = ("message bold", SIZE) if n == 0 else ("message", SMALL)
                self.row.notes.append(Note(column, self._free(lane), line, look, -1 if leftward else 1, size))
                self.below[lane] += LINE - (1 if n else 0)
        for lane, flights in lanes.items():
            self.row.starts.update({id(flight): self.below[lane] - LINE + 6 for flight in flights})
            self.below[lane] += 6


def _label(flight: Flight, dest: str | None, plan: Plan) -> list[str]:
    """What is written at the start of an arrow."""
    fields = [unbroken(words) for words in message_fields(flight.message, plan.behavior.shape)]
    to = f" → {dest}" if dest else ""
    return [f"{flight.message['kind']}{to}", *filter(None, wrap_to(", ".join(fields), plan.column_width - 34, SMALL))]


def summary_of(column: str, plan: Plan) -> list[tuple[str, tuple[int, ...]]]:
    """What the last state says of a column: what differs from the first state, and what the facts point at."""
    behavior, view = plan.behavior, plan.behavior.shape.view
    aside = (view.log, view.role, view.current_term) if view else ()
    lines = []
    for name, value in behavior.last.items():
        if name == behavior.shape.bag:
            continue
        owned = isinstance(value, dict) and bool(behavior.actors) and set(behavior.actors) <= set(value)
        if owned != (column != SHARED) or (view and name in aside):
            continue
        place, first = name, behavior.states[0][name]
        if owned:
            place, value, first = f"{name}[{column}]", value[column], _at(first, column)
        facts = plan.facts.at(place)
        if value != first or facts:
            inside = containers_of(name, behavior.shape)[1 if owned else 0 :]
            lines.append((f"{name} {value_text(value, inside)}", facts))
    return lines


def _at(value: Json, key: str) -> Json:
    """What a map holds, or nothing where the value is no map or not yet."""
    return value.get(key) if isinstance(value, dict) else None


def standing(column: str, behavior: Behavior, step: int) -> str:
    """Role and term of a server, where a model has them."""
    view, state = behavior.shape.view, behavior.states[step]
    if view is None or column == SHARED:
        return ""
    role = [value_text(state[view.role][column])] if view.role else []
    return ", ".join([*role, *([f"term {value_text(state[view.current_term][column])}"] if view.current_term else [])])
