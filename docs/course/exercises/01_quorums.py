"""Lesson 1: quorums and failure tolerance.

Replace each BLANK, then run this file:  python docs/course/exercises/01_quorums.py
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)


# 1. How many servers make a quorum? The smallest number such that any two quorums share a server, for a cluster of any
#    size. What you write decides who is elected in a model, and the model is searched.


def quorum(servers: int) -> int:
    """The size of the smallest quorum of a cluster."""
    return BLANK


# 2. How many servers may fail, so that a quorum is still alive? Predict it before you run this.

TOLERATED = {
    3: BLANK,
    4: BLANK,
    5: BLANK,
    6: BLANK,
    7: BLANK,
}

# 3. Somebody proposes that half of the servers are enough. Show two such quorums in a cluster of six servers, 1 to 6,
#    that could elect two leaders: two sets of servers, like {1, 2}.

ONE_QUORUM = BLANK
OTHER_QUORUM = BLANK

# 4. Quorums need not be majorities, nor all of one size. Servers 1 to 5: write a list of sets of which any two share a
#    server; one of them has only two servers; and whichever one server fails, one of your quorums has not lost anybody.

QUORUMS = BLANK

# 5. A leader is elected by a quorum of one size; an entry is stored by a quorum of another. Only an election and an
#    entry must share a server, so that the new leader knows the entry. In a cluster of five, entries are stored by two.
#    How many votes must an election then have at least?

VOTES = BLANK
