"""Section 8 and thesis §6.4: linearizable reads; §3.10: handing leadership over; §9.6, §6.2: pre-vote and leases."""

from __future__ import annotations

from raftproof.impl.core import ReadIndex, Role, TransferLeadership
from raftproof.impl.core import messages as m
from tests.impl.core.cluster import Cluster


def test_a_read_waits_until_a_majority_has_confirmed_the_leader() -> None:
    """§8: "exchanging heartbeat messages with a majority of the cluster before responding to read-only requests"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(ReadIndex(7))
    assert cluster[1].reads == []
    cluster.deliver(cluster.between(1, 2))
    assert cluster[1].reads == [(7, 4)]


def test_a_cut_off_leader_answers_no_read() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(ReadIndex(7))
    cluster.drop(source=1)
    cluster.campaign(2)
    cluster.deliver(cluster.between(2, 3))
    cluster.propose(2, b"x")
    cluster.deliver()
    assert cluster[1].reads == []
    assert cluster[1].dropped == [7]


def test_a_new_leader_reads_only_after_an_entry_of_its_term_is_committed() -> None:
    """§8: "a leader must have the latest information on which entries are committed"; etcd#7331."""
    cluster = Cluster()
    cluster.campaign(1)
    cluster.deliver(lambda message: not isinstance(message, m.AppendEntriesResponse))
    cluster[1].step(ReadIndex(7))
    cluster.deliver(lambda message: not isinstance(message, m.AppendEntriesResponse))
    assert cluster[1].reads == []
    cluster.deliver()
    assert cluster[1].reads == [(7, 4)]


def test_a_follower_passes_a_read_on() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster[2].step(ReadIndex(9))
    cluster.deliver()
    assert cluster[2].reads == [(9, 4)]


def test_a_server_without_a_leader_drops_reads_and_proposals() -> None:
    cluster = Cluster()
    cluster[2].step(ReadIndex(9))
    cluster[2].raft.propose(b"x", 10)
    cluster[2].drain()
    assert cluster[2].dropped == [9, 10]


def test_reads_between_two_readys_share_one_round() -> None:
    cluster = Cluster()
    cluster.elect(1)
    for id in (1, 2, 3):
        cluster.raft(1).step(ReadIndex(id))
    cluster[1].drain()
    assert len(cluster.take(m.Heartbeat)) == 2
    cluster.tick(1)
    cluster.deliver()
    assert cluster[1].reads == [(1, 4), (2, 4), (3, 4)], "a later heartbeat confirms earlier rounds too"


def test_a_single_server_reads_at_once() -> None:
    cluster = Cluster(1)
    cluster.elect(1)
    cluster[1].step(ReadIndex(1))
    assert cluster[1].reads == [(1, 2)]


def test_leadership_is_handed_to_a_server_that_is_up_to_date() -> None:
    """Thesis §3.10."""
    cluster = Cluster(pre_vote=True, check_quorum=True)
    cluster.elect(1)
    cluster[1].step(TransferLeadership(3))
    cluster.deliver()
    assert [cluster.raft(id).role.name for id in (1, 2, 3)] == ["FOLLOWER", "FOLLOWER", "LEADER"]
    assert cluster.raft(3).current_term == 3


def test_a_successor_that_lags_is_brought_up_to_date_first() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b")
    cluster.deliver(cluster.between(1, 2))
    cluster.drop()
    cluster[1].step(TransferLeadership(3))
    assert cluster.take(m.TimeoutNow) == []
    cluster.deliver()
    cluster.tick(1)
    cluster.deliver()
    assert cluster.raft(3).role is Role.LEADER
    assert cluster[3].log[:3] == cluster[1].log[:3]


def test_proposals_are_dropped_while_leadership_is_handed_over_and_it_is_given_up_in_time() -> None:
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].step(TransferLeadership(3))
    cluster.drop()
    cluster[1].raft.propose(b"x", 5)
    cluster[1].drain()
    assert cluster[1].dropped == [5]
    cluster.tick(1, 10)
    cluster[1].raft.propose(b"y", 6)
    cluster[1].drain()
    assert cluster[1].dropped == [5]


def test_a_server_that_was_cut_off_does_not_raise_the_term() -> None:
    """Thesis §9.6."""
    cluster = Cluster(pre_vote=True, check_quorum=True)
    cluster.elect(1)
    for _ in range(40):
        cluster.tick(3)
        cluster.drop(source=3)
    assert (cluster.raft(3).role, cluster.raft(3).current_term) == (Role.PRE_CANDIDATE, 2)
    for _ in range(3):
        cluster.tick(1)
        cluster.deliver()
    assert (cluster.raft(1).role, cluster.raft(3).role, cluster.raft(1).current_term) == (Role.LEADER, Role.FOLLOWER, 2)


def test_a_pre_vote_is_refused_to_a_log_that_is_behind() -> None:
    cluster = Cluster(pre_vote=True)
    cluster.elect(1)
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, 2))
    cluster.drop()
    cluster.campaign(3)
    cluster.deliver(cluster.between(2, 3))
    assert cluster.raft(3).role is not Role.LEADER
    assert cluster.raft(2).current_term == 2


def test_a_leader_that_hears_of_no_majority_steps_down() -> None:
    """Thesis §6.2."""
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    for _ in range(21):
        cluster.tick(1)
        cluster.drop()
    assert cluster.raft(1).role is Role.FOLLOWER


def test_a_leader_stays_while_one_of_two_followers_answers() -> None:
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    for _ in range(50):
        cluster.tick(1)
        cluster.tick(2)
        cluster.deliver(cluster.between(1, 2))
        cluster.drop()
    assert cluster.raft(1).role is Role.LEADER


def test_a_server_that_hears_its_leader_takes_no_part_in_an_election() -> None:
    """Thesis §4.2.3; but for an election that the leader itself asked for."""
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    cluster.receive(m.RequestVote(9, 3, 2, 99, 9))
    assert cluster.raft(2).current_term == 2
    cluster.receive(m.RequestVote(9, 3, 2, 99, 9, True))
    assert cluster.raft(2).current_term == 9


def test_a_cluster_with_a_lease_takes_back_a_server_of_a_higher_term() -> None:
    """Without the answer to a stale heartbeat it would neither be heard nor hear (etcd)."""
    cluster = Cluster(check_quorum=True)
    cluster.elect(1)
    for _ in range(25):
        cluster.tick(3)
        cluster.drop(source=3)
    assert cluster.raft(3).current_term > 2
    for _ in range(60):
        for id in (1, 2, 3):
            cluster.tick(id)
            cluster.deliver()
    assert len({cluster.raft(id).current_term for id in (1, 2, 3)}) == 1
    assert sum(cluster.raft(id).role is Role.LEADER for id in (1, 2, 3)) == 1
