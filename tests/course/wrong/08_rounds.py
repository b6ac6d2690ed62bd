"""Plausible wrong answers to lesson 8: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

SORTED__as_it_happened = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
SORTED__a_step_is_missing = [1, 2, 3, 4, 5, 9, 6, 7, 8, 10, 11]
SORTED__counted_before_the_vote = [1, 3, 2, 4, 5, 9, 6, 7, 8, 10, 11, 12]
SORTED__votes_of_s2_together = [1, 2, 7, 3, 4, 5, 9, 6, 8, 10, 11, 12]

_RIGHT = {(2, 3): False, (4, 5): True, (8, 9): True, (10, 11): False}
MAY_CHANGE_PLACES__terms_must_not = {**_RIGHT, (8, 9): False}
MAY_CHANGE_PLACES__a_vote_may_be_late = {**_RIGHT, (2, 3): True}
MAY_CHANGE_PLACES__all = dict.fromkeys(_RIGHT, True)

AS_ROUNDS__one_entry = [("s1", 1, {}), ("s3", 1, {"s2": 1})]
AS_ROUNDS__three_rounds = [("s1", 1, {}), ("s1", 1, {}), ("s3", 1, {"s2": 1})]
AS_ROUNDS__s1_follows = [("s1", 2, {}), ("s3", 1, {"s1": 1, "s2": 1})]

AFTER_ONE_ROUND__without_the_first = 3
AFTER_ONE_ROUND__with_names = 8
MAY_CHANGE_PLACES__some_are_missing = {(2, 3): False}
