"""Plausible wrong answers to lesson 12: NAME__why stands in the place of NAME, and must be refused."""

from __future__ import annotations

from models.reads import Cluster

from raftproof.model.vocabulary import Server

_RIGHT = {"a": True, "b": False, "c": True, "d": False, "e": True}
LINEARIZABLE__a_get_must_see_the_put = {**_RIGHT, "a": False}
LINEARIZABLE__the_last_put_wins = {**_RIGHT, "c": False}
LINEARIZABLE__a_get_may_go_back = {**_RIGHT, "b": True}
LINEARIZABLE__while_it_is_written = {**_RIGHT, "d": True}
LINEARIZABLE__no_answer_no_effect = {**_RIGHT, "e": False}

ORDER__as_called = [1, 2, 3, 5, 4]
ORDER__against_time = [1, 4, 2, 5, 3]
ORDER__one_is_missing = [2, 3, 1, 4]


def may_begin__at_once(s: Cluster, leader: Server) -> bool:
    """A new leader's commit index may be old."""
    return True


def may_begin__after_all_writes(s: Cluster, leader: Server) -> bool:
    """Waits without need."""
    return leader in s.committed_own and s.commit_index[leader] == 2


def may_answer__at_once(s: Cluster, leader: Server) -> bool:
    """Asks nobody."""
    return True


def may_answer__half(s: Cluster, leader: Server) -> bool:
    """Its own word is not enough."""
    return 2 * len(s.confirmed) + 1 >= len(s.servers)


def may_answer__all(s: Cluster, leader: Server) -> bool:
    """Safe, and one server that is down stops every read."""
    return len(s.confirmed) == len(s.servers)


STALE__nobody_wrote_in_between = ["elect(s1, s2)", "write(s1, s2)", "elect(s2, s3)", "begin_read(s1)", "answer(s1)"]
STALE__asks_the_new_leader = [
    "elect(s1, s2)",
    "write(s1, s2)",
    "elect(s2, s3)",
    "write(s2, s3)",
    "begin_read(s2)",
    "answer(s2)",
]
STALE__before_its_own_write = ["elect(s1, s2)", "begin_read(s1)", "answer(s1)"]
STALE__no_answer = ["elect(s1, s2)", "write(s1, s2)", "begin_read(s1)"]
LINEARIZABLE__some_are_missing = {"a": True}
