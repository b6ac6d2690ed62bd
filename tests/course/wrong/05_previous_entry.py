"""Plausible wrong answers to lesson 5: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

from raftproof.model.rounds import Rounds
from raftproof.model.vocabulary import Server


def has_previous__always(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """No check."""
    return True


def has_previous__long_enough(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """Only that there is an entry."""
    return prev <= len(s.log[j])


def has_previous__at_the_end_only(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """Refuses a follower that has more."""
    return prev == len(s.log[j]) and (prev == 0 or s.log[j][prev] == s.log[leader][prev])


def has_previous__never_at_the_beginning(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """There is no entry before the first."""
    return 0 < prev <= len(s.log[j]) and s.log[j][prev] == s.log[leader][prev]


def log_matching__same(one: list[int], other: list[int]) -> bool:
    """Logs may differ."""
    return one == other


def log_matching__prefix(one: list[int], other: list[int]) -> bool:
    """Logs may conflict, too."""
    return one[: len(other)] == other[: len(one)]


def log_matching__last_only(one: list[int], other: list[int]) -> bool:
    """Looks at the last common index only."""
    n = min(len(one), len(other))
    return n == 0 or one[n - 1] != other[n - 1] or one[:n] == other[:n]


REFUSALS__difference_of_lengths = {"a": 1, "b": 6, "c": 1, "d": 2, "e": 3, "f": 1}
REFUSALS__one_too_many = {"a": 2, "b": 7, "c": 1, "d": 1, "e": 6, "f": 8}
AFTER_TERM_3__keeps_the_rest = [1, 1, 3, 2]
AFTER_TERM_2__cuts_always = [1, 1, 2]
REFUSALS__some_are_missing = {"c": 0}
