"""What is asked of the answers to lesson 3: the rule is put into a model of one term, and every state is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grading import BLANK, NotFilledError, part
from searching import StepRefusedError, explored, fresh, played, reachable, system_of

MODEL = "models.one_term"


def _right(s: Any, i: int, candidate: int) -> bool:
    return bool(s.voted_for[i] in (-1, candidate))


def _name(server: int) -> str:
    return "nobody" if server == -1 else f"s{server + 1}"


def _votes(s: Any) -> str:
    told = (f"{_name(i)} has {{{', '.join(_name(j) for j in s.servers if j in s.votes[i])}}}" for i in s.servers)
    return f"voted_for is {', '.join(f'{_name(i)}: {_name(s.voted_for[i])}' for i in s.servers)}; " + "; ".join(told)


@part("how soon it goes wrong without the rule")
def steps(STEPS_TO_TWO_LEADERS: int) -> str | None:
    """As many as the search finds."""
    found = explored(system_of(fresh(MODEL).model))
    if len(found.steps) == STEPS_TO_TWO_LEADERS:
        return None
    if len(found.steps) > STEPS_TO_TWO_LEADERS:
        return "Too few: two candidates must ask, and each needs the votes of two servers."
    return "It takes fewer: not all servers have to ask, and not all have to vote."


@part("the rule")
def rule(may_vote: Callable[[Any, int, int], bool]) -> str | None:
    """Safe, and refuses nothing that is harmless."""
    mine = fresh(MODEL, may_vote=may_vote)
    found = explored(system_of(mine.model))
    if found.falls:
        return f"With your rule one term gets two leaders:\n{found.story()}"
    for s in reachable(system_of(fresh(MODEL, may_vote=_right).model)):
        for i in s.servers:
            for candidate in s.servers:
                if candidate in s.asked and _right(s, i, candidate) and not may_vote(s, i, candidate):
                    return _too_strict(s, i, candidate)
    return None


def _too_strict(s: Any, i: int, candidate: int) -> str:
    if s.voted_for[i] == candidate:
        return (
            f"Safe, but {_name(i)} has voted for {_name(candidate)} already, the vote was lost, and {_name(candidate)} "
            "asks again. Your rule refuses, and the vote never arrives: say yes to the same candidate."
        )
    return f"Your rule never lets {_name(i)} vote for {_name(candidate)}, though it has voted for nobody."


@part("the property")
def the_property(at_most_one: Callable[[Any], bool]) -> str | None:
    """The same as Election Safety, in every state of an election without the rule."""
    model = fresh(MODEL)
    is_right = model.election_safety
    actions = model.model.actions
    actions[:] = [action for action in actions if action.name != "vote_in_vain"]  # votes that arrive are enough here
    for s in reachable(system_of(model.model)):
        told = at_most_one(s)
        if told is BLANK:
            raise NotFilledError
        if bool(told) != is_right(s):
            answer = "fine" if told else "wrong"
            return f"Your function calls this state {answer}, and it is not: {_votes(s)}."
    return None


@part("nobody wins")
def split(NOBODY_WINS: dict[int, int] | None) -> str | None:
    """A play in which all vote and nobody is elected."""
    if NOBODY_WINS is None:
        return "It can: how many servers may ask for votes in one term?"
    if set(NOBODY_WINS) != {1, 2, 3}:
        return "Each of the servers 1, 2 and 3 has to vote."
    asked = [f"ask(s{candidate})" for candidate in sorted(set(NOBODY_WINS.values()))]
    votes = [f"vote(s{voter}, s{candidate})" for voter, candidate in NOBODY_WINS.items()]
    model = fresh(MODEL, may_vote=_right)
    try:
        end = played(system_of(model.model), asked + votes)
    except StepRefusedError as refused:
        return str(refused)
    if end.shows(model.leader_elected):
        return f"Somebody has a majority: {_votes(end.state)}."
    return None
