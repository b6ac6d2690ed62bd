"""Lesson 1: quorums and failure tolerance. One solution."""

from __future__ import annotations


def quorum(servers: int) -> int:
    """A majority: two of them together are more than all servers, so they share one."""
    return servers // 2 + 1


TOLERATED = {3: 1, 4: 1, 5: 2, 6: 2, 7: 3}

ONE_QUORUM = {1, 2, 3}
OTHER_QUORUM = {4, 5, 6}

# Three of the five decide alone; the others are never needed.
QUORUMS = [{1, 2}, {1, 3}, {2, 3}]

# 4 + 2 > 5.
VOTES = 4
