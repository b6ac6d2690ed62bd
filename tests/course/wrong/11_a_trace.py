"""Plausible wrong answers to lesson 11: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

LINE_A__the_request = 50
LINE_A__where_it_is_counted = 76
RULE_A__the_log = "log_up_to_date"
LINE_B__the_follower = 82
LINE_B__the_next_refusal = 91
RULE_B__votes_once = "vote_once"
LINE_C__the_gap = 42
LINE_C__the_next_line = 43
LINE_C__where_the_vote_is_counted = 63
LINE_C__no_such_line = 1000
MY_NUMBER__of_another_recording = 8
MY_LINE__after_it = 57
