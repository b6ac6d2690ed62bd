"""Lesson 11: a trace to diagnose.

Replace each BLANK, then run this file:  python docs/course/exercises/11_a_trace.py
"""

from __future__ import annotations

from grading import BLANK, grade

if __name__ == "__main__":
    grade(__file__)

# Three servers of a real etcd were recorded, and then somebody damaged the recording. Print it:
#     python docs/course/exercises/damage.py A
# and find the first line that cannot be. The rules to choose from:
#     "vote_once"          a server votes for one candidate a term
#     "log_up_to_date"     only a log as up to date as the voter's gets a vote
#     "quorum_majority"    votes of a majority make a leader
#     "reply_term"         an answer counts in its own term only
#     "followers_respond"  whoever is asked for its vote answers

# 1. Recording A. Which line, and which rule does it break?

LINE_A = BLANK
RULE_A = BLANK

# 2. Recording B.

LINE_B = BLANK
RULE_B = BLANK

# 3. From recording C a line has been taken out. The other lines kept their numbers, so you see which. At which line
#    must one notice it who knows the lines up to there, and not their numbers?

LINE_C = BLANK

# 4. One of your own. Choose any number from 1 on, print the recording that belongs to it,
#     python docs/course/exercises/damage.py 7
#    and find the first line that cannot be.

MY_NUMBER = BLANK
MY_LINE = BLANK
