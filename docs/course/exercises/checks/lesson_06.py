"""What is asked of the answers to lesson 6: the rule is put into a model and searched; Figure 7 holds an election."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from figure_7 import FOLLOWERS, LEADER
from grading import BLANK, NotFilledError, part
from rounds_by_hand import Round, played_rounds
from searching import StepRefusedError, explored, fresh, system_of

from raftproof.model import rounds
from raftproof.model.vocabulary import Server

LENGTH_FIRST = ("last_term_first",)


@part("the rule")
def rule(up_to_date: Callable[[int, int, int, int], bool]) -> str | None:
    """Safe in every state, and refuses nobody without need."""

    def is_up_to_date(s: Any, candidate: int, voter: int) -> bool:
        mine, theirs = (model.last_term(s, i) for i in (voter, candidate))
        return up_to_date(theirs, len(s.log[candidate]), mine, len(s.log[voter]))

    if up_to_date(0, 0, 0, 0) is BLANK:
        raise NotFilledError
    model = fresh("raftproof.model.rounds", is_up_to_date=is_up_to_date)
    found = explored(system_of(model.model, {"max_log": 2}))
    if found.falls:
        return f"With your rule {found.falls} falls: {found.says}\n{found.story()}"
    ends = [(0, 0), *product((1, 2, 3), (1, 2, 3))]
    for (theirs, their_length), (mine, length) in product(ends, ends):
        right = (theirs, their_length) >= (mine, length)
        if right != bool(up_to_date(theirs, their_length, mine, length)):
            ends_at = (
                f"The candidate's log ends at {their_length} in term {theirs}, the voter's at {length} in term {mine}"
            )
            return f"{ends_at}: {'it is at least as up to date' if right else 'the vote must be refused'}."
    return None


def _electable(broken: tuple[str, ...]) -> set[str]:
    """Who can win in Figure 7."""
    logs = {"leader": LEADER, **FOLLOWERS}
    system = system_of(rounds.model, {"servers": 7, "max_log": 12}, broken=broken)
    s = system.state(system.initial_states()[0])
    for i, log in enumerate(logs.values()):
        for term in log:
            s.log[i].append(term)
    return {name for i, name in enumerate(logs) if rounds.can_win(s, Server(i))}


def _compared(told: set[str], right: set[str]) -> str | None:
    unknown = sorted(set(told) - {"leader", *FOLLOWERS})
    if unknown:
        return f"There is no server {unknown[0]!r}; there are leader, a, b, c, d, e and f."
    for name in sorted(set(told) ^ right):
        verb = "cannot win" if name in told else "is missing from your set"
        return f"{name} {verb}. Count who would vote: four of seven are a majority, and a server votes for itself."
    return None


@part("Figure 7")
def can_win(CAN_WIN: set[str]) -> str | None:
    """Those whose log is at least as up to date as those of four."""
    return _compared(CAN_WIN, _electable(()))


@part("the longer log")
def newly(NEWLY: set[str]) -> str | None:
    """Who wins by length alone."""
    return _compared(NEWLY, _electable(LENGTH_FIRST) - _electable(()))


@part("the longer log is worse")
def longer(LONGER_IS_WORSE: list[Round]) -> str | None:
    """A leader lacks what is committed."""
    try:
        end = played_rounds(rounds, LONGER_IS_WORSE, 3, 2, LENGTH_FIRST)
    except StepRefusedError as refused:
        return str(refused)
    if "LeaderCompleteness" in end.falls():
        return None
    if not any(end.committed):
        return f"All rounds are possible, but nothing is committed. {end.logs()}"
    return f"Committed is {end.committed[-1]}, and the last leader has it. {end.logs()}"
