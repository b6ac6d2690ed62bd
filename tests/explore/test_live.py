"""Reductions: a reduced search has one state for each normal form, and finds what the full search finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from comparing import compare, compiled_run

from raftproof.checker.language import (
    AtMost,
    Map,
    Members,
    Model,
    ModelError,
    OrderOnly,
    OrNil,
    Seq,
    Set,
    State,
    Symmetric,
    UpTo,
)
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.native.build import build
from raftproof.checker.reduction import refuse_wrong_reductions
from raftproof.checker.run import Question, check
from raftproof.model import figure2
from raftproof.model.toys import paxos

ROWS: list[tuple[tuple[int, int, int, int], tuple[str, ...], int]] = [
    ((2, 1, 1, 1), (), 10_144),
    ((2, 1, 1, 1), ("restart", "drop", "duplicate"), 64_210),
]
THOROUGH_ROWS: list[tuple[tuple[int, int, int, int], tuple[str, ...], int]] = [
    ((2, 2, 1, 1), (), 20_206),
    ((3, 1, 1, 1), (), 103_607),
    ((2, 1, 2, 1), (), 195_709),
    ((3, 2, 1, 1), (), 291_524),
]
"""Of figure2 with three servers: max-term, max-log, in flight, copies; faults; states."""


def figure2_question(row: tuple[int, int, int, int], servers: int = 3, **more: Any) -> Question:
    """A question about figure2."""
    names = ("max_term", "max_log", "max_in_flight", "max_copies")
    return Question(figure2.model, {"servers": servers} | dict(zip(names, row, strict=True)), **more)


@pytest.mark.parametrize(
    ("row", "faults", "distinct"), [*ROWS, *(pytest.param(*row, marks=pytest.mark.thorough) for row in THOROUGH_ROWS)]
)
def test_dead_fields_of_figure2_are_left_out(
    row: tuple[int, int, int, int], faults: tuple[str, ...], distinct: int
) -> None:
    result = check(figure2_question(row, faults=faults, reduce=("live",)))
    assert (result.verdict, result.distinct, result.reductions) == ("holds", distinct, ["live"])


@pytest.mark.thorough
def test_a_reduced_search_has_one_state_for_each_normal_form_of_the_full_one() -> None:
    row = (2, 1, 1, 1)
    full = figure2_question(row, servers=2)
    layout = full.layout()
    states = compiled_run(build(full.model, layout), full.interpreter(layout)).states
    reduced = figure2_question(row, servers=2, reduce=("live",))
    normal = reduced.interpreter(reduced.layout()).canonical
    forms = {normal(state) for level in states for state in level}
    assert check(reduced).distinct == len(forms) < sum(map(len, states))


@pytest.mark.parametrize(
    ("rule", "faults"),
    [("quorum_majority", ()), ("vote_once", ()), ("vote_persisted", ("restart",)), ("term_persisted", ("restart",))],
)
def test_a_violation_keeps_its_depth(rule: str, faults: tuple[str, ...]) -> None:
    row = (2, 1, 1, 1)
    full = check(figure2_question(row, faults=faults, broken=(rule,))).violation
    reduced = check(figure2_question(row, faults=faults, broken=(rule,), reduce=("live",))).violation
    assert full is not None
    assert reduced is not None
    assert (full.property, full.depth) == (reduced.property, reduced.depth)


@pytest.mark.parametrize("reduce", [(), ("live",)])
def test_the_compiled_search_agrees_with_the_plain_one_about_order_and_dead_fields(reduce: tuple[str, ...]) -> None:
    bounds = {"servers": 2, "proposers": 1, "values": 1}
    run = compare(Question(paxos.model, bounds, reduce=reduce))
    assert not run.outcome.reason


@pytest.mark.parametrize(
    ("reduce", "distinct"), [pytest.param((), 1_157_181, marks=pytest.mark.thorough), (("live",), 287_380)]
)
def test_paxos_is_explored_with_any_number_of_ballots(reduce: tuple[str, ...], distinct: int) -> None:
    result = check(Question(paxos.model, symmetric=("servers", "values"), reduce=reduce))
    assert (result.verdict, result.distinct) == ("holds", distinct)
    assert all(result.witnesses.values())


@pytest.mark.parametrize("rule", ["keep_promise", "adopt_highest"])
def test_paxos_without_a_rule_chooses_two_values(rule: str) -> None:
    result = check(Question(paxos.model, symmetric=("servers", "values"), reduce=("live",), broken=(rule,)))
    assert result.violation is not None
    assert result.violation.property == "Agreement"


# --------------------------------------------------------------------------------------------------- wrong reductions


class Server(Symmetric):
    """Who takes numbers."""


Number = Annotated[int, OrderOnly("servers + 2")]


class Queue(State):
    """Servers with numbers, and a note of the last that was served and of how many were left then."""

    servers: Members[Server]
    number: Map[Server, Number]
    noted: OrNil[Server]
    waits: Set[Server]
    left: Annotated[Seq[Annotated[int, UpTo("max_count")]], AtMost("max_count")]
    count: Annotated[int, UpTo("max_count")]


def init(s: Queue) -> None:
    """Nobody waits."""


def take_a_number(s: Queue, i: Server) -> bool:
    """Server i takes a number above all."""
    if i in s.waits:
        return False
    above = 0
    for j in s.servers:
        above = max(above, s.number[j])
    s.number[i] = above + 1
    s.waits.add(i)
    return True


def serve(s: Queue, i: Server) -> bool:
    """The least number that waits is served, and kept."""
    for j in s.servers:
        if j in s.waits and s.number[j] < s.number[i]:
            return False
    if i not in s.waits:
        return False
    s.waits.discard(i)
    s.noted = i
    s.left.truncate(0)
    s.left.append(len(s.waits))
    return True


def count_numbers(s: Queue, i: Server) -> bool:
    """Counts with a number: wrong."""
    if s.number[i] != s.count + 2:
        return False
    s.count += 1
    return True


def read_note(s: Queue, i: Server) -> bool:
    """Reads the note, whoever waits."""
    if s.noted != i:
        return False
    s.number[i] = 0
    s.noted = -1
    return True


def while_nobody_waits(s: Queue) -> bool:
    """The note is said to be live while nobody waits."""
    return len(s.waits) == 0


def queue(*actions: Callable[..., bool], live: bool = False) -> Question:
    """A model of these steps."""
    model = Model("queue", Queue, bounds={"servers": 2, "max_count": 3})
    model.initial(init)
    for action in actions:
        model.action()(action)
    if live:
        model.live("noted", "left")(while_nobody_waits)
    return Question(model, reduce=("live",) if live else ())


def trial_of(question: Question) -> None:
    """Try what a search takes for granted."""
    refuse_wrong_reductions(question.interpreter(question.layout()))


def test_numbers_that_are_only_compared_never_run_out() -> None:
    question = queue(take_a_number, serve)
    trial_of(question)
    compare(question)


def test_a_number_that_is_counted_with_is_not_order_only() -> None:
    with pytest.raises(
        BoundsError, match="queue: count_numbers does or says something else in states that order takes"
    ):
        trial_of(queue(take_a_number, serve, count_numbers))


def test_a_field_that_is_read_is_not_dead() -> None:
    with pytest.raises(BoundsError, match="queue: read_note does or says something else in states that order or live"):
        trial_of(queue(take_a_number, serve, read_note, live=True))


def test_a_note_that_nobody_reads_may_be_left_out() -> None:
    question = queue(take_a_number, serve, live=True)
    trial_of(question)
    assert compare(question).outcome.distinct < compare(queue(take_a_number, serve)).outcome.distinct


def while_late(s: Queue, i: Server) -> bool:
    """Takes a key."""
    return i in s.waits


def while_told(s: Queue) -> bool:
    """Writes."""
    s.noted = -1
    return True


@pytest.mark.parametrize(
    ("fields", "function", "text"),
    [
        (("bogus",), while_nobody_waits, "Queue has no field bogus"),
        (("noted",), while_late, "noted is no Map or Set over what while_late takes"),
        (("noted",), while_told, "while_told writes noted"),
    ],
)
def test_a_wrong_declaration_is_a_sentence(fields: tuple[str, ...], function: Callable[..., bool], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        Model("queue", Queue, bounds={"servers": 2, "max_count": 3}).live(*fields)(function)


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(BoundsError, match="figure2 has no reduction bogus; its reductions are live"):
        Question(figure2.model, reduce=("bogus",)).layout()
