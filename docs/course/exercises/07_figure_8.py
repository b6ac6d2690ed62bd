"""Lesson 7: Figure 8.

Replace each BLANK, then run this file:  python docs/course/exercises/07_figure_8.py
The model that it runs in is raftproof.model.rounds: a step is all that happens in one term.
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)


# A round is written (leader, entries that it appends, {follower: the last index that it is sent}). In
#     ("s1", 1, {"s2": 1, "s3": 1})
# s1 is elected, appends one entry, and its log up to index 1 reaches s2 and s3. Who is not named is sent nothing, and
# {} is a leader that crashed too soon. A leader may append nothing, and send what it has.

# 1. The paper's Figure 8, five servers, without the rule of §5.4.2: a leader commits whatever a majority stores. Write
#    down the rounds (a) to (d), one for each picture, without the entry that all have in common: an entry that was
#    committed must be overwritten in the last.

FIGURE_8 = BLANK

# 2. The same with three servers. How many rounds does it take at the least? Write them down.

THREE_SERVERS = BLANK

# 3. The rule. A leader of leader_term finds that an entry of entry_term is stored by so many servers. May it commit it
#    (and with it all before it) by counting?


def may_commit(entry_term: int, leader_term: int, stored: int, servers: int) -> bool:
    """Whether a leader may commit an entry."""
    return BLANK


# 4. The paper's Figure 8 (e), with the rule: in its third round s1 gets an entry of its own to a majority, before it
#    crashes. Then s5 cannot be elected, and both of s1's entries are committed. Write down the three rounds.

FIGURE_8_E = BLANK
