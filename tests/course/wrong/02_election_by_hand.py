"""Plausible wrong answers to lesson 2: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

ELECTED__without_a_vote = ["timeout(s2, 1)", "become_leader(s2)"]
ELECTED__only_a_candidate = ["timeout(s2, 1)", "receive_request_vote(s3, s2, 1)"]
ELECTED__one_vote_too_many = [
    "timeout(s2, 1)",
    "receive_request_vote(s1, s2, 1)",
    "receive_request_vote(s3, s2, 1)",
    "become_leader(s2)",
]
SPLIT__one_stays_silent = [
    "timeout(s1, 1)",
    "timeout(s2, 1)",
    "timeout(s1, 2)",
    "receive_request_vote(s2, s1, 2)",
    "become_leader(s1)",
]
SPLIT__elected_at_once = ["timeout(s1, 1)", "receive_request_vote(s2, s1, 1)", "become_leader(s1)"]
TWO_AT_ONCE__in_one_term = [
    "timeout(s1, 1)",
    "timeout(s3, 1)",
    "receive_request_vote(s2, s1, 1)",
    "become_leader(s1)",
    "receive_request_vote(s2, s3, 1)",
    "become_leader(s3)",
]
TWO_AT_ONCE__s1_helps = [
    "timeout(s1, 1)",
    "receive_request_vote(s2, s1, 1)",
    "become_leader(s1)",
    "timeout(s3, 1)",
    "timeout(s3, 2)",
    "receive_request_vote(s1, s3, 2)",
    "become_leader(s3)",
]
PREDICTED__s1_follows = {"s1": ("follower", 2), "s2": ("follower", 2), "s3": ("leader", 2)}
PREDICTED__s2_leads = {"s1": ("candidate", 1), "s2": ("leader", 1), "s3": ("candidate", 2)}
PREDICTED__some_are_missing = {"s1": ("candidate", 1)}
