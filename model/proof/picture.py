"""A counterexample to induction as a picture: a log strip per server, before and after, and what changed marked.

Servers stand on top; below them the network; below that, in grey, what only the argument sees: for each term its
leader, its log and what it committed. A mark ● in front of a fact, and a heavy frame around a place in a log, say that
the step changed it, so the picture reads in black and white.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

from raftproof.checker.proof.finite import State
from raftproof.checker.proof.induction import Counterexample
from raftproof.checker.proof.text import values_text
from raftproof.checker.proof.theory import Theory
from raftproof.checker.show.style import FACT, FACT_FILL, INK, SOFT, looks_svg, term_fill
from raftproof.model.proof.vocabulary import Index, Message, Quorum, Server, Term, Value

_CELL, _LINE, _PANEL, _LEFT = 44, 18, 470, 16
_LEGEND = "● and heavy: what the step changed; grey: what only the argument sees; a bar under a log: committed"


@dataclass(frozen=True)
class Place:
    """One place in a log: its terms (one, as long as a place holds one), its value, and whether it is committed."""

    text: str
    shade: int
    committed: bool


@dataclass(frozen=True)
class Row:
    """A server, a term or the network: a heading, a log, and facts in words."""

    heading: str
    log: tuple[Place | None, ...]
    facts: tuple[str, ...]
    ghost: bool = False


def draw(theory: Theory[Any], found: Counterexample) -> str:
    """The counterexample as SVG."""
    panels: list[tuple[str, list[Row], list[Row] | None]] = [("before", rows(found.before), None)]
    if found.action:
        panels.append(("after", rows(found.after), rows(found.before)))
    parts, height = list[str](), 0
    head = _head(theory, found)
    for number, (title, shown, earlier) in enumerate(panels):
        lines, bottom = _panel(title, shown, earlier, _LEFT + number * _PANEL, 30 + _LINE * len(head))
        parts += lines
        height = max(height, bottom)
    foot = _foot(theory, found)
    parts += [_text(_LEFT, 24 + _LINE * k, line, bold=k == 0) for k, line in enumerate(head)]
    width = 2 * _PANEL + 2 * _LEFT
    frame = (
        f'x="{_LEFT - 8}" y="{height + 4}" width="{width - 2 * _LEFT + 16}" height="{12 + _LINE * len(foot)}" rx="4"'
    )
    parts.append(f'<rect {frame} fill="{FACT_FILL}" stroke="{FACT}" stroke-width="2"/>')
    parts += [_text(_LEFT, height + 24 + _LINE * k, line, bold=k == 0) for k, line in enumerate(foot)]
    height += 24 + _LINE * len(foot)
    parts.append(_text(_LEFT, height + 14, _LEGEND, SOFT))
    height += 30
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    )
    style = 'class="rp" role="img" font-size="13"'
    return "\n".join(
        [
            f"{opening} {style}>",
            f"<title>{escape(foot[0])}</title>",
            f"<desc>{escape(' '.join([*head, *foot[1:]]))}</desc>",
            looks_svg(),
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _head(theory: Theory[Any], found: Counterexample) -> list[str]:
    if not found.action:
        return [f"A state in which the lemmas hold and {found.lemma} does not"]
    action = theory.action(found.action)
    title = f"{found.action}({values_text(action.parameters, found.arguments)})"
    return [title, *wrap(" ".join(action.sentence.split("\n\n")[0].split()), 130)]


def _foot(theory: Theory[Any], found: Counterexample) -> list[str]:
    claim = theory.claim(found.lemma)
    where = values_text(claim.parameters, found.values)
    return [f"{found.lemma} fails, for {where}", *wrap(" ".join(claim.sentence.split()), 130)]


def rows(state: State) -> list[Row]:
    """What the picture shows of a state, from top to bottom."""
    sizes = state.instance.sizes
    shown = [_server(state, n) for n in range(sizes[Server])]
    network = tuple(_network(state))
    if network:
        shown.append(Row("network", (), network))
    shown += [row for t in range(sizes[Term]) if (row := _term(state, t)) is not None]
    members = tuple(f"{Quorum.show(q)} = {{{_members(state, q)}}}" for q in range(sizes[Quorum]))
    return [*shown, Row("quorums", (), members, ghost=True)]


def _server(state: State, n: int) -> Row:
    tables, terms = state.tables, range(state.instance.sizes[Term])
    current = " and ".join(Term.show(t) for t in terms if tables["current"][n, t]) or "none"
    roles = [word for word, table in (("candidate", "candidate"), ("leader", "leads")) if tables[table][(n,)]]
    log = tuple(
        _place(
            [t for t in terms if tables["entry"][n, i, t]],
            tables["value"][n, i],
            tables["has"][n, i],
            tables["committed"][n, i],
        )
        for i in range(1, state.instance.sizes[Index])
    )
    facts = [
        f"voted for {Server.show(c)} in term {Term.show(t)}"
        for t in terms
        for c in range(state.instance.sizes[Server])
        if tables["voted"][n, t, c]
    ]
    facts += [
        f"acknowledged term {Term.show(t)} up to {Index.show(max(acked))}"
        for t in terms
        if (acked := [i for i in range(state.instance.sizes[Index]) if tables["acked"][n, t, i]]) and max(acked) > 0
    ]
    left = [Term.show(t) for t in terms if tables["left"][n, t]]
    if left and [t for t in terms if tables["current"][n, t]] != [len(left)]:
        facts.append(f"has left terms {', '.join(left)}")
    return Row(f"{Server.show(n)}: {' and '.join(roles) or 'follower'}, term {current}", log, tuple(facts))


def _place(terms: list[int], value: int, inside: bool, committed: bool) -> Place | None:
    if not (terms or value or inside or committed):
        return None
    shown = "/".join(Term.show(t) for t in terms) or "?"
    return Place(shown + (f":{Value.show(value)}" if value else ""), terms[0] if terms else 0, committed)


def _network(state: State) -> Iterator[str]:
    tables, sizes = state.tables, state.instance.sizes
    for (c, t, i, a), there in sorted(tables["requested"].items()):
        if there:
            log = f"log ends at {Index.show(i)}, term {Term.show(a)}"
            yield f"RequestVote of {Server.show(c)}, term {Term.show(t)}: {log}"
    for m in range(sizes[Message]):
        if tables["sent"][(m,)]:
            yield _append(state, m)


def _append(state: State, m: int) -> str:
    tables, sizes = state.tables, state.instance.sizes
    prev, last = tables["prev_log_index"][(m,)], tables["last_index"][(m,)]
    entries = []
    for i in range(prev + 1, last + 1):
        terms = "/".join(Term.show(t) for t in range(sizes[Term]) if tables["carries"][m, i, t]) or "?"
        value = tables["carried"][m, i]
        entries.append(terms + (f":{Value.show(value)}" if value else ""))
    sender = f"{Server.show(tables['source'][(m,)])}, term {Term.show(tables['term_of'][(m,)])}"
    before = f"({Index.show(prev)}, term {Term.show(tables['prev_log_term'][(m,)])})"
    commit = Index.show(tables["leader_commit"][(m,)])
    return f"AppendEntries of {sender}: after {before} [{' '.join(entries)}], commit {commit}"


def _term(state: State, t: int) -> Row | None:
    tables, sizes = state.tables, state.instance.sizes
    elected = [Server.show(n) for n in range(sizes[Server]) if tables["elected"][n, t]]
    if not (elected or tables["started"][(t,)]):
        return None
    log = tuple(
        _place(
            [a for a in range(sizes[Term]) if tables["term_log"][t, i, a]],
            tables["term_value"][t, i],
            i <= tables["term_length"][(t,)],
            i <= tables["commit_mark"][(t,)],
        )
        for i in range(1, sizes[Index])
    )
    facts = [f"elected: {', '.join(elected) or 'nobody'}, by {Quorum.show(tables['voters'][(t,)])}"]
    if tables["commit_mark"][(t,)]:
        mark, by = Index.show(tables["commit_mark"][(t,)]), Quorum.show(tables["commit_quorum"][(t,)])
        facts.append(f"committed up to {mark}, stored by {by}")
    based = [Server.show(n) for n in range(sizes[Server]) if tables["basis"][n, t]]
    if based and t:
        facts.append(f"basis of what {', '.join(based)} takes for committed")
    return Row(f"term {Term.show(t)}", log, tuple(facts), ghost=True)


def _members(state: State, q: int) -> str:
    return ", ".join(Server.show(n) for n in range(state.instance.sizes[Server]) if state.tables["member"][n, q])


# Drawing.


def _panel(title: str, shown: list[Row], earlier: list[Row] | None, x: int, y: int) -> tuple[list[str], int]:
    parts = [_text(x, y + 14, title, bold=True)]
    y += 26
    known = {row.heading.split(":")[0]: row for row in earlier or []}
    for row in shown:
        old = known.get(row.heading.split(":")[0])
        changed = earlier is not None and (old is None or old.heading != row.heading)
        ink = SOFT if row.ghost else INK
        parts.append(_text(x, y + 13, ("● " if changed else "") + row.heading, ink, bold=changed))
        y += _LINE
        if any(row.log):
            parts += _log(row, old, earlier is not None, x, y, ink)
            y += 34
        for fact in row.facts:
            new = earlier is not None and (old is None or fact not in old.facts)
            for k, line in enumerate(wrap(fact, 62)):
                parts.append(_text(x + 10, y + 13, ("● " if new and k == 0 else "") + line, ink, bold=new))
                y += _LINE
        y += 8
    return parts, y


def _log(row: Row, old: Row | None, compare: bool, x: int, y: int, ink: str) -> list[str]:
    parts = []
    for k, place in enumerate(row.log):
        before = old.log[k] if old is not None else None
        left, changed = x + 10 + k * _CELL, compare and place != before
        if place is None:
            if changed:
                parts.append(_frame(left, y, "#ffffff", ink, 3, dashed=True))
            continue
        parts.append(_frame(left, y, term_fill(place.shade), ink, 3 if changed else 1))
        parts.append(_text(left + 6, y + 18, place.text, ink, bold=changed, halo=True))
        if place.committed:
            parts.append(f'<rect x="{left + 2}" y="{y + 27}" width="{_CELL - 4}" height="3" fill="{ink}"/>')
    return parts


def _frame(x: int, y: int, fill: str, ink: str, width: int, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    box = f'x="{x}" y="{y}" width="{_CELL - 4}" height="26"'
    return f'<rect {box} fill="{fill}" stroke="{ink}" stroke-width="{width}"{dash}/>'


def _text(x: int, y: int, text: str, ink: str = INK, *, bold: bool = False, halo: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    look = f"prose{' halo' if halo else ''}{' soft' if ink == SOFT else ''}"
    return f'<text x="{x}" y="{y}" class="{look}"{weight}>{escape(text)}</text>'
