"""Rounds count what they should, agree with the plain models, and find what breaks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from explored import states_of
from rounds_plain import State, every_round, within_terms

from raftproof.checker.explore.reference import search
from raftproof.checker.language import BoundsError, Interpreter, Layout
from raftproof.checker.language.containers import contents
from raftproof.checker.native.batch import Words
from raftproof.checker.run import Question, check
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.text import result_text
from raftproof.model import abstract, election, figure2, rounds

ROWS = {
    (3, 1): (68, 10, 3),
    (3, 3): (47_339, 2_126, 8),
    (5, 2): (599_053, 4_398, 10),
}
"""Of servers and the longest log: generated, distinct, and rounds until nothing is new."""
SLOW_ROWS = {
    (3, 5): (25_937_450, 455_656, 14),
}
THOROUGH_ROWS = {
    (3, 2): (1_826, 147, 5),
    (3, 4): (1_131_008, 30_669, 11),
    (4, 3): (508_705, 7_732, 9),
    (5, 1): (962, 33, 5),
}


def ask(servers: int = 3, max_log: int = 1, **more: Any) -> Question:
    """A question about rounds."""
    return Question(rounds.model, {"servers": servers, "max_log": max_log}, **more)


def test_every_round_is_explored(row: tuple[int, int]) -> None:
    result = check(ask(*row))
    assert result.verdict == "holds"
    assert (result.generated, result.distinct, result.depth - 1) == (ROWS | SLOW_ROWS | THOROUGH_ROWS)[row]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        slow = [pytest.param(row, marks=pytest.mark.slow) for row in SLOW_ROWS]
        thorough = [pytest.param(row, marks=pytest.mark.thorough) for row in THOROUGH_ROWS]
        metafunc.parametrize("row", [*ROWS, *slow, *thorough], ids=str)


# --------------------------------------------------------------------------------------------------- other models


def logs_in(layout: Layout, words: Words) -> set[tuple[tuple[int, ...], ...]]:
    """The different multisets of logs, a log as the terms of its entries."""
    node: Any = layout.fields["log"]
    first, shift = divmod(node.offset, 64)
    mask = np.uint64((1 << node.child.bits()) - 1)
    columns = [
        (words[:, first + k * layout.stride] >> np.uint64(shift)) & mask for k in range(layout.bounds["servers"])
    ]
    different = np.unique(np.sort(np.stack(columns, axis=1), axis=1), axis=0)
    return {tuple(sorted(_log(node.child.unpack(int(bits))) for bits in row)) for row in different}


def _log(log: Any) -> tuple[int, ...]:
    return tuple(getattr(entry, "term", entry) for entry in contents(log))


def committed_in(layout: Layout, words: Words) -> set[tuple[int, ...]]:
    """What any server knows to be committed in any state."""
    log: Any = layout.fields["log"]
    index: Any = layout.fields["commit_index"]
    found: set[tuple[int, int]] = set()
    for i in range(layout.bounds["servers"]):
        parts = []
        for node in (log, index):
            word, shift = divmod(node.offset + node.at(i), 64)
            parts.append((words[:, word] >> np.uint64(shift)) & np.uint64((1 << node.child.bits()) - 1))
        found |= {(int(a), int(b)) for a, b in np.unique(np.stack(parts, axis=1), axis=0)}
    return {_log(log.child.unpack(bits))[: index.child.unpack(length)] for bits, length in found}


@pytest.mark.parametrize(("servers", "max_log"), [(3, 1), (3, 3), (5, 2)])
def test_rounds_are_those_of_the_paper_state_for_state(servers: int, max_log: int) -> None:
    layout, words = states_of(ask(servers, max_log))
    system = Interpreter(rounds.model, layout)
    found = {plain_of(system, row) for row in words}
    levels = every_round(servers, max_log)
    assert found == set().union(*levels)
    assert len(found) == len(words)


def plain_of(system: Interpreter, words: Words) -> State:
    """A state in the form of the plain model."""
    s = system.state(int.from_bytes(words.tobytes(), "little"))
    return tuple(sorted(_log(s.log[i]) for i in s.servers)), _log(s.committed)


@pytest.mark.thorough
@pytest.mark.parametrize(("servers", "lag"), [(3, 3), (5, 1)])
def test_the_prefix_that_all_logs_share_can_be_left_out(servers: int, lag: int) -> None:
    result = check(ask(servers, lag, reduce=("prefix",)))
    levels = every_round(servers, lag, prefix=True)
    assert (result.distinct, result.depth) == (sum(map(len, levels)), len(levels))
    assert result.reductions == ["order", "prefix"]
    assert "logs of any length" in result.covers


@pytest.mark.parametrize(("terms", "max_log"), [(2, 1), pytest.param(2, 2, marks=pytest.mark.thorough)])
def test_abstract_reaches_the_same_logs_and_the_same_committed_prefixes(terms: int, max_log: int) -> None:
    layout, words = states_of(
        Question(abstract.model, {"servers": 3, "max_term": terms, "max_log": max_log}, faults=("restart",))
    )
    plain = within_terms(3, max_log, terms)
    assert logs_in(layout, words) == {logs for logs, _ in plain}
    assert committed_in(layout, words) == {committed for _, committed in plain}


@pytest.mark.parametrize(
    ("terms", "max_log", "count"),
    [
        (2, 1, 4),
        pytest.param(3, 1, 9, marks=pytest.mark.thorough),
        pytest.param(3, 2, 38, marks=pytest.mark.thorough),
        pytest.param(4, 1, 17, marks=pytest.mark.thorough),
    ],
)
def test_figure2_reaches_the_same_logs(terms: int, max_log: int, count: int) -> None:
    # Who led a term leads the next one only after a restart; with one entry a log, that makes no difference.
    faults = ("restart",) if max_log > 1 else ()
    bounds = {"servers": 3, "max_term": terms, "max_log": max_log}
    layout, words = states_of(Question(figure2.model, bounds, faults=faults, reduce=("live",)))
    # Its servers begin in term 1, and drop conflicting entries one a step.
    plain = {logs for logs, _ in within_terms(3, max_log, terms - 1, stepwise=True)}
    found = {tuple(tuple(t - 1 for t in log) for log in logs) for logs in logs_in(layout, words)}
    assert found == plain
    assert len(found) == count


# --------------------------------------------------------------------------------------------------- the argument


def interpreted(servers: int, max_log: int, states: int) -> Iterator[tuple[Interpreter, int]]:
    """Some states of correct rounds, those of fewer rounds first."""
    question = ask(servers, max_log)
    system = question.interpreter(question.layout())
    level, seen = list(system.initial_states()), set(system.initial_states())
    while level and len(seen) < states:
        following = {
            system.canonical(after)
            for state in level
            for choice in system.actions(state)
            if (after := system.next_state(state, choice)) is not None
        }
        level = sorted(following - seen)
        seen |= following
    return ((system, state) for state in sorted(seen)[:states])


def test_the_plain_search_agrees() -> None:
    question = ask(3, 2)
    system = question.interpreter(question.layout())
    found = search(system, system.canonical)
    assert (found.generated, found.distinct, found.depth - 1) == THOROUGH_ROWS[3, 2]


def test_a_right_handler_does_no_more_in_many_requests_than_in_one() -> None:
    for system, state in interpreted(3, 3, 40):
        for leader, j, appended in itertools.product(range(3), range(3), range(2)):
            s = system.state(state)
            if leader == j or not rounds.fits(s, leader, appended):
                continue
            for _ in range(appended):
                s.log[leader].append(rounds.newest_term(s) + 1)
            n, length = rounds.matching(s, leader, j), len(s.log[leader])
            single = {_log(s.log[j]): n} | {_log(s.log[leader])[:p]: p for p in range(n + 1, length + 1)}
            for log, acked in every_outcome(s, leader, j, system):
                assert acked <= single[log]


def every_outcome(s: Any, leader: int, j: int, system: Interpreter) -> set[tuple[tuple[int, ...], int]]:
    """The logs that a follower may come to have by requests in any order and number, and how far it answers then."""
    length = len(s.log[leader])
    slices = [(prev, last) for last in range(length + 1) for prev in range(last + 1)]
    first = (_log(s.log[j]), 0)
    found, waiting = {first}, [first]
    for log, acked in waiting:
        for prev, last in slices:
            t = system.layout.copy(s)
            t.log[j].truncate(0)
            for term in log:
                t.log[j].append(term)
            answer = rounds.acknowledged(t, leader, j, prev, last)
            rounds.store(t, leader, j, prev, last)
            after = (_log(t.log[j]), max(acked, answer))
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


def test_only_the_order_of_terms_counts() -> None:
    for system, state in interpreted(3, 2, 60):
        wide = system.roomy(20)
        order = system.layout.orders()[0]
        stretched = wide.layout.encode(wide.layout.relabel(system.state(state), order, lambda term: 3 * term))
        assert after_of(wide, stretched) == after_of(wide, state_in(wide, system, state))


def state_in(wide: Interpreter, system: Interpreter, state: int) -> int:
    """A state in another layout."""
    return wide.layout.encode(system.state(state))


def after_of(system: Interpreter, state: int) -> set[tuple[str, int | None]]:
    """Every step from a state, with the normal form of where it leads."""
    steps = ((system.describe(c), system.next_state(state, c)) for c in system.actions(state))
    return {(step, None if after is None else system.normal(after)) for step, after in steps}


# --------------------------------------------------------------------------------------------------- what breaks


@pytest.mark.parametrize(
    ("rule", "max_log", "falls", "after", "told"),
    [
        ("commit_own_term", 1, "LeaderCompleteness", 4, 19),
        ("log_up_to_date", 1, "LeaderCompleteness", 2, 9),
        ("last_term_first", 2, "LeaderCompleteness", 3, 15),
        ("previous_entry", 1, "CommittedIsStored", 1, 9),
        ("truncate_on_conflict", 2, "CommittedIsStored", 1, 11),
        ("ack_matched_only", 1, "CommittedIsStored", 2, 13),
        ("append_new_entries", 1, "CommittedIsStored", 2, 13),
    ],
)
def test_a_broken_rule_is_found_and_told_in_ordinary_steps(
    rule: str, max_log: int, falls: str, after: int, told: int
) -> None:
    result = check(ask(3, max_log, broken=(rule,)))
    assert result.coarse is not None
    assert result.violation is not None
    assert (result.coarse.property, len(result.coarse.steps)) == (falls, after)
    assert (result.told_in, result.violation.property) == ("abstract", "LeaderCompleteness")
    assert len(result.violation.steps) == told
    assert all(step.action != "lead_a_round" for step in result.violation.steps)
    assert "become_leader(" in spacetime_svg(result)
    assert f"Told in {told} steps of abstract" in " ".join(result_text(result).split())


def test_figure_8_is_found_within_a_second() -> None:
    result = check(ask(3, 1, broken=("commit_own_term",)))
    assert result.distinct <= 10
    assert result.seconds < 1


@pytest.mark.parametrize("rule", sorted(rule.name.lower() for rule in rounds.NEEDS))
def test_a_rule_that_rounds_rest_on_cannot_be_switched_off(rule: str) -> None:
    with pytest.raises(BoundsError, match=f"rounds rests on {rule}: that "):
        check(ask(broken=(rule,)))


def test_a_reduction_is_off_without_the_rules_that_it_rests_on() -> None:
    result = check(ask(3, 1, reduce=("prefix",), broken=("truncate_on_conflict",)))
    assert result.reductions == ["order"]
    assert result.notes == ["The reduction prefix is off: it rests on truncate_on_conflict."]
    assert result.verdict == "violated"


# --------------------------------------------------------------------------------------------------- one election


@pytest.mark.parametrize(
    ("servers", "distinct"), [(3, 38), *(pytest.param(*row, marks=pytest.mark.slow) for row in [(5, 479), (6, 1_724)])]
)
def test_an_election_has_one_winner(servers: int, distinct: int) -> None:
    result = check(Question(election.model, {"servers": servers}, faults=("restart",)))
    assert (result.verdict, result.distinct) == ("holds", distinct)
    assert all(result.witnesses.values())


def test_an_election_is_explored_with_every_set_of_candidates_and_every_vote() -> None:
    result = check(Question(election.model, {"servers": 3}, symmetric=()))
    assert result.distinct == sum(sum(1 for _ in itertools.combinations(range(3), c)) * (1 + c) ** 3 for c in range(4))


@pytest.mark.parametrize("rule", ["vote_once", "vote_persisted", "quorum_majority"])
def test_the_rules_of_voting_are_found_in_one_election(rule: str) -> None:
    result = check(Question(election.model, broken=(rule,), faults=("restart",)))
    assert result.violation is not None
    assert result.violation.property == "ElectionSafety"
