"""Lesson 11: a trace to diagnose. One solution."""

from __future__ import annotations

# Server 1 has voted for 2 in term 2 (line 42, kept since 47), and grants server 3 its vote in the same term.
LINE_A = 51
RULE_A = "vote_once"

# Server 2 has an entry of term 2 at index 4; the log of server 1 ends at index 3 with term 1.
LINE_B = 83
RULE_B = "log_up_to_date"

# Server 1 was asked, and its next line must be the answer. Until its next line, nobody can know.
LINE_C = 47

MY_NUMBER = 7
MY_LINE = 55
