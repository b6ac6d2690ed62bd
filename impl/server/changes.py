"""Which changes of membership are let in: those that make sense, and after which the cluster can go on.

A voter that has not started or cannot be reached agrees to nothing, and yet it counts in every quorum. So a change that
leaves no majority of voters that are up would be the last one: whatever mends it needs that majority too. The rules are
those of etcd's strict reconfiguration check, in its words; but a learner, which counts in no quorum, may always come.
"""

from __future__ import annotations

from collections.abc import Callable

from raftproof.impl.server import errors
from raftproof.impl.server.machine import Member

IsUp = Callable[[int], bool]
"""Whether the server that is asked reaches this one, or is it."""


def check_addition(members: dict[int, Member], added: Member, is_up: IsUp) -> None:
    """A new voter or learner; raises ApiError."""
    if any(url in member.peer_urls for member in members.values() for url in added.peer_urls):
        raise errors.precondition("Peer URLs already exists")
    if added.is_learner:
        if any(member.is_learner for member in members.values()):
            raise errors.precondition("too many learner members in cluster")
        return
    voters = _voters(members)
    if len(voters) > 1:  # the second of all cannot start before it is added, and there is no other way to two
        _check_started([*voters, added])
    if not all(is_up(voter.id) for voter in voters):  # one that is down had better be removed first
        raise errors.unhealthy()


def check_removal(members: dict[int, Member], id: int, is_up: IsUp) -> Member:
    """The member that is to be removed; raises ApiError."""
    removed = _member(members, id)
    if not removed.is_learner:
        rest = [voter for voter in _voters(members) if voter.id != id]
        _check_started(rest)
        if 2 * sum(is_up(voter.id) for voter in rest) <= len(rest):
            raise errors.unhealthy()
    return removed


def check_promotion(members: dict[int, Member], id: int) -> Member:
    """The learner that is to vote; only the leader knows whether it is in sync, and so of use. Raises ApiError."""
    learner = _member(members, id)
    if not learner.is_learner:
        raise errors.precondition("can only promote a learner member")
    return learner


def _member(members: dict[int, Member], id: int) -> Member:
    if id not in members:
        raise errors.member_not_found()
    return members[id]


def _voters(members: dict[int, Member]) -> list[Member]:
    return [member for member in members.values() if not member.is_learner]


def _check_started(voters: list[Member]) -> None:
    """Of the voters after the change a majority must have started; who has not has no name yet."""
    if 2 * sum(bool(voter.name) for voter in voters) <= len(voters):
        raise errors.precondition("re-configuration failed due to not enough started members")
