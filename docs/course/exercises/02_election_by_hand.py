"""Lesson 2: an election by hand.

Replace each BLANK, then run this file:  python docs/course/exercises/02_election_by_hand.py
The model that it runs in is raftproof.model.abstract, with three servers s1, s2 and s3.
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)

# You are the cluster, and decide what happens next. A behavior is a list of steps, written as texts:
#     "timeout(s1, 1)"                     s1 becomes a candidate of term 1, votes for itself, and asks the others
#     "receive_request_vote(s2, s1, 1)"    s2 receives the request that s1 sent in term 1, and votes if it may
#     "become_leader(s1)"                  s1 has the votes of a majority
#     "observe_term(s1, s2)"               s1 hears from s2, which is in a later term
# A request that was sent can be received at any later time, or never. A step that is not possible, or changes nothing,
# is told, and which steps are possible there.

# 1. Elect s2 in term 1, in as few steps as you can.

ELECTED = BLANK

# 2. In term 1 all three servers vote and nobody gets a majority; then s1 is elected in term 2.

SPLIT = BLANK

# 3. s1 leads term 1, and while it still believes so, s3 leads term 2. Both are leaders when you are done.

TWO_AT_ONCE = BLANK

# 4. What comes of these steps? Predict role ("follower", "candidate" or "leader") and term of each server.
#        timeout(s1, 1)   timeout(s2, 1)   receive_request_vote(s3, s2, 1)   timeout(s3, 2)
#        receive_request_vote(s2, s3, 2)   become_leader(s3)

PREDICTED = {
    "s1": (BLANK, BLANK),
    "s2": (BLANK, BLANK),
    "s3": (BLANK, BLANK),
}
