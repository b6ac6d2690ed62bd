"""The numbers of states are TLC's: generated, distinct and depth, compiled with one worker and with two, interpreted.

And with symmetry, the orbits of the states that were found are exactly the states without it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rows import ROWS, Row

from raftproof.checker.explore import reference
from raftproof.checker.explore.compiled import Search
from raftproof.checker.language.containers import contents
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.native.build import build, from_words
from raftproof.checker.run import Question, check
from raftproof.model import figure2

SMALL = [row for row in ROWS if row.interpreted]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_compiled_search_counts_as_others_do_with_one_worker_and_with_two(row: Row) -> None:
    for workers in (1, 2):
        result = check(row.question(workers))
        assert result.verdict == "holds"
        assert (result.generated, result.distinct, result.depth) == (row.generated, row.distinct, row.depth)


@pytest.mark.slow
@pytest.mark.parametrize("row", SMALL, ids=str)
def test_the_plain_search_counts_as_others_do(row: Row) -> None:
    system = interpreter(row.question(1))
    found: reference.Exploration[int, Any] = reference.search(system, system.canonical if row.symmetry else int)
    assert found.violated is None
    assert (found.generated, found.distinct, found.depth) == (row.generated, row.distinct, row.depth)


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row.symmetry and row.distinct < 20_000], ids=str)
def test_the_orbits_of_a_search_with_symmetry_add_up_to_the_search_without_it(row: Row) -> None:
    system, states = every_state(row.question(1))
    assert len(states) == row.distinct
    assert sum(map(system.orbit, states)) == row.unreduced


@pytest.mark.slow
def test_the_orbits_of_three_servers_add_up_too() -> None:
    """A state of which no two servers look alike has 3! twins; only where two do are the twins made and counted."""
    row = next(row for row in ROWS if row.symmetry and row.unreduced == 341_387 and not row.faults)
    system, states = every_state(row.question(2))
    alike = [state for state in states if two_servers_look_alike(system.state(state))]
    assert 0 < len(alike) < len(states)
    assert 6 * (len(states) - len(alike)) + sum(map(system.orbit, alike)) == row.unreduced


def test_a_count_that_is_wrong_by_one_rule_is_noticed() -> None:
    """The numbers depend on the rules: a candidate that needs fewer votes reaches other states."""
    row = next(row for row in SMALL if row.model == "figure2" and row.bounds["servers"] == 2)
    question = row.question(1)
    broken = Question(question.model, question.bounds, question.faults, ("log_up_to_date",), question.symmetric)
    assert check(broken).generated != row.generated


def interpreter(question: Question) -> Interpreter:
    """The interpreted model of a question."""
    return question.interpreter(question.layout())


def every_state(question: Question) -> tuple[Interpreter, list[int]]:
    """All states that the compiled search finds, as they lie in its levels."""
    layout = question.layout()
    system = question.interpreter(layout)
    kernels = build(question.model, layout)
    with tempfile.TemporaryFile() as kept:
        outcome = Search(kernels, system, question.workers, keep=kept).run()
        kept.seek(0)
        words = np.frombuffer(kept.read(), np.uint64)
    assert outcome.worst is None
    return system, [from_words(words[k : k + kernels.words]) for k in range(0, len(words), kernels.words)]


def two_servers_look_alike(s: figure2.Raft) -> bool:
    """Whether two servers agree in all that their names do not change."""
    looks = list(map(repr, looks_of(s)))
    return len(set(looks)) < len(looks)


def looks_of(s: figure2.Raft) -> Iterator[tuple[Any, ...]]:
    """Of each server, what stays when servers change their names."""
    for i in s.servers:
        log = [s.log[i][k] for k in range(1, len(s.log[i]) + 1)]
        voted = "nobody" if s.voted_for[i] < 0 else "itself" if s.voted_for[i] == i else "another"
        votes = [(j == i, j in s.votes_responded[i], j in s.votes_granted[i]) for j in s.servers]
        progress = [(j == i, s.next_index[i][j], s.match_index[i][j]) for j in s.servers]
        messages = [(type(m).__name__, m.source == i, m.dest == i, n) for m, n in contents(s.messages).items()]
        own = s.current_term[i], s.role[i], log, s.commit_index[i], voted
        yield *own, sorted(votes), sorted(progress), sorted(messages)
