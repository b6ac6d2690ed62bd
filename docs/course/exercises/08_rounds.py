"""Lesson 8: a term as a round.

Replace each BLANK, then run this file:  python docs/course/exercises/08_rounds.py
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)

# Three servers, as it happened; the steps are those of the model `abstract`.
STEPS = {
    1: "timeout(s1, 1)",
    2: "receive_request_vote(s2, s1, 1)",
    3: "become_leader(s1)",
    4: "client_request(s1, v1)",
    5: "observe_term(s3, s1)",
    6: "timeout(s3, 2)",
    7: "receive_request_vote(s2, s3, 2)",
    8: "become_leader(s3)",
    9: "client_request(s1, v1)",  # s1 has not noticed that it was replaced
    10: "client_request(s3, v1)",
    11: "receive_append_entries(s2, 2, 0, 1, 0)",  # s2 receives the entry of s3, the leader of term 2
    12: "observe_term(s1, s3)",
}

# 1. Sort the steps by their terms: first all that belong to term 1, then all of term 2; each server's own steps stay in
#    their order. A step belongs to the term in which its server is afterwards. Write the numbers.

SORTED = BLANK

# 2. May these neighbours be exchanged, everything else as it happened? True, if both orders are possible and end in the
#    same state. Predict before you run this.

MAY_CHANGE_PLACES = {
    (2, 3): BLANK,
    (4, 5): BLANK,
    (8, 9): BLANK,
    (10, 11): BLANK,
}

# 3. Write the same behavior as rounds: (leader, entries that it appends, {follower: the last index that reaches it}).
#    The logs must be the same in the end.

AS_ROUNDS = BLANK

# 4. All logs are empty and have room for one entry; there are three servers. How many different states can there be
#    after one round, the names of the servers aside, and the state before it included?

AFTER_ONE_ROUND = BLANK
