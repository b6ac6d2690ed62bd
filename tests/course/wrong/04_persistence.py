"""Plausible wrong answers to lesson 4: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

SAFE, TWO_LEADERS, ENTRY_LOST = "safe", "two leaders in one term", "a leader without a committed entry"

_RIGHT = {
    "term vote log": SAFE,
    "term vote": ENTRY_LOST,
    "term log": TWO_LEADERS,
    "vote log": TWO_LEADERS,
    "term": TWO_LEADERS,
    "vote": TWO_LEADERS,
    "log": TWO_LEADERS,
    "": TWO_LEADERS,
}
ON_DISK__a_vote_needs_no_term = {**_RIGHT, "vote log": SAFE}
ON_DISK__without_anything_entries_go_first = {**_RIGHT, "": ENTRY_LOST}
ON_DISK__not_even_all_three = {**_RIGHT, "term vote log": TWO_LEADERS}

TWO_LED__nobody_forgets = ["timeout(s1)", "timeout(s2)", "vote(s3, s1)", "vote(s3, s2)"]
TWO_LED__different_terms = ["timeout(s1)", "vote(s3, s1)", "timeout(s2)", "timeout(s2)", "vote(s3, s2)"]
LOST__two_still_have_it = ["timeout(s1)", "vote(s2, s1)", "store(s1, s3)", "restart(s1)", "timeout(s2)", "vote(s3, s2)"]
LOST__nobody_is_elected = ["timeout(s1)", "vote(s2, s1)", "store(s1, s3)", "restart(s1)", "restart(s3)"]
FIRST__answer = "answer"
FIRST__both = "both"
IN_THE_WRONG_ORDER__after_the_vote = ["timeout(s1)", "timeout(s2)", "vote(s3, s1)", "restart(s3)", "vote(s3, s2)"]
ON_DISK__some_are_missing = {"term vote log": SAFE}
