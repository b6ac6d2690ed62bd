"""Lesson 2: an election by hand. One solution."""

from __future__ import annotations

ELECTED = ["timeout(s2, 1)", "receive_request_vote(s3, s2, 1)", "become_leader(s2)"]

SPLIT = [
    "timeout(s1, 1)",
    "timeout(s2, 1)",
    "timeout(s3, 1)",
    "timeout(s1, 2)",
    "receive_request_vote(s2, s1, 2)",
    "become_leader(s1)",
]

TWO_AT_ONCE = [
    "timeout(s1, 1)",
    "receive_request_vote(s2, s1, 1)",
    "become_leader(s1)",
    "observe_term(s3, s1)",
    "timeout(s3, 2)",
    "receive_request_vote(s2, s3, 2)",
    "become_leader(s3)",
]

# s1 has heard of nobody; s2 heard of term 2 and follows, though it had the votes of a majority in term 1.
PREDICTED = {"s1": ("candidate", 1), "s2": ("follower", 2), "s3": ("leader", 2)}
