"""Lesson 5: the previous-entry check. One solution."""

from __future__ import annotations

from raftproof.model.rounds import Rounds
from raftproof.model.vocabulary import Server


def has_previous(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """Figure 2, AppendEntries RPC, receiver 2."""
    return prev == 0 or (prev <= len(s.log[j]) and s.log[j][prev] == s.log[leader][prev])


def log_matching(one: list[int], other: list[int]) -> bool:
    """From the last index at which the terms are the same, everything before is the same."""
    return all(one[:k] == other[:k] for k in range(1, min(len(one), len(other)) + 1) if one[k - 1] == other[k - 1])


# The leader begins at index 10 and steps back to the last index up to which the logs agree: 9, 4, 10, 10, 5, 3.
REFUSALS = {"a": 1, "b": 6, "c": 0, "d": 0, "e": 5, "f": 7}

AFTER_TERM_3 = [1, 1, 3]
# Nothing conflicts, so nothing is deleted: the request may be an old one that comes late.
AFTER_TERM_2 = [1, 1, 2, 2]
