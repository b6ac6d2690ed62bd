"""Lesson 7: Figure 8. One solution."""

from __future__ import annotations

FIGURE_8 = [
    ("s1", 1, {"s2": 1}),
    ("s5", 1, {}),
    ("s1", 0, {"s3": 1}),  # s1, s2 and s3 store the entry of the first round: without the rule it is committed
    ("s5", 0, {"s2": 1, "s3": 1}),  # the entry of the second round is newer: s2, s3 and s4 vote for s5
]

THREE_SERVERS = [("s1", 1, {}), ("s2", 1, {}), ("s1", 0, {"s3": 1}), ("s2", 0, {"s3": 1})]


def may_commit(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """§5.4.2; Figure 2, Leaders: a majority, and an entry of the leader's own term."""
    return 2 * stored > servers and entry_term == leader_term


FIGURE_8_E = [("s1", 1, {"s2": 1}), ("s5", 1, {}), ("s1", 1, {"s2": 2, "s3": 2})]
