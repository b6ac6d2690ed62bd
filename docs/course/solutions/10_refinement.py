"""Lesson 10: refinement. One solution."""

from __future__ import annotations

from models.one_leader import NOBODY
from models.one_term import OneTerm


def winner(s: OneTerm) -> int:
    """Who has the votes of a majority."""
    for i in s.servers:
        if 2 * len(s.votes[i]) > len(s.servers):
            return i
    return NOBODY


SEEN = {
    "ask": {"nothing"},
    "vote": {"elect", "nothing"},
    "vote_in_vain": {"nothing"},
}

NO_STEP = ["ask(s1)", "ask(s2)", "vote(s1, s1)", "vote(s2, s1)", "vote(s2, s2)", "vote(s3, s2)"]

# s3 leads term 2; what it stores with both takes them there, and clears their votes.
_THEN_S3 = ["timeout(s3)", "timeout(s3)", "vote(s1, s3)", "store(s3, s2)", "store(s3, s1)"]
S1_LED = ["timeout(s1)", "vote(s2, s1)", *_THEN_S3]
S2_LED = ["timeout(s2)", "vote(s1, s2)", *_THEN_S3]
