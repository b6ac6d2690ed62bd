"""Lesson 4: what must be persistent.

Replace each BLANK, then run this file:  python docs/course/exercises/04_persistence.py
The model that it runs in is models/persistence.py; read it first.
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)

SAFE, TWO_LEADERS, ENTRY_LOST = "safe", "two leaders in one term", "a leader without a committed entry"

# 1. A crash takes everything that is not on the disk. There are eight ways to choose what is on it. What can happen
#    with each: SAFE, TWO_LEADERS or ENTRY_LOST? Where both can, say TWO_LEADERS: it takes fewer steps. Predict all
#    eight before you run this.

ON_DISK = {
    "term vote log": BLANK,
    "term vote": BLANK,
    "term log": BLANK,
    "vote log": BLANK,
    "term": BLANK,
    "vote": BLANK,
    "log": BLANK,
    "": BLANK,
}

# 2. The term and the log are on the disk, the vote is not. Write down a behavior after which two servers lead one term.
#    The steps, for servers s1, s2 and s3, as texts in a list:
#        "timeout(s1)"      s1 is a candidate of the next term, and votes for itself
#        "vote(s2, s1)"     s2 votes for s1, which leads at once: two of three are a majority
#        "store(s1, s3)"    leader s1 has its entry stored by s3, and commits it
#        "restart(s2)"      s2 crashes and starts again

TWO_LED = BLANK

# 3. The term and the vote are on the disk, the log is not. Write down a behavior after which a server leads that lacks
#    an entry that was committed.

LOST = BLANK

# 4. All three are on the disk. A server that votes does two things: it writes its vote to the disk, and it answers. It
#    can crash between the two. Which must come first? Write "write" or "answer"; then, for the other order, a behavior
#    after which two servers lead one term. There is one more step:
#        "vote_and_crash(s2, s1)"    s2 votes for s1 and crashes after the first of the two things

FIRST = BLANK
IN_THE_WRONG_ORDER = BLANK
