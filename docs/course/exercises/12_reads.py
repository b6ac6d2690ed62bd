"""Lesson 12: linearizable reads.

Replace each BLANK, then run this file:  python docs/course/exercises/12_reads.py
The model of parts 3 and 4 is models/reads.py; read it before them.
"""

from __future__ import annotations

from grading import BLANK, grade
from models.reads import Cluster

from raftproof.model.vocabulary import Server

if __name__ == "__main__":
    grade(__file__)

# A call is (client, what it does, when it is called, when it is answered); None is never. There is one register, which
# holds nothing at first: "get nothing" reads that.

HISTORIES = {
    "a": [("c1", "put 1", 0, 10), ("c2", "get nothing", 2, 5)],
    "b": [("c1", "put 1", 0, 10), ("c2", "get 1", 12, 15), ("c2", "get nothing", 17, 20)],
    "c": [("c1", "put 1", 0, 10), ("c2", "put 2", 5, 15), ("c3", "get 1", 20, 25)],
    "d": [("c1", "put 1", 0, 10), ("c2", "get 1", 2, 4), ("c3", "get nothing", 6, 8)],
    "e": [("c1", "put 1", 0, None), ("c2", "get nothing", 5, 8), ("c2", "get 1", 10, 12)],
}

# 1. Is each linearizable: could every call have taken effect at one moment between its call and its answer? True or
#    False.

LINEARIZABLE = {
    "a": BLANK,
    "b": BLANK,
    "c": BLANK,
    "d": BLANK,
    "e": BLANK,
}

# 2. The proof that a history is linearizable is an order of its calls. Write one for this history: the numbers of its
#    calls, in the order in which they took effect.

HISTORY = [
    ("c1", "put 1", 0, 30),  # 1
    ("c2", "put 2", 5, 12),  # 2
    ("c3", "get 2", 8, 20),  # 3
    ("c2", "get 1", 15, 25),  # 4
    ("c4", "get 2", 10, 14),  # 5
]
ORDER = BLANK

# 3. A leader is asked for a read. It takes note of its commit index (begin_read), asks the others whether they know of
#    a later term (confirm), and answers (answer). s.confirmed are those that have told it so since, itself included;
#    s.committed_own are the leaders that have committed a write of their own term. When may it take note, and when may
#    it answer?


def may_begin(s: Cluster, leader: Server) -> bool:
    """Whether the leader may take its commit index for the read."""
    return BLANK


def may_answer(s: Cluster, leader: Server) -> bool:
    """Whether the leader may answer."""
    return BLANK


# 4. A leader that asks nobody answers at once. Write down a behavior in which it tells a client less than what was
#    committed before it was asked. The steps:
#        "elect(s1, s2)"     s1 is elected in its next term, by itself and s2
#        "write(s1, s2)"     s1 stores a write with s2, and commits it
#        "begin_read(s1)"    s1 is asked, and takes note of its commit index
#        "answer(s1)"        s1 answers

STALE = BLANK
