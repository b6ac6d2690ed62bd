"""What is asked of the answers to lesson 11: the damaged trace is held against the model, and the answers compared."""

from __future__ import annotations

from damage import damaged
from grading import part

from raftproof.traces.conformance import Outcome, follow, rule_text
from raftproof.traces.conformance.explain import sentence


def _outcome(name: str) -> Outcome:
    return follow(damaged(name))


def _line_hint(name: str, told: int) -> str | None:
    """Whether a line is the first that departs."""
    outcome = _outcome(name)
    assert outcome.line is not None
    if told == outcome.line:
        return None
    lines = {item.number: sentence(item.event) for item in damaged(name)}
    if told not in lines:
        return f"There is no line {told} in recording {name}."
    if told < outcome.line:
        return f"Line {told} may be so: {lines[told]}. Go on behind it."
    return f"At line {told} it is too late. An earlier line cannot be."


def _hint(name: str, line: int, rule: str) -> str | None:
    """Line and rule."""
    departure = _outcome(name).departure
    assert departure is not None
    hint = _line_hint(name, line)
    if hint is None and rule != departure.rule:
        return f"The line is right. But of {rule} ({rule_text(rule)}) nothing is broken there: {departure.condition}."
    return hint


@part("recording A")
def recording_a(LINE_A: int, RULE_A: str) -> str | None:
    """A vote."""
    return _hint("A", LINE_A, RULE_A)


@part("recording B")
def recording_b(LINE_B: int, RULE_B: str) -> str | None:
    """Another."""
    return _hint("B", LINE_B, RULE_B)


@part("a line is missing")
def recording_c(LINE_C: int) -> str | None:
    """Where it is noticed."""
    return _line_hint("C", LINE_C)


@part("one of your own")
def own(MY_NUMBER: int, MY_LINE: int) -> str | None:
    """A damage that the number chooses."""
    if not isinstance(MY_NUMBER, int) or MY_NUMBER < 1:
        return f"{MY_NUMBER!r} is no number from 1 on."
    return _line_hint(str(MY_NUMBER), MY_LINE)
