"""Section 6 and thesis chapter 4: changes of membership."""

from __future__ import annotations

import pytest

from raftproof.impl.core import Change, Configuration, ConfigurationChange, ProposeChange, Role, Transition
from raftproof.impl.core import messages as m
from raftproof.impl.core.membership import InvalidChange, changed
from raftproof.impl.core.terms import has_lease
from tests.impl.core.cluster import Cluster

ADD, REMOVE, LEARN = Change.ADD_VOTER, Change.REMOVE, Change.ADD_LEARNER
AUTO, IMPLICIT, EXPLICIT = Transition.AUTO, Transition.JOINT_IMPLICIT, Transition.JOINT_EXPLICIT
THREE = Configuration((1, 2, 3))


def change(*changes: tuple[Change, int], transition: Transition = AUTO) -> ProposeChange:
    return ProposeChange(ConfigurationChange(changes, transition))


@pytest.mark.parametrize(
    ("before", "changes", "transition", "after"),
    [
        (THREE, [(ADD, 4)], AUTO, Configuration((1, 2, 3, 4))),
        (THREE, [(REMOVE, 2)], AUTO, Configuration((1, 3))),
        (THREE, [(LEARN, 4)], AUTO, Configuration((1, 2, 3), (), (4,))),
        (Configuration((1, 2), (), (3,)), [(ADD, 3)], AUTO, THREE),
        (THREE, [(LEARN, 3)], AUTO, Configuration((1, 2), (), (3,))),
        (THREE, [(ADD, 4), (REMOVE, 1)], AUTO, Configuration((2, 3, 4), (1, 2, 3), (), (), True)),
        (THREE, [(ADD, 4)], IMPLICIT, Configuration((1, 2, 3, 4), (1, 2, 3), (), (), True)),
        (THREE, [(ADD, 4)], EXPLICIT, Configuration((1, 2, 3, 4), (1, 2, 3), (), (), False)),
        (THREE, [(LEARN, 3), (ADD, 4)], AUTO, Configuration((1, 2, 4), (1, 2, 3), (), (3,), True)),
        (Configuration((1, 2, 4), (1, 2, 3), (), (3,), True), [], AUTO, Configuration((1, 2, 4), (), (3,))),
    ],
)
def test_a_change_leads_to_the_next_configuration(
    before: Configuration, changes: list[tuple[Change, int]], transition: Transition, after: Configuration
) -> None:
    assert changed(before, ConfigurationChange(tuple(changes), transition)) == after


@pytest.mark.parametrize(
    ("before", "changes", "why"),
    [
        (Configuration((1,)), [(REMOVE, 1)], "last voter"),
        (THREE, [], "in no joint configuration"),
        (Configuration((1, 2), (1,)), [(ADD, 3)], "leave it first"),
        (THREE, [(ADD, 0)], "ids are positive"),
    ],
)
def test_a_change_that_leads_nowhere_is_refused(
    before: Configuration, changes: list[tuple[Change, int]], why: str
) -> None:
    with pytest.raises(InvalidChange, match=why):
        changed(before, ConfigurationChange(tuple(changes)))


def test_a_new_server_is_sent_a_snapshot_and_then_counts() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster.add(4)
    cluster[1].step(change((ADD, 4)))
    cluster.deliver()
    assert all(cluster.raft(id).configuration.voters == (1, 2, 3, 4) for id in (1, 2, 3, 4))
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, 4))
    assert cluster.raft(1).commit_index < cluster.raft(1).log.last_index, "two of four are no majority"
    cluster.deliver()
    assert cluster[4].applied[-1].data == b"x"


def test_a_learner_receives_entries_and_does_not_vote() -> None:
    """Thesis §4.2.1."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.add(4)
    cluster[1].step(change((LEARN, 4)))
    cluster.deliver()
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, 4))
    assert cluster.raft(1).commit_index < cluster.raft(1).log.last_index
    cluster.campaign(4)
    assert cluster.raft(4).role is Role.FOLLOWER
    cluster.campaign(2)
    assert {request.dest for request in cluster.take(m.RequestVote, source=2)} == {1, 3}


def test_the_lease_of_a_learner_that_hears_of_no_leader_ends_for_good() -> None:
    """Others may know already that it is a voter, and be in need of its vote (thesis §4.2.3)."""
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    cluster.add(4)
    cluster[1].step(change((LEARN, 4)))
    cluster.deliver()
    learner = cluster.raft(4)
    assert has_lease(learner)
    cluster.tick(4, learner.settings.election_timeout_ticks)
    for _ in range(3 * learner.settings.election_timeout_ticks):
        assert not has_lease(learner)
        cluster.tick(4)
    cluster.receive(m.RequestVote(9, 2, 4, learner.log.last_index, learner.log.last_term))
    assert (learner.current_term, learner.voted_for) == (9, 2)


def test_a_second_change_waits_until_the_first_is_applied() -> None:
    """Thesis §4.1: the second becomes an empty entry."""
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(change((LEARN, 4)))
    cluster[1].step(change((LEARN, 5)))
    cluster.deliver()
    assert cluster.raft(1).configuration.learners == (4,)
    assert [len(entry.data) > 0 for entry in cluster[1].applied] == [False, True, False]
    cluster[1].step(change((LEARN, 5)))
    cluster.deliver()
    assert cluster.raft(1).configuration.learners == (4, 5)


def test_a_joint_configuration_needs_both_majorities() -> None:
    """Thesis §4.3: "Agreement (for elections and entry commitment) requires majorities from both"."""
    cluster = Cluster()
    cluster.elect(1)
    for id in (4, 5):
        cluster.add(id)
    cluster[1].step(change((ADD, 4), (ADD, 5), (REMOVE, 2), (REMOVE, 3), transition=EXPLICIT))
    cluster.deliver()
    assert cluster.raft(1).configuration == Configuration((1, 4, 5), (1, 2, 3))
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, 4, 5))
    assert cluster.raft(1).commit_index < cluster.raft(1).log.last_index, "no majority of the old servers"
    cluster.deliver(cluster.between(1, 2))
    assert cluster.raft(1).commit_index == cluster.raft(1).log.last_index
    cluster.deliver()
    cluster[1].step(ProposeChange(ConfigurationChange()))
    cluster.deliver()
    assert cluster.raft(1).configuration == Configuration((1, 4, 5))


def test_a_leader_leaves_an_implicit_joint_configuration_by_itself() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster.add(4)
    cluster[1].step(change((ADD, 4), (REMOVE, 3)))
    cluster.deliver()
    assert all(cluster.raft(id).configuration == Configuration((1, 2, 4)) for id in (1, 2, 4))


def test_a_leader_that_is_removed_steps_down_once_that_is_committed() -> None:
    """§6: "the leader steps down (returns to follower state) once it has committed the C_new log entry"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(change((REMOVE, 1)))
    assert cluster.raft(1).role is Role.LEADER
    cluster.deliver()
    assert cluster.raft(1).role is Role.FOLLOWER
    cluster.tick(1, 100)
    assert cluster.network == [], "it is no member, and does not campaign"
    cluster.tick(2, 10)
    cluster.deliver()
    assert cluster.raft(2).role is Role.LEADER


def test_a_removed_server_cannot_disrupt_a_cluster_that_hears_its_leader() -> None:
    """§6: "servers disregard RequestVote RPCs when they believe a current leader exists"."""
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    cluster[1].step(change((REMOVE, 3)))
    cluster.deliver(cluster.between(1, 2))
    cluster.drop()
    for _ in range(60):
        for id in (1, 2, 3):
            cluster.tick(id)
        cluster.deliver()
    assert cluster.raft(3).current_term > 2, "the removed server was never told, and campaigns"
    assert (cluster.raft(1).role, cluster.raft(1).current_term) == (Role.LEADER, 2)


def test_a_server_with_an_unapplied_change_does_not_campaign() -> None:
    """As in etcd: else it would decide by a configuration that it knows to be old."""
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(change((LEARN, 4)))
    cluster.deliver()
    cluster.raft(2).applied_index -= 1
    cluster.campaign(2)
    assert cluster.raft(2).role is Role.FOLLOWER


def test_a_change_proposed_to_a_follower_reaches_the_leader() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster[2].step(change((LEARN, 4)))
    cluster.deliver()
    assert cluster.raft(3).configuration.learners == (4,)
