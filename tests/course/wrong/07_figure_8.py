"""Plausible wrong answers to lesson 7: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

FIGURE_8__nothing_committed = [("s1", 1, {"s2": 1}), ("s5", 1, {}), ("s1", 0, {}), ("s5", 0, {"s2": 1, "s3": 1})]
FIGURE_8__s5_cannot_win = [("s1", 1, {"s2": 1, "s3": 1}), ("s5", 0, {"s2": 1})]
FIGURE_8__nobody_overwritten = [("s1", 1, {"s2": 1}), ("s5", 1, {}), ("s1", 0, {"s3": 1}), ("s5", 0, {})]
FIGURE_8__no_such_server = [("s6", 1, {})]
THREE_SERVERS__two_rounds = [("s1", 1, {"s2": 1}), ("s3", 1, {})]
THREE_SERVERS__longer = [
    ("s3", 0, {}),
    ("s1", 1, {}),
    ("s2", 1, {}),
    ("s1", 0, {"s3": 1}),
    ("s2", 0, {"s3": 1}),
]
FIGURE_8_E__own_entry_reaches_one = [("s1", 1, {"s2": 1}), ("s5", 1, {}), ("s1", 1, {"s2": 2, "s3": 1})]
FIGURE_8_E__without_s5 = [("s1", 1, {"s2": 1}), ("s3", 0, {}), ("s1", 1, {"s2": 2, "s3": 2})]
FIGURE_8_E__only_the_first = [("s1", 1, {"s2": 1, "s3": 1})]


def may_commit__any_term(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """A majority is not enough."""
    return 2 * stored > servers


def may_commit__last_term(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """The term before is too old as well."""
    return 2 * stored > servers and entry_term >= leader_term - 2


def may_commit__all_servers(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """Safe, and waits for everybody."""
    return stored == servers and entry_term == leader_term


def may_commit__half(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """Half is no majority."""
    return 2 * stored >= servers and entry_term == leader_term


def may_commit__never(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """Safe as a grave."""
    return False
