"""Which changes of membership are let in."""

from __future__ import annotations

from collections.abc import Collection

import grpc
import pytest

from raftproof.impl.server.changes import check_addition, check_promotion, check_removal
from raftproof.impl.server.errors import ApiError
from raftproof.impl.server.machine import Member

NEW = Member(9, ("http://new:1",))
UNHEALTHY = (grpc.StatusCode.UNAVAILABLE, "etcdserver: unhealthy cluster")
NOT_STARTED = (
    grpc.StatusCode.FAILED_PRECONDITION,
    "etcdserver: re-configuration failed due to not enough started members",
)


def cluster(voters: int, unstarted: Collection[int] = (), learners: Collection[int] = ()) -> dict[int, Member]:
    ids = [*range(1, voters + 1), *learners]
    names = {id: "" if id in unstarted else f"s{id}" for id in ids}
    return {id: Member(id, (f"http://s{id}:1",), names[id], is_learner=id in learners) for id in ids}


def added(members: dict[int, Member], up: Collection[int]) -> object:
    try:
        return check_addition(members, NEW, lambda id: id in up)
    except ApiError as error:
        return error.code, error.message


def removed(members: dict[int, Member], id: int, up: Collection[int]) -> object:
    try:
        return check_removal(members, id, lambda id: id in up).id
    except ApiError as error:
        return error.code, error.message


def test_a_voter_is_added_only_where_all_others_are_up() -> None:
    assert added(cluster(3), up={1, 2, 3}) is None
    assert added(cluster(3), up={1, 2}) == UNHEALTHY  # 2 of 4, until it has started; and if it never does?
    assert added(cluster(4), up={1, 2, 3}) == UNHEALTHY
    assert added(cluster(4, unstarted={4}), up={1, 2, 3}) == UNHEALTHY
    assert added(cluster(5, unstarted={4, 5}), up={1, 2, 3}) == NOT_STARTED


def test_one_server_may_become_two() -> None:
    assert added(cluster(1), up={1}) is None
    assert added(cluster(2, unstarted={2}), up={1}) == NOT_STARTED


def test_a_learner_counts_in_no_quorum_and_may_always_join_and_leave() -> None:
    check_addition(cluster(3), Member(9, ("http://new:1",), is_learner=True), lambda id: id == 1)
    assert removed(cluster(3, learners={4}), 4, up={1}) == 4
    with pytest.raises(ApiError, match="too many learner members in cluster"):
        check_addition(cluster(3, learners={4}), Member(9, ("http://new:1",), is_learner=True), lambda _: True)


def test_a_voter_is_removed_only_where_those_that_stay_are_a_majority() -> None:
    assert removed(cluster(3), 3, up={1, 2}) == 3  # the one that is down
    assert removed(cluster(3), 2, up={1, 2}) == UNHEALTHY  # leaves one that is up and one that is down
    assert removed(cluster(5), 2, up={1, 2, 3, 4}) == 2
    assert removed(cluster(4, unstarted={4}), 4, up={1, 2, 3}) == 4  # added with a wrong address, say
    assert removed(cluster(3, unstarted={3}), 2, up={1, 2}) == NOT_STARTED
    assert removed(cluster(1), 1, up={1}) == NOT_STARTED


def test_only_a_learner_is_promoted_and_only_a_member_is_removed() -> None:
    assert check_promotion(cluster(3, learners={4}), 4).id == 4
    with pytest.raises(ApiError, match="can only promote a learner member"):
        check_promotion(cluster(3), 1)
    with pytest.raises(ApiError, match="member not found"):
        check_promotion(cluster(3), 7)
    assert removed(cluster(3), 7, up={1, 2, 3}) == (grpc.StatusCode.NOT_FOUND, "etcdserver: member not found")


def test_no_two_members_have_one_address() -> None:
    with pytest.raises(ApiError, match="Peer URLs already exists"):
        check_addition(cluster(3), Member(9, ("http://s2:1",)), lambda _: True)
