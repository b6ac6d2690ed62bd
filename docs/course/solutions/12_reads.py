"""Lesson 12: linearizable reads. One solution."""

from __future__ import annotations

from models.reads import Cluster

from raftproof.model.vocabulary import Server

LINEARIZABLE = {
    "a": True,  # the get took effect before the put, which was still under way
    "b": False,  # what was seen does not go away
    "c": True,  # put 2, put 1, get 1: the puts overlap
    "d": False,  # as b: the first get was answered before the second was made
    "e": True,  # a call without an answer may take effect at any later time
}

ORDER = [2, 5, 3, 1, 4]


def may_begin(s: Cluster, leader: Server) -> bool:
    """A leader's commit index is current once it has committed in its own term."""
    return leader in s.committed_own


def may_answer(s: Cluster, leader: Server) -> bool:
    """A majority has not heard of a later term, so nobody else had committed anything when the read was asked."""
    return 2 * len(s.confirmed) > len(s.servers)


# s3 knows of s1 no more than s1 of s3.
STALE = [
    "elect(s1, s2)",
    "write(s1, s2)",
    "elect(s2, s3)",
    "write(s2, s3)",
    "begin_read(s1)",
    "answer(s1)",
]
