"""Lesson 4: what must be persistent. One solution."""

from __future__ import annotations

SAFE, TWO_LEADERS, ENTRY_LOST = "safe", "two leaders in one term", "a leader without a committed entry"

ON_DISK = {
    "term vote log": SAFE,
    "term vote": ENTRY_LOST,
    "term log": TWO_LEADERS,
    "vote log": TWO_LEADERS,
    "term": TWO_LEADERS,
    "vote": TWO_LEADERS,
    "log": TWO_LEADERS,
    "": TWO_LEADERS,
}

# s3 votes for s1, forgets it, and votes for s2.
TWO_LED = ["timeout(s1)", "timeout(s2)", "vote(s3, s1)", "restart(s3)", "vote(s3, s2)"]

# s1 and s3 are the majority that stores the entry; s1 loses it, and helps to elect s2.
LOST = ["timeout(s1)", "vote(s2, s1)", "timeout(s2)", "store(s1, s3)", "restart(s1)", "vote(s1, s2)"]

FIRST = "write"
IN_THE_WRONG_ORDER = ["timeout(s1)", "timeout(s2)", "vote_and_crash(s3, s1)", "vote(s3, s2)"]
