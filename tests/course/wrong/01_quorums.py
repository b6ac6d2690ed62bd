"""Plausible wrong answers to lesson 1: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations


def quorum__half(servers: int) -> int:
    """Half, rounded up: right for odd clusters only."""
    return (servers + 1) // 2


def quorum__all(servers: int) -> int:
    """Safe, and tolerates nothing."""
    return servers


TOLERATED__even_is_better = {3: 1, 4: 2, 5: 2, 6: 3, 7: 3}
TOLERATED__one_always = {3: 1, 4: 1, 5: 1, 6: 1, 7: 1}
ONE_QUORUM__shares_one = {1, 2, 4}
OTHER_QUORUM__two_only = {5, 6}
QUORUMS__majorities = [{1, 2, 3}, {3, 4, 5}, {1, 4, 5}]
QUORUMS__one_needed = [{1, 2}, {1, 3}, {1, 4}, {1, 5}]
QUORUMS__apart = [{1, 2}, {3, 4, 5}]
VOTES__majority = 3
VOTES__all = 5
TOLERATED__some_are_missing = {3: 1, 4: 1}
