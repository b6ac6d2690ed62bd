"""Lesson 8: a term as a round. One solution."""

from __future__ import annotations

# Step 9 is of term 1 though it happened late; step 7 is of term 2, since s2 is then in term 2.
SORTED = [1, 2, 3, 4, 5, 9, 6, 7, 8, 10, 11, 12]

MAY_CHANGE_PLACES = {
    (2, 3): False,  # s1 counts the vote
    (4, 5): True,
    (8, 9): True,  # this is what sorting does
    (10, 11): False,  # s2 stores what s3 appended
}

AS_ROUNDS = [("s1", 2, {}), ("s3", 1, {"s2": 1})]

# Nothing happened; or one, two or three servers have the entry.
AFTER_ONE_ROUND = 4
