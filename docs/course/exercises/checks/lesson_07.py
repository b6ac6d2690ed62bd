"""What is asked of the answers to lesson 7: rounds are played, and the rule is put into the model and searched."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from grading import BLANK, NotFilledError, part
from rounds_by_hand import Round, Rounds, played_rounds
from searching import StepRefusedError, explored, fresh, system_of

from raftproof.model import rounds

BROKEN = ("commit_own_term",)


def _played(play: list[Round], servers: int) -> Rounds | str:
    try:
        return played_rounds(rounds, play, servers, 2, BROKEN)
    except StepRefusedError as refused:
        return str(refused)


def _overwritten(play: list[Round], servers: int) -> str | None:
    """Whether the last round overwrites what an earlier one committed; a hint if not."""
    end = _played(play, servers)
    if isinstance(end, str):
        return end
    if not any(end.committed[:-1]):
        return f"Nothing was committed before the last round. {end.logs()}"
    if "CommittedIsStored" not in end.falls():
        return f"What was committed, {end.committed[-1]}, is still stored by a majority. {end.logs()}"
    return None


@part("Figure 8, five servers")
def five(FIGURE_8: list[Round]) -> str | None:
    """A committed entry is overwritten."""
    return _overwritten(FIGURE_8, 5)


@part("Figure 8, three servers")
def three(THREE_SERVERS: list[Round]) -> str | None:
    """The same, and as short as the search finds it."""
    hint = _overwritten(THREE_SERVERS, 3)
    least = explored(system_of(rounds.model, {"max_log": 1}, broken=BROKEN))
    if hint is None and len(THREE_SERVERS) > len(least.steps):
        return f"That is right, and it takes {len(least.steps)} rounds at the least."
    return hint


def _with(may_commit: Callable[[int, int, int, int], bool]) -> ModuleType:
    """Rounds in which leaders commit by the learner's rule."""

    def committable(s: Any, leader: int, appended: int, prev: Any, last: Any) -> int:
        term = model.newest_term(s) + (appended == 0)
        for index in range(len(s.log[leader]), 0, -1):
            stored = sum(model.acknowledged(s, leader, j, prev[j], last[j]) >= index for j in s.servers)
            if may_commit(s.log[leader][index], term, stored, len(s.servers)):
                return index
        return 0

    model = fresh("raftproof.model.rounds", committable=committable)
    return model


@part("the rule")
def rule(may_commit: Callable[[int, int, int, int], bool]) -> str | None:
    """Safe, and commits what it may."""
    if may_commit(2, 2, 2, 3) is BLANK:
        raise NotFilledError
    found = explored(system_of(_with(may_commit).model, {"max_log": 1}))
    if found.falls:
        return f"With your rule {found.falls} falls: {found.says}\n{found.story()}"
    for servers in (3, 4, 5):
        for stored in range(1, servers + 1):
            if 2 * stored > servers and not may_commit(2, 2, stored, servers):
                return f"Safe. But {stored} of {servers} servers store an entry of the leader's own term: commit it."
            if 2 * stored <= servers and may_commit(2, 2, stored, servers):
                return f"{stored} of {servers} servers are no majority."
    return None


@part("Figure 8 (e)")
def figure_8_e(FIGURE_8_E: list[Round]) -> str | None:
    """Three rounds, after which both entries of s1 are committed and s5 cannot win."""
    try:
        end = played_rounds(rounds, FIGURE_8_E, 5, 2)
    except StepRefusedError as refused:
        return str(refused)
    if len(FIGURE_8_E) != 3:
        return f"The figure has three rounds, and you wrote {len(FIGURE_8_E)}."
    if not any(end.state.log[4][k] for k in range(1, len(end.state.log[4]) + 1)):
        return f"In the figure s5 has an entry of its own. {end.logs()}"
    if end.can_win("s5"):
        return f"s5 could still be elected. {end.logs()}"
    if len(end.committed[-1]) < 2:
        return f"Committed is {end.committed[-1] or 'nothing'}. {end.logs()}"
    return None
