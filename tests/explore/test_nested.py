"""A model that takes over another one's actions, and keeps a state of its own nested beside the other's state."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import pytest
from comparing import compare

from raftproof.checker.language import Map, Members, Model, ModelError, Set, State, Symmetric, UpTo
from raftproof.checker.run import Question, check

Count = Annotated[int, UpTo("most")]


class Server(Symmetric):
    """One that counts."""


class Rule(IntEnum):
    """What can be switched off."""

    ONE_AT_A_TIME = 0


class Counters(State):
    """A count for each server."""

    servers: Members[Server]
    count: Map[Server, Count]


counters = Model("counters", Counters, bounds={"servers": 2, "most": 3}, rules=Rule)


@counters.initial
def zero(s: Counters) -> None:
    """All are 0."""


@counters.action(Rule.ONE_AT_A_TIME)
def step(s: Counters, i: Server) -> bool:
    """One more, or two."""
    s.count[i] += 1
    if not s.upholds(Rule.ONE_AT_A_TIME):
        s.count[i] = min(s.count[i] + 1, 3)
    return True


class Seen(State):
    """What a watcher has seen."""

    servers: Members[Server]
    count: Map[Server, Count]
    odd: Set[Server]
    steps: Annotated[int, UpTo("2 * most")]
    surprised: bool


class Watched(Counters):
    """The counters, and a watcher."""

    watcher: Seen


def see(w: Seen, i: Server) -> None:
    """Count along, by one whatever the counters' rules are."""
    w.count[i] += 1
    w.steps += 1
    if not w.upholds(Rule.ONE_AT_A_TIME):
        w.surprised = True


watched = Model("watched", Watched, bounds={"servers": 2, "most": 3}, rules=Rule)


@watched.initial
def begin(s: Watched) -> None:
    """All are 0, and two steps are missing."""
    zero(s)
    s.watcher.steps = 0


@watched.after(counters, step)
def to_odd(before: Watched, s: Watched, i: Server) -> bool:
    """The count becomes odd."""
    if s.count[i] % 2 == 0 or before.count[i] == s.count[i]:
        return False
    see(s.watcher, i)
    s.watcher.odd.add(i)
    return True


@watched.after(counters, step)
def to_even(before: Watched, s: Watched, i: Server) -> bool:
    """The count becomes even."""
    if s.count[i] % 2 == 1:
        return False
    see(s.watcher, i)
    s.watcher.odd.discard(i)
    return True


@watched.invariant
def counts_agree(s: Watched, i: Server) -> bool:
    """The watcher counts what there is."""
    return s.watcher.count[i] == s.count[i]


@watched.invariant
def is_never_surprised(s: Watched) -> bool:
    """Rules that are off are so for the counters alone."""
    return not s.watcher.surprised


@pytest.mark.parametrize("broken", [(), ("one_at_a_time",)], ids=["whole", "broken"])
def test_compiled_and_plain_agree_about_nested_states(broken: tuple[str, ...]) -> None:
    for symmetric in ((), ("servers",)):
        compare(Question(watched, {}, broken=broken, workers=1, symmetric=symmetric))


def test_both_kinds_of_steps_are_counted_and_none_is_lost() -> None:
    result = check(Question(watched, {}, workers=1, symmetric=()))
    alone = check(Question(counters, {}, workers=1, symmetric=()))
    assert result.verdict == "holds"
    assert result.distinct == alone.distinct == 16
    assert result.generated == alone.generated
    assert set(result.actions) == {"to_odd", "to_even"}


def test_what_is_nested_does_not_follow_where_a_rule_is_off() -> None:
    result = check(Question(watched, {}, broken=("one_at_a_time",), workers=1))
    assert result.violation is not None
    assert (result.violation.property, result.violation.depth) == ("CountsAgree", 2)


def test_a_nested_state_is_no_value() -> None:
    def wrong(s: Watched, i: Server) -> bool:
        """Keep hold of a nested state."""
        w = s.watcher
        return w.steps == 0

    with pytest.raises(ModelError, match=r"s\.watcher is a Seen; name a field of it"):
        Model("wrong", Watched, bounds={"servers": 2, "most": 3}).action()(wrong)


def test_what_follows_is_held_to_the_language() -> None:
    def wrong(before: Watched, s: Watched, i: Server) -> bool:
        """Decide too late."""
        s.watcher.steps += 1
        return s.count[i] == 0

    with pytest.raises(ModelError, match="a write stands before the decision"):
        Model("wrong", Watched, bounds={"servers": 2, "most": 3}).after(counters, step)(wrong)
