"""A search up to symmetry refuses a model that tells members apart: in a step, in a loop, in a property."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import IntEnum
from math import comb
from pathlib import Path
from typing import Annotated, NamedTuple

import pytest
from comparing import compiled_run

from raftproof.checker.language import Map, Members, Model, OrNil, Set, State, Symmetric, UpTo
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.members import refuse_numbered_members
from raftproof.checker.native import cache
from raftproof.checker.native.build import build
from raftproof.checker.run import Question, check, simulate
from raftproof.commands.models import MODELS, find_model
from raftproof.model import election, vocabulary


class Server(Symmetric):
    """Who may hold the token."""


class Rule(IntEnum):
    """What can be switched off."""

    FREELY = 0


class Pass(NamedTuple):
    """Who gave the token to whom."""

    giver: Server
    taker: Server


class Token(State):
    """One token, who had it, and who wants it."""

    servers: Members[Server]
    holder: OrNil[Server]
    had: Map[Server, bool]
    wants: Set[Server]
    last: Pass
    passes: Annotated[int, UpTo("max_passes")]


NOBODY = -1
FIRST = 0


def init(s: Token, i: Server) -> None:
    """Nobody holds it; anybody may have it from himself."""
    s.holder = -1
    s.last = Pass(i, i)


def take(s: Token, i: Server) -> bool:
    """Server i takes the token."""
    s.holder = i
    s.had[i] = True
    return True


def first_without(s: Token) -> int:
    """The first server that never held it, or -1: the loop knows the order of the servers."""
    for i in s.servers:
        if not s.had[i]:
            return i
    return -1


def hand_on(s: Token) -> bool:
    """The first server that never held the token gets it."""
    i = first_without(s)
    if i < 0:
        return False
    s.holder = i
    s.had[i] = True
    return True


def held_by_the_first(s: Token) -> bool:
    """A property that knows the order of the servers."""
    first = NOBODY
    for i in s.servers:
        if first == NOBODY:
            first = i
    return s.holder == NOBODY or s.holder == first


def compared(s: Token) -> bool:
    """Only one server ever lets go."""
    return s.holder == 1  # <-


def compared_with_a_constant(s: Token, i: Server) -> bool:
    """The first server alone."""
    return i > FIRST  # <-


def compared_with_a_length(s: Token) -> bool:
    """The last server alone, under a name."""
    holder = s.holder
    return holder >= 0 and holder == len(s.wants)  # <-


def compared_with_another_sort(s: Token) -> bool:
    """Members and numbers."""
    found = 0
    for i in s.servers:
        if i > s.passes:  # <-
            found += 1
    return found == 0


def computed(s: Token, i: Server) -> bool:
    """Servers in a ring."""
    return s.holder == (i + 1) % 3  # <-


def indexed(s: Token) -> bool:
    """What the first server had."""
    return s.had[0]  # <-


def in_a_set(s: Token) -> bool:
    """Whether the first server wants it."""
    return 0 in s.wants  # <-


def put_into_a_set(s: Token) -> bool:
    """The second server wants it."""
    s.wants.add(1)  # <-
    return True


def set_to_a_number(s: Token) -> bool:
    """The second server takes it."""
    s.holder = 1  # <-
    return True


def in_a_record(s: Token, i: Server) -> bool:
    """The first server gave it."""
    s.last = Pass(0, i)  # <-
    return True


def is_second(i: Server) -> bool:
    """Deep inside."""
    return i == 1  # <-


def in_a_helper(s: Token, i: Server) -> bool:
    """Only the second server."""
    return is_second(i)


def allowed(s: Token, i: Server, j: Server) -> bool:
    """What treats all alike: none, other members, sets as bits, other numbers."""
    if s.holder == NOBODY or s.holder < 0 or i >= 0 or i == j or j == s.last.taker:
        return s.passes == 0 or len(s.wants) > 1 or (1 << i) & 5 != 0
    s.holder = NOBODY
    s.passes = s.passes + 1
    return True


def is_not_held(s: Token) -> bool:
    """Unless it is passed on freely, nobody ever holds the token."""
    return s.upholds(Rule.FREELY) or s.holder == NOBODY


def token(*actions: Callable[..., bool]) -> Model:
    """A model of these actions."""
    model = Model("token", Token, bounds={"servers": 3, "max_passes": 1}, rules=Rule)
    model.initial(init)
    model.invariant(is_not_held)
    for action in actions:
        model.action()(action)
    return model


NUMBERED = (
    compared, compared_with_a_constant, compared_with_a_length, compared_with_another_sort, computed, indexed, in_a_set,
    put_into_a_set, set_to_a_number, in_a_record, in_a_helper,
)  # fmt: skip


@pytest.mark.parametrize("action", NUMBERED)
def test_a_function_whose_text_knows_a_server_by_its_number_is_refused_at_its_line(
    action: Callable[..., bool],
) -> None:
    lines, first = inspect.getsourcelines(is_second if action is in_a_helper else action)
    line = first + next(k for k, text in enumerate(lines) if text.endswith("# <-\n"))
    model = token(take, action)
    question = Question(model)
    with pytest.raises(BoundsError, match=rf"{__file__}:{line}: \w+ (compares|computes with|takes a number for) a"):
        refuse_numbered_members(question.interpreter(question.layout()))
    question = Question(model, symmetric=())
    refuse_numbered_members(question.interpreter(question.layout()))


def test_what_treats_all_servers_alike_is_not_refused() -> None:
    question = Question(token(take, hand_on, allowed))
    refuse_numbered_members(question.interpreter(question.layout()))


@pytest.mark.parametrize("name", MODELS)
def test_no_model_of_ours_knows_a_server_by_its_number(name: str) -> None:
    question = Question(find_model(name))
    refuse_numbered_members(question.interpreter(question.layout()))


def test_a_step_that_knows_the_order_of_servers_is_refused() -> None:
    model = token(take, hand_on)
    with pytest.raises(BoundsError, match=r"token: hand_on tells s\d and s\d apart"):
        check(Question(model))
    assert check(Question(model, symmetric=())).verdict == "holds"


def test_a_property_that_knows_the_order_of_servers_is_refused() -> None:
    model = token(take)
    model.invariant(held_by_the_first)
    with pytest.raises(BoundsError, match=r"token: HeldByTheFirst tells s\d and s\d apart"):
        check(Question(model))


def test_a_refused_model_is_refused_again_and_no_kernel_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "cache_directory", lambda: tmp_path)
    for _ in range(2):
        with pytest.raises(BoundsError, match="apart"):
            check(Question(token(take, hand_on)))
    assert not list(tmp_path.iterdir())


def test_a_model_that_treats_all_alike_is_searched() -> None:
    result = check(Question(token(take)))
    assert (result.verdict, result.symmetry) == ("holds", "server")


def test_servers_that_vote_for_each_other_in_rings_are_told_apart_exactly() -> None:
    question = Question(election.model, {"servers": 4}, workers=1)
    layout = question.layout()
    system, kernels = question.interpreter(layout), build(election.model, layout)
    states = [state for level in compiled_run(kernels, system).states for state in level]
    assert len(states) == 136
    # Of four servers k ask for votes, and each votes for one of them or for none.
    assert sum(map(system.orbit, states)) == sum(comb(4, k) * (k + 1) ** 4 for k in range(5))
    for state in states:
        assert {kernels.canonical(twin)[0] for twin in system._relabelled(state, vocabulary.Server, 4)} == {state}


def test_a_random_behavior_begins_in_any_of_the_initial_states_that_are_the_same_up_to_names() -> None:
    question = Question(token(take), broken=("freely",))
    starts = set()
    for seed in range(8):
        result = simulate(question, 1, 5, seed)
        assert result.violation is not None
        assert (result.violation.property, result.violation.depth) == ("IsNotHeld", 2)
        starts.add(result.violation.initial["last"]["giver"])
    assert starts == {"s1"}  # the first of them that has the name
