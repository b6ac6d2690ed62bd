"""What is asked of the answers to lesson 10: every step of every state is looked at through the learner's mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from grading import BLANK, NotFilledError, part, see_that_filled
from models import persistence
from models.one_leader import NOBODY, is_allowed
from searching import Play, StepRefusedError, fresh, system_of, told

from raftproof.model.vocabulary import Role

MODEL = "models.one_term"


def _may_vote(s: Any, i: int, candidate: int) -> bool:
    return bool(s.voted_for[i] in (-1, candidate))


def _elected(s: Any) -> set[int]:
    """Who has the votes of a majority."""
    return {i for i in s.servers if 2 * len(s.votes[i]) > len(s.servers)}


def _right(s: Any) -> int:
    return min(_elected(s), default=NOBODY)


def _steps() -> Iterator[tuple[str, Any, Any]]:
    """Every step of every state: what it is called, the state before it and the one after it."""
    system = system_of(fresh(MODEL, may_vote=_may_vote).model)
    waiting = system.initial_states()
    known = set(waiting)
    for state in waiting:
        for choice in system.actions(state):
            after = system.next_state(state, choice)
            if after is None:
                continue
            yield told(system, choice), system.state(state), system.state(after)
            same = system.canonical(after)
            if same not in known:
                known.add(same)
                waiting.append(same)


def _name(winner: int) -> str:
    return "NOBODY" if winner == NOBODY else f"s{winner + 1}"


def _votes(s: Any) -> str:
    return ", ".join(f"s{i + 1} has {len(s.votes[i])}" for i in s.servers)


@part("the mapping")
def mapping(winner: Callable[[Any], int]) -> str | None:
    """Each step is allowed, and somebody is elected when a majority has voted."""
    for step, before, after in _steps():
        seen = winner(before), winner(after)
        if any(one is BLANK for one in seen):
            raise NotFilledError
        if any(one not in (NOBODY, 0, 1, 2) for one in seen):
            return f"winner answers {seen[0]!r} and {seen[1]!r}; answer NOBODY or a server out of s.servers."
        if not is_allowed(*seen):
            return (
                f"{step} leads from {_name(seen[0])} to {_name(seen[1])}, which is no step of one_leader. "
                f"Votes before: {_votes(before)}; behind it: {_votes(after)}."
            )
        if seen[1] != _right(after):
            return f"Behind {step} {_votes(after)}, and you see {_name(seen[1])}. Who has a majority is elected."
    return None


@part("what each step is")
def what_is_seen(SEEN: dict[str, set[str]]) -> str | None:
    """As the search sees it."""
    see_that_filled(SEEN, ("ask", "vote", "vote_in_vain"))
    found: dict[str, dict[str, str]] = {name: {} for name in SEEN}
    for step, before, after in _steps():
        kind = "nothing" if _right(before) == _right(after) else "elect"
        found[step.partition("(")[0]].setdefault(kind, f"{step} where {_votes(before)}")
    for name, kinds in SEEN.items():
        for kind in sorted(set(kinds) ^ set(found[name])):
            if kind in found[name]:
                return f"{name} can be {kind!r}, too: {found[name][kind]}."
            return f"{name} is never {kind!r}."
    return None


@part("a step that is none")
def no_step(NO_STEP: list[str]) -> str | None:
    """The last step elects a second one."""
    play = Play(system_of(fresh(MODEL).model, symmetric=()))
    for number, step in enumerate(NO_STEP, 1):
        before = _elected(play.state)
        try:
            play.take(step)
        except StepRefusedError as refused:
            return str(refused)
        if len(before) < 2 <= len(_elected(play.state)):
            return None if number == len(NO_STEP) else f"Step {number}, {step}, is no step of one_leader; end there."
    return f"Every step is allowed. At the end {_votes(play.state)}."


def _led(steps: list[str]) -> tuple[int, set[int]]:
    """The last state, and who led term 1 on the way."""
    play = Play(system_of(persistence.model, faults=("restart",), symmetric=()))
    led: set[int] = set()
    for step in steps:
        play.take(step)
        s = play.state
        led |= {i for i in s.servers if s.role[i] == Role.LEADER and s.current_term[i] == 1}
    return play.now, led


@part("what a state forgets")
def forgotten(S1_LED: list[str], S2_LED: list[str]) -> str | None:
    """The same state, and another leader of term 1."""
    ends = []
    for server, steps in ((0, S1_LED), (1, S2_LED)):
        try:
            now, led = _led(list(steps))
        except StepRefusedError as refused:
            return f"Where s{server + 1} is to lead: {refused}"
        if led != {server}:
            return f"In your behavior for s{server + 1}, {' and '.join(map(_name, led)) or 'nobody'} led term 1."
        ends.append(now)
    if ends[0] == ends[1]:
        return None
    system = system_of(persistence.model, faults=("restart",), symmetric=())
    one, other = (system.layout.show(system.state(end)) for end in ends)
    differs = next(field for field in one if one[field] != other[field])
    return f"The two end in different states: {differs} is {one[differs]} and {other[differs]}."
