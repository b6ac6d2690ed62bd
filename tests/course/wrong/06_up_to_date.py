"""Plausible wrong answers to lesson 6: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations


def up_to_date__always(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """Anybody may lead."""
    return True


def up_to_date__longer(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """The length first."""
    return last_index > my_index or (last_index == my_index and last_term >= my_term)


def up_to_date__both(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """Neither may be behind: safe, and refuses a newer, shorter log."""
    return last_term >= my_term and last_index >= my_index


def up_to_date__term_only(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """Forgets the length."""
    return last_term >= my_term


def up_to_date__strictly(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """Equal logs refuse each other."""
    return last_term > my_term or (last_term == my_term and last_index > my_index)


CAN_WIN__the_best_only = {"d"}
CAN_WIN__with_e = {"leader", "a", "c", "d", "e"}
CAN_WIN__without_a = {"leader", "c", "d"}
NEWLY__all_of_them = {"c", "d", "f", "leader"}
NEWLY__nobody: set[str] = set()
LONGER_IS_WORSE__nothing_committed = [("s1", 2, {}), ("s2", 1, {}), ("s1", 0, {})]
LONGER_IS_WORSE__cannot_win = [("s1", 1, {"s2": 1}), ("s3", 1, {"s2": 1})]
LONGER_IS_WORSE__has_it = [("s1", 2, {}), ("s2", 1, {"s1": 1, "s3": 1}), ("s1", 0, {})]
