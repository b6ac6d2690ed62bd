"""Lesson 6: the up-to-date rule. One solution."""

from __future__ import annotations


def up_to_date(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """The last terms decide; between equal ones the lengths."""
    return last_term > my_term or (last_term == my_term and last_index >= my_index)


# In this order: d, c, leader, a, e, b, f. Whoever has three behind it and itself can win.
CAN_WIN = {"leader", "a", "c", "d"}

# By length: d, c, f, leader, a, e, b.
NEWLY = {"f"}

# s1 wrote two entries that nobody saw; by length it beats the committed entry of term 2.
LONGER_IS_WORSE = [("s1", 2, {}), ("s2", 1, {"s3": 1}), ("s1", 0, {})]
