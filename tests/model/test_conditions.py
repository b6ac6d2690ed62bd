"""What the sorting into rounds takes for granted holds of every explored step, and each condition can fail."""

from __future__ import annotations

from typing import Any

import pytest
from explored import states_of

from raftproof.checker.language import Model
from raftproof.checker.run import Question
from raftproof.model import conditions, deployed, figure2
from raftproof.model.conditions import Conditions
from raftproof.model.figure2 import Message, Raft, RequestVoteRequest, RequestVoteResponse
from raftproof.model.vocabulary import Server

ALL_FAULTS = ("restart", "drop", "duplicate")


def broken_in(question: Question, **more: Any) -> dict[str, str]:
    """The conditions that steps of any explored state break, each with one of them; every state's steps are taken."""
    layout, words = states_of(question)
    system = question.interpreter(layout)
    asked = Conditions(system, **more)
    found = (s for row in words for s in asked.broken_from(int.from_bytes(row.tobytes(), "little")))
    return {step.condition: step.step for step in found}


@pytest.mark.parametrize(
    ("servers", "max_term", "faults"),
    [(2, 2, ALL_FAULTS), pytest.param(3, 2, (), marks=pytest.mark.thorough)],
)
def test_every_step_of_figure2_keeps_to_its_round(servers: int, max_term: int, faults: tuple[str, ...]) -> None:
    bounds = {"servers": servers, "max_term": max_term}
    assert broken_in(Question(figure2.model, bounds, faults=faults, reduce=("live",))) == {}


@pytest.mark.thorough
@pytest.mark.parametrize("model", [deployed.model, deployed.pre_vote], ids=lambda model: model.name)
def test_every_step_of_deployed_raft_keeps_to_its_round(model: Model) -> None:
    bounds = {"servers": 2, "max_term": 2}
    # A crash takes a server back to what its disk holds; a pre-vote asks about a term that nobody enters.
    questions = ("RequestPreVote", "PreVoteAnswer")
    found = broken_in(
        Question(model, bounds, faults=tuple(model.faults())), lasting_term="disk_term", questions=questions
    )
    assert found == {}


# --------------------------------------------------------------------------------------------------- steps that break


def steal(s: Raft, i: Server, j: Server) -> bool:
    """Changes two servers."""
    if i == j or s.current_term[i] != s.current_term[j]:
        return False
    s.voted_for[i] = j
    s.voted_for[j] = i
    return True


def promise(s: Raft, i: Server, j: Server) -> bool:
    """Sends in a term that is not its own."""
    if i == j or s.current_term[i] > 1:
        return False
    s.messages.send(RequestVoteResponse(term=2, vote_granted=True, source=i, dest=j))
    return True


def obey(s: Raft, m: RequestVoteRequest) -> bool:
    """Reads what is of a later term, and does not enter it."""
    if m.term <= s.current_term[m.dest]:
        return False
    s.voted_for[m.dest] = m.source
    s.messages.discard(m)
    return True


def fall(s: Raft, i: Server) -> bool:
    """Goes back to the first term."""
    if s.current_term[i] == 1:
        return False
    s.current_term[i] = 1
    return True


def skip(s: Raft, i: Server, m: Message) -> bool:
    """Changes a server that the message is not for."""
    if i == m.dest or s.commit_index[i] > 0:
        return False
    s.commit_index[i] = 1
    return True


@pytest.mark.parametrize(
    ("step", "condition"),
    [
        (steal, conditions.ONE_SERVER_TOUCHED),
        (skip, conditions.ONE_SERVER_TOUCHED),
        (promise, conditions.SENT_IN_OWN_ROUND),
        (obey, conditions.NO_LATER_ROUND_READ),
        (fall, conditions.TERMS_NEVER_FALL),
    ],
)
def test_a_step_that_leaves_its_round_is_found(step: Any, condition: str) -> None:
    model = Model("astray", Raft, bounds=figure2.model.bounds)
    model.initial(figure2.init)
    for action in figure2.model.actions:
        if not action.fault:
            model.action(*action.rules)(action.function)
    model.action()(step)
    bounds = {"servers": 2, "max_term": 2}
    layout = Question(model, bounds).layout()
    system = Question(model, bounds).interpreter(layout)
    asked = Conditions(system)
    assert condition in {s.condition for state in _some_states(system, 400) for s in asked.broken_from(state)}


def _some_states(system: Any, count: int) -> list[int]:
    """States that are reached first."""
    states = list(system.initial_states())
    seen = set(states)
    for state in states:
        for choice in system.actions(state):
            after = system.next_state(state, choice)
            if after is not None and after not in seen and system.inside(after) and len(states) < count:
                seen.add(after)
                states.append(after)
    return states
