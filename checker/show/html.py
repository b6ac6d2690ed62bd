"""A counterexample as one HTML file that needs nothing else: step forward and back by keyboard.

Every step's state is written into the page beforehand; the script only shows one of them at a time and marks its row in
the space-time diagram. Without a script the page shows all steps under each other. The page forbids itself, by its
content security policy, to load anything.
"""

from __future__ import annotations

from html import escape

from raftproof.checker.result import Json, Result
from raftproof.checker.show.behavior import Behavior, Move, Place, behavior_of
from raftproof.checker.show.loggrid import grid_of
from raftproof.checker.show.page import PAGE_SCRIPT, PAGE_STYLE
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.words import (
    certainty_texts,
    changes_of,
    claims_at,
    containers_of,
    contradiction_text,
    count_text,
    message_text,
    step_text,
    value_text,
    verdict_text,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def result_html(result: Result) -> str:
    """The whole page."""
    behavior = behavior_of(result)
    title = f"{behavior.violation.property} is violated after {count_text(len(behavior.moves), 'steps')}"
    sections = "\n".join(_section(behavior, number) for number in range(len(behavior.states)))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>{PAGE_STYLE}</style>
</head>
<body>
{_header(result, behavior, title)}
<nav aria-label="steps">
<button id="first" aria-label="first step">|◀</button> <button id="back">◀ back</button>
<b id="counter" aria-live="polite"></b>
<button id="on">forward ▶</button> <button id="last" aria-label="last step">▶|</button>
<span class="soft">keys: <kbd>←</kbd> <kbd>→</kbd> <kbd>Home</kbd> <kbd>End</kbd></span>
</nav>
<main>
<div id="diagram">
{spacetime_svg(result, fold=False)}</div>
<div id="steps">
{sections}
</div>
</main>
<script>{PAGE_SCRIPT}</script>
</body>
</html>
"""


def _header(result: Result, behavior: Behavior, title: str) -> str:
    facts = "".join(f"<li>{escape(fact.text)}</li>" for fact in behavior.facts)
    head = contradiction_text(len(behavior.facts))
    contradiction = f'<div class="facts">{head}<ol>{facts}</ol></div>' if facts else ""
    return f"""<header>
<div>
<h1>{escape(title)}</h1>
<p>{escape(behavior.violation.sentence)}</p>
<p class="soft">{escape(verdict_text(result))} {escape(" ".join(certainty_texts(result)))}</p>
<p>Again: <code>{escape(result.command)}</code></p>
</div>
{contradiction}
</header>"""


def _section(behavior: Behavior, number: int) -> str:
    """One state, and what the step before it changed."""
    move = behavior.moves[number - 1] if number else None
    title = f"{number}. {step_text(move.step, behavior.shape)}" if move else "0. The initial state"
    logs = f"<h3>Logs</h3>\n{grid_of(behavior, number, bare=True)}" if behavior.shape.view and behavior.actors else ""
    difference = f"<h3>What changed</h3>\n{_difference(move, behavior)}" if move else ""
    holds = f'<h3>What holds</h3>\n<ul class="claims">{_claims(behavior, number)}</ul>'
    return f"""<section id="state{number}">
<h2>{escape(title)}</h2>
{difference}
{holds}
{logs}<h3>The whole state</h3>
{_state(behavior, number)}
{_messages(behavior, number)}
</section>"""


def _claims(behavior: Behavior, number: int) -> str:
    """Every property, and whether it holds here; of one that does not, what it says."""
    return "".join(
        f'<li class="falls">✗ {escape(name)}: {escape(sentence)}</li>'
        if falls
        else f'<li title="{escape(sentence)}">✓ {escape(name)}</li>'
        for name, sentence, falls in claims_at(behavior, number)
    )


def _difference(move: Move, behavior: Behavior) -> str:
    fault = [f"<li><b>fault: {escape(move.fault)}</b></li>"] if move.fault else []
    items = [
        f'<li class="change">{escape(str(place))}: {escape(before)} → <b>{escape(after)}</b></li>'
        for place, before, after in changes_of(move.step, behavior.shape)
    ]
    gone = [_item("gone", message_text(flight.message, behavior.shape)) for flight in move.received]
    sent = [_item("sent", message_text(flight.message, behavior.shape)) for flight in move.sent]
    return f"<ul>{''.join([*fault, *gone, *items, *sent]) or '<li>nothing</li>'}</ul>"


def _item(kind: str, text: str) -> str:
    return f'<li class="change {kind}">{escape(text)}</li>'


def _state(behavior: Behavior, number: int) -> str:
    """What belongs to actors as a table, a column an actor; the rest below it."""
    state = behavior.states[number]
    changed = {Place.of(text) for text in behavior.moves[number - 1].step.changes} if number else set()
    owned = {name: value for name, value in state.items() if _is_owned(value, behavior)}
    heads = "".join(f"<th>{escape(actor)}</th>" for actor in behavior.actors)
    rows = [f"<tr><th></th>{heads}</tr>"] if owned else []
    for name, value in owned.items():
        inside = containers_of(name, behavior.shape)[1:]
        cells = "".join(_cell(value[a], inside, Place(name, (a,)), changed) for a in behavior.actors)
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    wide = max(1, len(behavior.actors) if owned else 1)
    for name, value in state.items():
        if name not in owned and name != behavior.shape.bag:
            cell = _cell(value, containers_of(name, behavior.shape), Place(name, ()), changed, wide)
            rows.append(f"<tr><th>{escape(name)}</th>{cell}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _is_owned(value: Json, behavior: Behavior) -> bool:
    return isinstance(value, dict) and bool(behavior.actors) and set(behavior.actors) <= set(value)


def _cell(value: Json, inside: list[str], place: Place, changed: set[Place], wide: int = 1) -> str:
    depth = len(place.keys)
    here = any(c.field == place.field and c.keys[:depth] == place.keys[: len(c.keys)] for c in changed)
    mark = ' class="changed"' if here else ""
    span = f' colspan="{wide}"' if wide > 1 else ""
    return f"<td{mark}{span}>{escape(value_text(value, inside))}</td>"


def _messages(behavior: Behavior, number: int) -> str:
    if not behavior.shape.bag:
        return ""
    bag = behavior.states[number][behavior.shape.bag]
    items = "".join(f'<li class="change">{escape(message_text(m, behavior.shape))}</li>' for m in bag)
    return f"<h3>Messages in flight: {len(bag)}</h3>\n" + (f"<ul>{items}</ul>" if items else "")
