"""Lesson 10: refinement.

Replace each BLANK, then run this file:  python docs/course/exercises/10_refinement.py
The specification is models/one_leader.py, the finer model models/one_term.py, with the rule of lesson 3 filled in.
"""

from __future__ import annotations

from grading import BLANK, grade
from models.one_leader import NOBODY  # noqa: F401 -- for your answers
from models.one_term import OneTerm

if __name__ == "__main__":
    grade(__file__)


# 1. The mapping. Look at a state of one_term and say who is elected in it: a server, or NOBODY. Every step of one_term
#    must then be a step of one_leader, or change nothing there.


def winner(s: OneTerm) -> int:
    """Who is elected."""
    return BLANK


# 2. What can each step of one_term be, seen through the mapping? Each is a set of "elect" and "nothing".

SEEN = {
    "ask": BLANK,
    "vote": BLANK,
    "vote_in_vain": BLANK,
}

# 3. Now the rule goes: a server may vote for anybody. Write down steps of one_term of which the last is no step of
#    one_leader, as texts in a list: "ask(s1)", "vote(s2, s1)" for s2 votes for s1. All before it have to be allowed.

NO_STEP = BLANK

# 4. A mapping sees the state, and not how it came about. In the model of lesson 4, models/persistence.py, who led term
#    1 cannot always be told from the state any more. Show it: two behaviors that end in the same state, and in the one
#    s1 led term 1, in the other s2. Steps as in lesson 4: "timeout(s1)", "vote(s3, s1)", "store(s1, s3)",
#    "restart(s1)".

S1_LED = BLANK
S2_LED = BLANK
