"""Lesson 6: the up-to-date rule.

Replace each BLANK, then run this file:  python docs/course/exercises/06_up_to_date.py
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)


# 1. A candidate's log ends at index last_index with an entry of term last_term (0 and 0 where it is empty); the voter's
#    ends at my_index with my_term. Is the candidate's at least as up to date as the voter's (§5.4.1)? What you write
#    decides who is elected in the model `rounds`, and the model is searched.


def up_to_date(last_term: int, last_index: int, my_term: int, my_index: int) -> bool:
    """Whether the voter may vote for the candidate."""
    return BLANK


# 2. The paper's Figure 7, seven servers: the leader "leader" and the followers a to f.
#        leader [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
#        a [1, 1, 1, 4, 4, 5, 5, 6, 6]         d [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]
#        b [1, 1, 1, 4]                        e [1, 1, 1, 4, 4, 4, 4]
#        c [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]   f [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
#    Who of the seven could be elected next? A set of names.

CAN_WIN = BLANK

# 3. Somebody thinks that the longer log should win, and that the last term decides only between logs of one length. Who
#    could then be elected in Figure 7 that could not before?

NEWLY = BLANK

# 4. Show what is wrong with the longer log: three servers, logs of at most two entries, that wrong rule. A round is
#    written as in ("s1", 1, {"s2": 1, "s3": 1}): s1 is elected, appends one entry, and its log up to index 1 reaches s2
#    and s3. Write down rounds after which a server was elected that lacks a committed entry.

LONGER_IS_WORSE = BLANK
