"""What is asked of the answers to lesson 12: histories are checked, and two rules are put into a model and searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from grading import HERE, load, part, see_that_filled
from searching import StepRefusedError, explored, fresh, played, reachable, system_of

from raftproof.traces.linearizability import Call, apply, check

MODEL = "models.reads"
Told = tuple[str, str, int, int | None]


def _calls(history: Sequence[Told]) -> list[Call]:
    """The history as the checker takes it."""
    return [
        Call(int(client[1:]), "x", "put" if what.startswith("put") else "get", called, answered, _value(what))
        for client, what, called, answered in history
    ]


def _value(what: str) -> str | None:
    value = what.split()[1]
    return None if value == "nothing" else value


def _given() -> Any:
    """The exercise as it is given: its histories."""
    return load(HERE / "12_reads.py", "given_12")


@part("linearizable or not")
def verdicts(LINEARIZABLE: dict[str, bool]) -> str | None:
    """The checker's verdict on each."""
    histories = _given().HISTORIES
    see_that_filled(LINEARIZABLE, histories)
    for name, told in LINEARIZABLE.items():
        found = check(_calls(histories[name]))
        if told == (found.verdict == "linearizable"):
            continue
        if told:
            stuck = " or ".join(f"{histories[name][place][1]!r}" for place in found.stuck)
            return f"{name}: no order works. The longest that does leaves {stuck} without a place."
        return f"{name}: it is. This order works: {_an_order(histories[name])}."
    return None


def _an_order(history: Sequence[Told]) -> str:
    """An order that works, by trying."""
    for count in range(len(history), 0, -1):
        for order in permutations(range(len(history)), count):
            if _why_not(history, [place + 1 for place in order]) is None:
                return ", ".join(history[place][1] for place in order)
    return ""


def _why_not(history: Sequence[Told], order: Sequence[int]) -> str | None:
    """Why an order is none in which the calls could have taken effect."""
    calls = _calls(history)
    answered = {number for number, call in enumerate(calls, 1) if call.returned is not None}
    if len(set(order)) != len(order) or not answered <= set(order) <= set(range(1, len(calls) + 1)):
        return "Every call that was answered has to be there, once."
    for place, number in enumerate(order):
        for later in order[place + 1 :]:
            returned = calls[later - 1].returned
            if returned is not None and returned < calls[number - 1].called:
                return f"Call {later} was answered before call {number} was made, and stands behind it."
    state: str | None = None
    for number in order:
        fits, after = apply(state, calls[number - 1])
        if not fits:
            return f"Call {number} is {history[number - 1][1]!r}, and in your order the register then holds {state}."
        state = after
    return None


@part("an order as proof")
def an_order(ORDER: list[int]) -> str | None:
    """Real time is kept, and every get sees the put before it."""
    return _why_not(_given().HISTORY, list(ORDER))


def _right_begin(s: Any, leader: int) -> bool:
    return leader in s.committed_own


def _right_answer(s: Any, leader: int) -> bool:
    return 2 * len(s.confirmed) > len(s.servers)


@part("two rules")
def rules(may_begin: Callable[[Any, int], bool], may_answer: Callable[[Any, int], bool]) -> str | None:
    """Safe in every state, and neither is too strict."""
    found = explored(system_of(fresh(MODEL, may_begin=may_begin, may_answer=may_answer).model))
    if found.falls:
        return f"With your rules an answer is too old:\n{found.story()}"
    right = fresh(MODEL, may_begin=_right_begin, may_answer=_right_answer)
    for s in reachable(system_of(right.model)):
        for leader in s.servers:
            if leader in s.leads and s.reader == -1 and _right_begin(s, leader) and not may_begin(s, leader):
                return "Safe. But a leader that has committed a write of its own term may begin, and yours does not."
            if s.reader == leader and _right_answer(s, leader) and not may_answer(s, leader):
                return (
                    f"Safe. But {len(s.confirmed)} of {len(s.servers)} have confirmed, and your leader is still silent."
                )
    return None


@part("an old answer")
def stale(STALE: list[str]) -> str | None:
    """A read shows less than was committed."""
    model = fresh(MODEL, may_begin=_right_begin).model
    try:
        end = played(system_of(model, symmetric=()), list(STALE))
    except StepRefusedError as refused:
        return str(refused)
    if end.violated():
        return None
    s = end.state
    if not any("answer" in step for step in STALE):
        return "Nobody has answered yet."
    return f"The answer showed {s.read_index} writes, and {s.floor} were committed when it was asked for."
