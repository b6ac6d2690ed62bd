"""Lesson 3: one vote a term. One solution."""

from __future__ import annotations

from models.one_term import OneTerm, Server

# Two candidates ask, and two servers vote for both.
STEPS_TO_TWO_LEADERS = 6


def may_vote(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Nobody, or the same one again: Figure 2, RequestVote RPC, receiver 2."""
    return s.voted_for[i] == -1 or s.voted_for[i] == candidate


def at_most_one(s: OneTerm) -> bool:
    """No two have a majority."""
    elected = 0
    for i in s.servers:
        if 2 * len(s.votes[i]) > len(s.servers):
            elected += 1
    return elected <= 1


NOBODY_WINS = {1: 1, 2: 2, 3: 3}
