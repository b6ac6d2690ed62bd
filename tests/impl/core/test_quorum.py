"""Majorities against a second, naive implementation, exhaustively for small configurations."""

from __future__ import annotations

from itertools import combinations, product

from raftproof.impl.core import Configuration
from raftproof.impl.core.quorum import has_quorum, is_lost, jointly_agreed

NOTHING: frozenset[str] = frozenset()


def naive_wins(half: tuple[int, ...], present: set[int]) -> bool:
    """Some majority of the half is present, every majority written out."""
    size = len(half) // 2 + 1
    return not half or any(set(majority) <= present for majority in combinations(half, size))


def configurations() -> list[Configuration]:
    halves = [half for size in range(4) for half in combinations((1, 2, 3, 4), size)]
    return [Configuration(new, old) for new, old in product(halves, halves) if new]


def test_a_quorum_is_a_majority_of_each_half() -> None:
    for configuration in configurations():
        for bits in product([False, True], repeat=4):
            present = {server for server, there in enumerate(bits, 1) if there}
            halves = (configuration.voters, configuration.outgoing)
            wins = all(naive_wins(half, present) for half in halves)
            assert has_quorum(configuration, present, NOTHING) is wins
            absent = {1, 2, 3, 4} - present
            assert is_lost(configuration, absent, NOTHING) is not wins


def test_the_agreed_index_is_the_highest_that_a_quorum_has_reached() -> None:
    for configuration in configurations():
        for values in product(range(3), repeat=4):
            reached = dict(enumerate(values, 1))
            best = max(
                index
                for index in range(3)
                if has_quorum(configuration, [s for s, v in reached.items() if v >= index], NOTHING)
            )
            assert jointly_agreed(configuration, reached, NOTHING) == best


def test_any_two_quorums_share_a_server() -> None:
    configuration = Configuration((1, 2, 3, 4))
    quorums = [
        set(servers)
        for size in range(5)
        for servers in combinations((1, 2, 3, 4), size)
        if has_quorum(configuration, servers, NOTHING)
    ]
    assert all(a & b for a in quorums for b in quorums)
    broken = frozenset({"quorum_majority"})
    assert has_quorum(configuration, (1, 2), broken)
    assert has_quorum(configuration, (3, 4), broken), "the planted bug breaks just this"
