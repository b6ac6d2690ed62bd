"""What a server is (Figure 4), and the pre-candidate of thesis §9.6."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Every server is one of these at any time."""

    FOLLOWER = 0
    PRE_CANDIDATE = 1
    CANDIDATE = 2
    LEADER = 3


FOLLOWER, PRE_CANDIDATE, CANDIDATE, LEADER = Role.FOLLOWER, Role.PRE_CANDIDATE, Role.CANDIDATE, Role.LEADER
