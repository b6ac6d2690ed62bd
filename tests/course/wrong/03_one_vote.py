"""Plausible wrong answers to lesson 3: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

from models.one_term import OneTerm, Server

STEPS_TO_TWO_LEADERS__only_the_votes = 4
STEPS_TO_TWO_LEADERS__three_candidates = 7


def may_vote__always(s: OneTerm, i: Server, candidate: Server) -> bool:
    """No rule at all."""
    return True


def may_vote__whoever_leads_in_votes(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Changes its mind for one with more votes."""
    return s.voted_for[i] == -1 or len(s.votes[candidate]) >= len(s.votes[s.voted_for[i]])


def may_vote__never_again(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Safe, but a lost vote is lost for ever."""
    return s.voted_for[i] == -1


def may_vote__never(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Safe as a grave."""
    return False


def may_vote__only_itself(s: OneTerm, i: Server, candidate: Server) -> bool:
    """Then nobody is elected."""
    return i == candidate


def at_most_one__exactly_one(s: OneTerm) -> bool:
    """Wrong where nobody is elected yet."""
    elected = 0
    for i in s.servers:
        if 2 * len(s.votes[i]) > len(s.servers):
            elected += 1
    return elected == 1


def at_most_one__counts_candidates(s: OneTerm) -> bool:
    """Two candidates are no two leaders."""
    return len(s.asked) <= 1


def at_most_one__half_is_enough(s: OneTerm) -> bool:
    """Takes one vote of three for a majority."""
    elected = 0
    for i in s.servers:
        if 2 * len(s.votes[i]) + 1 >= len(s.servers):
            elected += 1
    return elected <= 1


NOBODY_WINS__cannot_be = None
NOBODY_WINS__two_for_one = {1: 1, 2: 1, 3: 3}
NOBODY_WINS__one_stays_away = {1: 1, 2: 2}
