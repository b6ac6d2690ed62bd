"""What is asked of the answers to lesson 8: steps are taken in other orders, and rounds are compared with steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from grading import part, see_that_filled
from rounds_by_hand import Round, played_rounds
from searching import Play, StepRefusedError, played, system_of

from raftproof.model import abstract, rounds

STEPS = {
    1: "timeout(s1, 1)",
    2: "receive_request_vote(s2, s1, 1)",
    3: "become_leader(s1)",
    4: "client_request(s1, v1)",
    5: "observe_term(s3, s1)",
    6: "timeout(s3, 2)",
    7: "receive_request_vote(s2, s3, 2)",
    8: "become_leader(s3)",
    9: "client_request(s1, v1)",
    10: "client_request(s3, v1)",
    11: "receive_append_entries(s2, 2, 0, 1, 0)",
    12: "observe_term(s1, s3)",
}
BOUNDS = {"max_term": 2, "max_log": 2}


def _taken(order: Sequence[int]) -> Play:
    return played(system_of(abstract.model, BOUNDS, symmetric=()), [STEPS[number] for number in order])


def _actor(number: int) -> str:
    return STEPS[number].partition("(")[2][:2]


def _terms() -> dict[int, int]:
    """The term of each step: that of its server behind it."""
    play, terms = Play(system_of(abstract.model, BOUNDS, symmetric=())), {}
    for number, step in STEPS.items():
        play.take(step)
        terms[number] = play.state.current_term[int(_actor(number)[1]) - 1]
    return terms


@part("sorted by terms")
def in_order(SORTED: list[int]) -> str | None:
    """The same steps, term after term, with the same end."""
    if sorted(SORTED) != list(STEPS):
        return "Each of the steps 1 to 12 has to be there once."
    terms = _terms()
    for one, other in pairwise(SORTED):
        if terms[one] > terms[other]:
            return f"Step {one} is of term {terms[one]}, step {other} behind it of term {terms[other]}."
    try:
        end = _taken(SORTED)
    except StepRefusedError as refused:
        return f"In your order something is read before it was sent: {refused}"
    return None if end.now == _taken(list(STEPS)).now else "All steps are possible, and the end is another state."


def _exchanged(one: int, other: int) -> bool:
    order = [{one: other, other: one}.get(number, number) for number in STEPS]
    try:
        return _taken(order).now == _taken(list(STEPS)).now
    except StepRefusedError:
        return False


@part("neighbours")
def neighbours(MAY_CHANGE_PLACES: dict[tuple[int, int], bool]) -> str | None:
    """Both orders are taken."""
    see_that_filled(MAY_CHANGE_PLACES, ((2, 3), (4, 5), (8, 9), (10, 11)))
    for (one, other), told in MAY_CHANGE_PLACES.items():
        if told != _exchanged(one, other):
            why = "the later reads what the earlier sent, or both are steps of one server"
            also = "neither reads what the other does, and they are steps of two servers"
            return f"Not so for {one} and {other}, {STEPS[one]} and {STEPS[other]}: {also if not told else why}."
    return None


def _logs(s: Any) -> list[list[int]]:
    """The logs as terms of their entries, in both models."""
    entries = ([s.log[i][k] for k in range(1, len(s.log[i]) + 1)] for i in s.servers)
    return [[getattr(entry, "term", entry) for entry in log] for log in entries]


@part("the same as rounds")
def as_rounds(AS_ROUNDS: list[Round]) -> str | None:
    """The same logs."""
    wanted = _logs(_taken(list(STEPS)).state)
    try:
        end = played_rounds(rounds, AS_ROUNDS, 3, 2)
    except StepRefusedError as refused:
        return str(refused)
    if _logs(end.state) != wanted:
        told = ", ".join(f"s{i} {log}" for i, log in enumerate(wanted, 1))
        return f"Not yet. {end.logs()} By single steps they are {told}."
    return None if len(AS_ROUNDS) == 2 else f"Right, but two terms are two rounds, and not {len(AS_ROUNDS)}."


@part("after one round")
def after_one(AFTER_ONE_ROUND: int) -> str | None:
    """Counted by the model."""
    system = system_of(rounds.model, {"max_log": 1})
    (first,) = system.initial_states()
    after = (system.next_state(first, choice) for choice in system.actions(first))
    states = {system.canonical(first), *(system.canonical(state) for state in after if state is not None)}
    if len(states) == AFTER_ONE_ROUND:
        return None
    return "Not so. The leader appends nothing, or one entry; that reaches nobody, one follower or both."
