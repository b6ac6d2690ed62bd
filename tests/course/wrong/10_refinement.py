"""Plausible wrong answers to lesson 10: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

from models.one_leader import NOBODY
from models.one_term import OneTerm


def winner__who_asked_first(s: OneTerm) -> int:
    """A candidate is not yet elected."""
    for i in s.servers:
        if i in s.asked:
            return i
    return NOBODY


def winner__who_has_most_votes(s: OneTerm) -> int:
    """That changes."""
    best = NOBODY
    for i in s.servers:
        if len(s.votes[i]) > 0 and (best == NOBODY or len(s.votes[i]) > len(s.votes[best])):
            best = i
    return best


def winner__nobody_ever(s: OneTerm) -> int:
    """Allowed by the specification, and useless."""
    return NOBODY


def winner__true_or_false(s: OneTerm) -> int:
    """No server."""
    return 17


SEEN__a_vote_elects = {"ask": {"nothing"}, "vote": {"elect"}, "vote_in_vain": {"nothing"}}
SEEN__a_lost_vote_too = {"ask": {"nothing"}, "vote": {"elect", "nothing"}, "vote_in_vain": {"elect", "nothing"}}
NO_STEP__only_one_wins = ["ask(s1)", "ask(s2)", "vote(s1, s1)", "vote(s2, s1)", "vote(s2, s2)"]
NO_STEP__goes_on = [
    "ask(s1)",
    "ask(s2)",
    "vote(s1, s1)",
    "vote(s2, s1)",
    "vote(s2, s2)",
    "vote(s3, s2)",
    "vote(s1, s2)",
]
S1_LED__nobody_led = ["timeout(s1)", "timeout(s3)", "timeout(s3)", "vote(s1, s3)", "store(s3, s2)"]
S2_LED__another_end = ["timeout(s2)", "vote(s1, s2)", "timeout(s3)", "timeout(s3)", "vote(s1, s3)"]
S2_LED__cannot_be = ["timeout(s2)", "store(s2, s1)"]
SEEN__some_are_missing = {"ask": {"nothing"}}
