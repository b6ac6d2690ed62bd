"""A search up to symmetry refuses a model that tells members apart: in a step, in a loop, in a property."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from raftproof.checker.language import Map, Members, Model, OrNil, State, Symmetric
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.native import build
from raftproof.checker.run import Question, check


class Server(Symmetric):
    """Who may hold the token."""


class Token(State):
    """One token, and who had it."""

    servers: Members[Server]
    holder: OrNil[Server]
    had: Map[Server, bool]


def init(s: Token) -> None:
    """Nobody holds it."""
    s.holder = -1


def take(s: Token, i: Server) -> bool:
    """Server i takes the token."""
    s.holder = i
    s.had[i] = True
    return True


def take_back(s: Token) -> bool:
    """Only one server ever lets go: it is known by its number."""
    if s.holder != 1:
        return False
    s.holder = -1
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


def never_the_last(s: Token) -> bool:
    """A property that names a server."""
    return s.holder != 2


def token(*actions: Callable[..., bool]) -> Model:
    """A model of these actions."""
    model = Model("token", Token, bounds={"servers": 3})
    model.initial(init)
    for action in actions:
        model.action()(action)
    return model


@pytest.mark.parametrize("action", [take_back, hand_on])
def test_a_step_that_knows_a_server_by_its_number_is_refused(action: Callable[..., bool]) -> None:
    model = token(take, action)
    with pytest.raises(BoundsError, match=rf"token: {action.__name__} tells s\d and s\d apart"):
        check(Question(model))
    assert check(Question(model, symmetric=())).verdict == "holds"


def test_a_property_that_names_a_server_is_refused() -> None:
    model = token(take)
    model.invariant(never_the_last)
    with pytest.raises(BoundsError, match=r"token: NeverTheLast tells s\d and s\d apart"):
        check(Question(model))
    assert check(Question(model, symmetric=())).verdict == "violated"


def test_a_refused_model_is_refused_again_and_no_kernel_of_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "cache_directory", lambda: tmp_path)
    for _ in range(2):
        with pytest.raises(BoundsError, match="apart"):
            check(Question(token(take, hand_on)))
    assert not list(tmp_path.iterdir())


def test_a_model_that_treats_all_alike_is_searched() -> None:
    result = check(Question(token(take)))
    assert (result.verdict, result.symmetry) == ("holds", "server")
