"""Lesson 5: the previous-entry check.

Replace each BLANK, then run this file:  python docs/course/exercises/05_previous_entry.py
"""

from __future__ import annotations

from grading import BLANK, grade

from raftproof.model.rounds import Rounds
from raftproof.model.vocabulary import Server

if __name__ == "__main__":
    grade(__file__)


# 1. A leader sends follower j the entries behind index prev. May the follower take them? prev is 0 where they are the
#    first. s.log[j] are the terms of j's entries, indexed from 1; len(s.log[j]) is how many there are; s.log[leader] is
#    the log of the leader. What you write is put into the model `rounds`, and searched.


def has_previous(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """Whether follower j may take the entries behind index prev."""
    return BLANK


# 2. Log Matching: if two logs contain an entry with the same index and term, then they are identical in all entries up
#    to that index. Write it for two logs, each a list of terms: [1, 1, 4] has an entry of term 4 at index 3.


def log_matching(one: list[int], other: list[int]) -> bool:
    """Whether two logs are as they should be."""
    return BLANK


# 3. The paper's Figure 7. The leader's log is [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]. It has just been elected, sends each
#    follower what is behind its last entry, and steps back by one entry for each refusal (§5.3). How often does each
#    follower refuse, before it accepts?
#        a [1, 1, 1, 4, 4, 5, 5, 6, 6]         d [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]
#        b [1, 1, 1, 4]                        e [1, 1, 1, 4, 4, 4, 4]
#        c [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]   f [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]

REFUSALS = {
    "a": BLANK,
    "b": BLANK,
    "c": BLANK,
    "d": BLANK,
    "e": BLANK,
    "f": BLANK,
}

# 4. A follower with the log [1, 1, 2, 2] receives, from the leader of term 4, prev_log_index 2, prev_log_term 1 and one
#    entry of term 3. What is its log afterwards? And where the entry that is sent is of term 2?

AFTER_TERM_3 = BLANK
AFTER_TERM_2 = BLANK
