"""Lesson 3: one vote a term.

Replace each BLANK, then run this file:  python docs/course/exercises/03_one_vote.py
The model that it runs in is models/one_term.py; read it first.
"""

from __future__ import annotations

from grading import BLANK, grade
from models.one_term import OneTerm, Server

if __name__ == "__main__":
    grade(__file__)


# 1. Without any rule, how many steps does it take until two servers of three have the votes of a majority? A step is
#    one ask or one vote. Predict it, and count on your fingers.

STEPS_TO_TWO_LEADERS = BLANK

# 2. The rule. Server i is asked by a candidate for its vote: may it give it? s.voted_for[i] is whom i has voted for in
#    this term, or -1. A vote can be lost on its way; then the candidate asks again.


def may_vote(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Whether server i may vote for the candidate."""
    return BLANK


# 3. What must hold of every state? Write Election Safety yourself: at most one server has the votes of a majority.
#    s.servers are all servers, s.votes[i] is the set of those whose votes have reached server i, len(…) counts.


def at_most_one(s: OneTerm) -> bool:
    """Whether the state is as it should be."""
    return BLANK


# 4. With your rule, all servers of the term have voted, every vote has arrived, and nobody has a majority. Can that
#    happen with three servers? Give the votes, as {1: 1, …} for "server 1 has voted for server 1", or write None if it
#    cannot.

NOBODY_WINS = BLANK
