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
from raftproof.checker.show.style import unbroken, width_of, wrap_to
from raftproof.checker.show.words import changes_of, containers_of, message_fields, step_text, value_text

GUTTER_MIN, GUTTER_MAX = 190, 330
COLUMN, COLUMN_NARROW = 272, 226
LINE, DOT, GAP = 14, 16, 10
SIZE, SMALL = 11, 10
FOLD_ABOVE = 40
"""A behavior of more steps folds what is quiet."""

SHARED = "shared"
"""The column of what belongs to no actor."""


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

    def x(self, column: str) -> float:
        """Where a column's line stands."""
        return self.gutter + 34 + self.columns.index(column) * self.column_width

    @property
    def width(self) -> float:
        """The width of the picture."""
        return self.gutter + 34 + len(self.columns) * self.column_width + 10


@dataclass
class Facts:
    """Which places the facts point at, and for each the step that made it so."""

    texts: list[str]
    places: list[tuple[str, int]] = field(default_factory=list)
    at_actor: dict[str, tuple[int, ...]] = field(default_factory=dict)
    made_by: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    """By step and field-with-actor, such as (5, "role[s1]"): the facts that this step made true."""
    column_of: list[str | None] = field(default_factory=list)
    """The column under which each fact stands."""

    def at(self, place: str) -> tuple[int, ...]:
        """The facts that point at a place or at something inside it."""
        return tuple(dict.fromkeys(n for text, n in self.places if text == place or text.startswith(f"{place}[")))


def plan(behavior: Behavior, *, fold: bool = True) -> Plan:
    """Lay the whole behavior out, from the top downwards."""
    columns = _columns(behavior)
    facts = _facts(behavior, columns)
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


def column_of(place: Place, behavior: Behavior) -> str:
    """The column beside which a place's changes are written."""
    return place.owner(behavior.actors) or SHARED


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


def _facts(behavior: Behavior, columns: list[str]) -> Facts:
    facts = Facts([fact.text for fact in behavior.facts])
    for number, fact in enumerate(behavior.facts, start=1):
        words = {word.strip(".,:;()[]'") for word in fact.text.replace("'s ", " ").split()}
        named = [column_of(Place.of(place), behavior) for place in fact.places]
        if not named:
            named = [actor for actor in behavior.actors if actor in words]
            facts.at_actor.update({actor: (*facts.at_actor.get(actor, ()), number) for actor in named})
        facts.places += [(place, number) for place in fact.places]
        for made in dict.fromkeys(_made_by(behavior, place) for place in fact.places):
            facts.made_by[made] = (*facts.made_by.get(made, ()), number)
        here = [column for column in dict.fromkeys(named) if column in columns]
        facts.column_of.append(here[0] if len(here) == 1 else None)
    return facts


def _made_by(behavior: Behavior, text: str) -> tuple[int, str]:
    """The last step that changed a place or what holds it, and the place under which the step says so."""
    place = Place.of(text)
    for move in reversed(behavior.moves):
        for changed in map(Place.of, move.step.changes):
            depth = min(len(changed.keys), len(place.keys))
            if changed.field == place.field and changed.keys[:depth] == place.keys[:depth]:
                return move.number, str(Place(changed.field, changed.keys[:1]))
    return 0, text


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
    right: dict[str, float] = {}
    left: dict[str, float] = {}
    if row.folded:
        counts = Counter(move.step.action for move in row.moves)
        what = ", ".join(unbroken(f"{count} × {action}") for action, count in counts.items())
        row.title = wrap_to(f"{len(row.moves)} quiet steps: {what}", plan.gutter - 56, SMALL)
        row.starts = {id(flight): LINE * len(row.title) + 6 for move in row.moves for flight in move.sent}
        row.height = LINE * len(row.title) + 16
        return
    move = row.moves[0]
    for flight in plan.behavior.flights:
        if flight.arrived[:1] == [move.number]:
            _make_room(flight, plan, left, right)
    title = step_text(move.step, plan.behavior.shape)
    row.title = [line for part in _parts(title) for line in wrap_to(part, plan.gutter - 50, SIZE)]
    _lay_changes(row, move, plan, right)
    home = move.actor or (SHARED if SHARED in plan.columns and not move.fault and not move.received else None)
    row.dots = list(dict.fromkeys([*([home] if home else []), *(note.column for note in row.notes)]))
    row.dots += [strip.column for strip in row.strips if strip.column not in row.dots]
    _lay_messages(row, [flight for flight in move.sent if flight.copy_of is None], plan, left, right)
    deepest = max([*right.values(), *left.values(), DOT + LINE])
    row.height = max(deepest - 8, LINE * len(row.title) + 6) + GAP


def _make_room(flight: Flight, plan: Plan, left: dict[str, float], right: dict[str, float]) -> None:
    """An arrow that arrives would cross the first line of words on its side."""
    source, dest = ends_of(flight, plan)
    if not flight.lost and source and dest and source != dest:
        from_right = plan.columns.index(source) > plan.columns.index(dest)
        (right if from_right else left)[dest] = DOT + 4 + LINE


def _lay_changes(row: Row, move: Move, plan: Plan, right: dict[str, float]) -> None:
    behavior, view = plan.behavior, plan.behavior.shape.view
    stripped: set[str] = set()
    for place, before, after in changes_of(move.step, behavior.shape):
        column = column_of(place, behavior)
        keys = place.keys[1:] if column != SHARED else place.keys
        facts = plan.facts.made_by.get((move.number, str(Place(place.field, place.keys[:1]))), ())
        dy = right.setdefault(column, DOT + 4)
        if view and column != SHARED and place.field in (view.log, view.commit_index):
            stripped.add(column)
            if place.field == view.log:
                continue
        if move.fault == RESTART and not facts and (view is None or place.field != view.role):
            continue  # A restart empties everything that is not persisted; the word says it.
        look = "bold" if view and place.field in (view.role, view.commit_index) else ""
        words = f"{Place(place.field, keys)} {before} → {after}"
        for line in wrap_to(words, plan.column_width - 34 - 20 * len(facts), SIZE):
            row.notes.append(Note(column, dy, line, look, facts=facts))
            dy, facts = dy + LINE, ()
        right[column] = dy
    if view:
        for column in sorted(stripped, key=plan.columns.index):
            _lay_strip(row, move, plan, column, right)


def _lay_strip(row: Row, move: Move, plan: Plan, column: str, right: dict[str, float]) -> None:
    view = plan.behavior.shape.view
    assert view is not None
    before, after = plan.behavior.states[move.number - 1], plan.behavior.states[move.number]
    was, log = before[view.log][column], after[view.log][column]
    same = next((n for n, (a, b) in enumerate(zip(was, log, strict=False)) if a != b), min(len(was), len(log)))
    dy = right[column] - 8
    room = int((plan.column_width - 40) / CELL)
    dropped = was[same:][: max(0, room - len(log))]
    facts = plan.facts.made_by.get((move.number, f"{view.log}[{column}]"), ())
    row.strips.append(StripNote(column, dy, log, dropped, commit_of(after, view, column), facts))
    right[column] = dy + STRIP + 24


def _lay_messages(row: Row, sent: list[Flight], plan: Plan, left: dict[str, float], right: dict[str, float]) -> None:
    """The labels of all messages, each on its side, and below them the arrows."""
    from_under: list[tuple[Flight, dict[str, float], str]] = []
    for flight in sent:
        source, dest = ends_of(flight, plan)
        column = source or dest
        if column is None:
            continue
        leftward = dest is not None and plan.columns.index(dest) < plan.columns.index(column)
        side, stack = (-1, left) if leftward else (1, right)
        dy = stack.setdefault(column, DOT + 4)
        for n, line in enumerate(_label(flight, dest, plan)):
            look, size = ("message bold", SIZE) if n == 0 else ("message", SMALL)
            row.notes.append(Note(column, dy, line, look, side, size))
            dy += LINE - (1 if n else 0)
        stack[column] = dy
        from_under.append((flight, stack, column))
    for flight, stack, column in from_under:
        row.starts[id(flight)] = stack[column] - LINE + 6
    for stack, column in {(id(stack), column): (stack, column) for _, stack, column in from_under}.values():
        stack[column] += 6


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
