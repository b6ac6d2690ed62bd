"""A departure as people read it: the line, the rule, the condition with its values, the nearest step, the past."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from raftproof.traces.conformance.checks import words
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.outcome import CAUSES, Outcome, rule_text
from raftproof.traces.conformance.server import show_configuration
from raftproof.traces.events import NONE, Event, Placed

BEFORE: Final = 6
"""How many lines of each server involved are shown."""
_ROLES = {
    "StateFollower": "follower",
    "StateCandidate": "candidate",
    "StateLeader": "leader",
    "StatePreCandidate": "pre-candidate",
}


def explain(outcome: Outcome) -> str:
    """The whole answer to a trace that is not accepted; a line for one that is."""
    if outcome.verdict == "accepted":
        return f"{outcome.file}: accepted, {outcome.events:,} events ({_settings(outcome)})"
    if outcome.departure is None or outcome.verdict != "rejected":
        return f"{outcome.reason if outcome.verdict == 'malformed' else f'{_place(outcome)}: {outcome.reason}'}"
    return "\n".join(_lines(outcome, outcome.departure))


def _lines(outcome: Outcome, departure: Departure) -> Iterator[str]:
    event = outcome.recent[-1].event
    yield f"{_place(outcome)}: rejected: {sentence(event)}"
    yield f"  rule       {departure.rule}: {rule_text(departure.rule)}"
    yield f"  false      {departure.condition}"
    if departure.refused:
        yield f"  model      refuses by {' in '.join(departure.refused)}"
    yield from (f"  {told}" for told in differences(departure))
    yield f"  nearest    {nearest(event, departure)}"
    yield f"  cause      {CAUSES[departure.cause]}"
    yield f"  settings   {_settings(outcome)}"
    yield f"  picture    raftproof render {outcome.place or outcome.file} --at {outcome.line} > departure.svg"
    servers = involved(event)
    yield f"  the last lines of server{'s' if len(servers) > 1 else ''} {' and '.join(servers)}:"
    for item in last_lines(outcome.recent, servers):
        mark = ">" if item is outcome.recent[-1] else " "
        yield f"  {mark} {item.number:>6}  {sentence(item.event)}"


def differences(departure: Departure) -> list[str]:
    """What was expected and what was observed, a line a field."""
    expected, observed = departure.expected, departure.observed
    return [
        f"{name:<10} expected {_value(expected.get(name, '-'))}, observed {_value(observed.get(name, '-'))}"
        for name in dict.fromkeys((*expected, *observed))
    ]


def _place(outcome: Outcome) -> str:
    return f"{outcome.place or outcome.file}:{outcome.line}"


def _settings(outcome: Outcome) -> str:
    return ", ".join(f"{name} {value}" for name, value in outcome.settings.items())


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def nearest(event: Event, departure: Departure) -> str:
    """The step nearest to the line that would have been possible."""
    if departure.nearest:
        return departure.nearest
    if "event" in departure.expected:
        return f"{departure.expected['event']} of server {event.nid}"
    changed = ", ".join(f"{name} {_value(value)}" for name, value in departure.expected.items())
    return f"{event.name} of server {event.nid}" + (f" with {changed}" if changed else ", later or not at all")


def involved(event: Event) -> list[str]:
    """The servers of a line."""
    ends = [event.msg.source, event.msg.dest] if event.msg else []
    return list(dict.fromkeys([event.nid, *ends]))


def last_lines(recent: Any, servers: list[str]) -> list[Placed]:
    """The last lines of some servers, in order."""
    kept: list[Placed] = []
    counts = dict.fromkeys(servers, 0)
    for item in reversed(recent):
        if counts.get(item.event.nid, BEFORE) < BEFORE:
            counts[item.event.nid] += 1
            kept.append(item)
    return kept[::-1]


def sentence(event: Event) -> str:
    """A line in words."""
    vote = f", voted for {event.state.vote}" if event.state.vote != NONE else ""
    text = (
        f"server {event.nid} ({_ROLES[event.role]}, term {event.state.term}{vote}, commit {event.state.commit}, "
        f"log {event.log}): {event.name}"
    )
    if event.msg is not None:
        text += f" {words(event.msg)}"
    if event.prop is not None and event.prop.cc is not None:
        changes = event.prop.cc.changes
        if changes:
            text += " " + ", ".join(f"{change.action} {change.nid}" for change in changes)
        else:
            text += f" {show_configuration((event.prop.cc.newconf, ()))}"
    return text
