"""Quorums of every size."""

from __future__ import annotations

from itertools import combinations

import pytest

from raftproof.model.proof.quorums import (
    THEOREMS,
    Theorem,
    decide,
    decide_size,
    failures_tolerated,
    quorum,
    size_theorems,
    sizes_table,
)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.name)
def test_what_should_hold_is_proved_and_what_should_not_is_refuted_by_a_cluster(theorem: Theorem) -> None:
    answer = decide(theorem)
    assert answer.verdict == ("proved" if theorem.holds else "refuted")
    assert bool(answer.witness) != theorem.holds


@pytest.mark.parametrize("name", size_theorems())
def test_sizes(name: str) -> None:
    assert decide_size(name) == "proved"


@pytest.mark.parametrize("servers", range(1, 8))
def test_the_smallest_majorities_share_a_server_and_smaller_sets_need_not(servers: int) -> None:
    def all_share(size: int) -> bool:
        sets = [set(members) for members in combinations(range(servers), size)]
        return all(a & b for a in sets for b in sets)

    assert all_share(quorum(servers))
    assert servers == 1 or not all_share(quorum(servers) - 1)
    assert failures_tolerated(servers) == servers - quorum(servers)


def test_five_servers_tolerate_two_failures_and_six_no_more() -> None:
    assert "| 5 | 3 | 2 |" in sizes_table()
    assert "| 6 | 4 | 2 |" in sizes_table()
