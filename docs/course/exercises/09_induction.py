"""Lesson 9: induction and its counterexamples.

Replace each BLANK, then run this file:  python docs/course/exercises/09_induction.py
The theory that it runs in is models/votes.py; read it first.
"""

from __future__ import annotations

from grading import BLANK, grade
from models.votes import Quorum, Server, Votes

from raftproof.checker.proof.logic import Formula

if __name__ == "__main__":
    grade(__file__)

# 1. Election Safety alone is not inductive. Show it: a state in which at most one server is elected, and after one
#    step, "BecomeLeader" of some server, two are. Three servers 1, 2 and 3; the quorums are {1, 2}, {1, 3} and {2, 3}.
#    VOTED lists who voted for whom, as (voter, candidate), and the state need not be one that can be reached. ELECTED
#    is the one that is elected already, NEXT the one that is elected by the step.

VOTED = BLANK
ELECTED = BLANK
NEXT = BLANK

# 2. Two lemmas exclude such states. A formula is made of s.voted(n, c), s.elected(c, q), s.member(v, q), n == c with
#    & (and), | (or), ~ (not) and implies(…, …); it is meant for all values of the parameters. Write them.


def vote_once(s: Votes, n: Server, c: Server, d: Server) -> Formula:
    """A server votes for at most one candidate."""
    return BLANK


def elected_by_quorum(s: Votes, c: Server, q: Quorum, v: Server) -> Formula:
    """Who is elected by a quorum has the votes of all of its members."""
    return BLANK


# 3. Now the rule goes: a server may vote as often as it likes. Which of the three claims can z3 then no longer show to
#    be kept by every step, if all three are assumed before the step? Out of "ElectionSafety", "vote_once" and
#    "elected_by_quorum", a set. Beware: a lemma that is assumed helps, even if it is no longer true.

NO_LONGER_KEPT = BLANK

# 4. k-induction asks for more: k states in a row in which Election Safety holds, and then one in which it does not. Is
#    there a k among 2, 3 and 4 for which there is no such row, so that Election Safety is proved without lemmas? Write
#    that k, or None.

ENOUGH = BLANK
