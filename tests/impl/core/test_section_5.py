"""Section 5 of the Raft paper, sentence by sentence. Each test ends its name or its docstring with the section."""

from __future__ import annotations

import pytest

from raftproof.impl.core import HardState, Role, bootstrap
from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import Entry
from tests.impl.core.cluster import Cluster, answers, raft_with

FOLLOWER, CANDIDATE, LEADER = Role.FOLLOWER, Role.CANDIDATE, Role.LEADER


# --- 5.1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [FOLLOWER, CANDIDATE, LEADER])
def test_a_server_with_a_smaller_term_updates_it_and_becomes_a_follower(role: Role) -> None:
    """§5.1: "if one server's current term is smaller than the other's, then it updates its current term"."""
    cluster = Cluster()
    if role is not FOLLOWER:
        cluster.campaign(1)
    if role is LEADER:
        cluster.deliver()
    assert cluster.raft(1).role is role
    cluster.receive(m.AppendEntries(7, 2, 1, 3, 1, (), 3))
    assert (cluster.raft(1).current_term, cluster.raft(1).role, cluster.raft(1).leader) == (7, FOLLOWER, 2)


def test_a_request_with_a_stale_term_is_rejected() -> None:
    """§5.1: "If a server receives a request with a stale term number, it rejects the request"; here by silence."""
    raft = raft_with([2], term=3)
    raft.receive(m.AppendEntries(2, 2, 1, 4, 2, (Entry(2, 5, b"x"),), 5))
    raft.receive(m.RequestVote(2, 2, 1, 9, 2))
    assert answers(raft) == []
    assert (raft.log.last_index, raft.voted_for, raft.current_term) == (4, 0, 3)


# --- 5.2 ------------------------------------------------------------------------------------------------------------


def test_servers_begin_as_followers() -> None:
    """§5.2: "When servers start up, they begin as followers"."""
    assert all(server.raft.role is FOLLOWER for server in Cluster().servers.values())


def test_a_server_stays_a_follower_while_it_hears_of_the_leader() -> None:
    """§5.2: "A server remains in follower state as long as it receives valid RPCs from a leader or candidate"."""
    cluster = Cluster()
    cluster.elect(1)
    for _ in range(50):
        cluster.tick(1)
        cluster.tick(2)
        cluster.tick(3)
        cluster.deliver()
    assert [cluster.raft(id).role for id in (1, 2, 3)] == [LEADER, FOLLOWER, FOLLOWER]
    assert cluster.raft(1).current_term == 2


def test_leaders_send_heartbeats_to_all_followers() -> None:
    """§5.2: "Leaders send periodic heartbeats to all followers in order to maintain their authority"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.tick(1)
    assert {(h.dest, h.term) for h in cluster.take(m.Heartbeat, source=1)} == {(2, 2), (3, 2)}


@pytest.mark.parametrize("role", [FOLLOWER, CANDIDATE])
def test_an_election_starts_when_no_leader_is_heard_of(role: Role) -> None:
    """§5.2: "increments its current term and transitions to candidate state. It then votes for itself and issues
    RequestVote RPCs in parallel to each of the other servers"; a candidate that times out starts a new election."""
    cluster = Cluster()
    if role is CANDIDATE:
        cluster.campaign(1)
        cluster.drop()
    before = cluster.raft(1).current_term
    cluster.tick(1, cluster.raft(1).election_timeout)
    raft = cluster.raft(1)
    assert (raft.role, raft.current_term, raft.voted_for) == (CANDIDATE, before + 1, 1)
    assert {(r.dest, r.term) for r in cluster.take(m.RequestVote)} == {(2, before + 1), (3, before + 1)}


@pytest.mark.parametrize(
    ("servers", "grants", "refusals", "role"),
    [
        (1, 0, 0, LEADER),
        (3, 0, 0, CANDIDATE),
        (3, 1, 0, LEADER),
        (3, 2, 0, LEADER),
        (3, 1, 1, LEADER),
        (3, 0, 2, FOLLOWER),
        (5, 1, 0, CANDIDATE),
        (5, 2, 0, LEADER),
        (5, 2, 2, LEADER),
        (5, 1, 3, FOLLOWER),
        (5, 1, 2, CANDIDATE),
    ],
)
def test_a_candidate_wins_with_the_votes_of_a_majority(servers: int, grants: int, refusals: int, role: Role) -> None:
    """§5.2: "A candidate wins an election if it receives votes from a majority of the servers"."""
    cluster = Cluster(servers)
    cluster.campaign(1)
    cluster.drop()
    others = list(range(2, servers + 1))
    for id in others[:grants]:
        cluster.receive(m.RequestVoteResponse(2, id, 1, True))
    for id in others[grants : grants + refusals]:
        cluster.receive(m.RequestVoteResponse(2, id, 1, False))
    assert cluster.raft(1).role is role


def test_a_repeated_vote_counts_once() -> None:
    """§5.2: a majority of the servers, not of the messages."""
    cluster = Cluster(5)
    cluster.campaign(1)
    for _ in range(4):
        cluster.receive(m.RequestVoteResponse(2, 2, 1, True))
    assert cluster.raft(1).role is CANDIDATE


@pytest.mark.parametrize(("vote", "candidate", "granted"), [(0, 2, True), (0, 3, True), (2, 2, True), (2, 3, False)])
def test_each_server_votes_for_at_most_one_candidate_a_term(vote: int, candidate: int, granted: bool) -> None:
    """§5.2: "Each server will vote for at most one candidate in a given term, on a first-come-first-served basis"."""
    raft = raft_with([], term=2, vote=vote)
    raft.receive(m.RequestVote(2, candidate, 1, 3, 1))
    (answer,) = answers(raft)
    assert isinstance(answer, m.RequestVoteResponse)
    assert answer.vote_granted is granted


def test_a_vote_is_stored_before_it_is_sent_and_known_after_a_restart() -> None:
    """Figure 2: "Persistent state on all servers (Updated on stable storage before responding to RPCs)" (§5.2)."""
    cluster = Cluster()
    cluster[2].held = True
    cluster.receive(m.RequestVote(2, 1, 2, 3, 1))
    assert cluster.take(m.RequestVoteResponse) == []
    cluster[2].store()
    assert cluster.take(m.RequestVoteResponse) == [m.RequestVoteResponse(2, 2, 1, True)]
    cluster[2].held = False
    cluster.restart(2)
    cluster.receive(m.RequestVote(2, 3, 2, 3, 1))
    assert cluster.take(m.RequestVoteResponse) == [m.RequestVoteResponse(2, 2, 3, False)]


def test_a_candidates_own_vote_counts_only_when_it_is_stored() -> None:
    """Figure 2, persistent state: its own promise too (§5.2)."""
    cluster = Cluster(1)
    cluster[1].held = True
    cluster.campaign(1)
    assert cluster.raft(1).role is CANDIDATE
    cluster[1].store()
    assert cluster.raft(1).role is LEADER


@pytest.mark.parametrize("term", [2, 5])
def test_a_candidate_that_hears_a_leader_of_its_term_returns_to_follower(term: int) -> None:
    """§5.2: "If the leader's term is at least as large as the candidate's current term, then the candidate recognizes
    the leader as legitimate and returns to follower state"."""
    cluster = Cluster()
    cluster.campaign(1)
    cluster.receive(m.AppendEntries(term, 2, 1, 3, 1, (), 3))
    assert (cluster.raft(1).role, cluster.raft(1).leader, cluster.raft(1).current_term) == (FOLLOWER, 2, term)


def test_election_timeouts_are_random_from_a_fixed_interval() -> None:
    """§5.2: "election timeouts are chosen randomly from a fixed interval"; the interval is [T, 2T) ticks."""
    found = set()
    for chosen in range(10):
        raft = raft_with([])
        raft.random = lambda below, chosen=chosen: chosen % below  # type: ignore[misc]
        raft.restart_election_timer()
        found.add(raft.election_timeout)
    assert found == set(range(10, 20))


# --- 5.3 ------------------------------------------------------------------------------------------------------------


def test_a_leader_appends_a_command_and_sends_it_to_every_other_server() -> None:
    """§5.3: "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in parallel"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"x")
    assert cluster.raft(1).log.entries[-1] == Entry(2, 5, b"x")
    sent = {a.dest: a for a in cluster.take(m.AppendEntries)}
    assert sorted(sent) == [2, 3]
    for append in sent.values():
        assert isinstance(append, m.AppendEntries)
        assert (append.prev_log_index, append.prev_log_term) == (4, 2)
        assert append.entries == (Entry(2, 5, b"x"),)


def test_the_leaders_disk_and_its_followers_work_in_parallel() -> None:
    """Thesis §10.2.1: the append goes out before the leader's own write is durable, which is not counted until then."""
    cluster = Cluster()
    cluster.elect(1)
    cluster[1].held = True
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, 2))
    assert cluster.raft(1).commit_index == 4
    cluster[1].store()
    assert cluster.raft(1).commit_index == 5


@pytest.mark.parametrize("followers", [[2], [2, 3], [2, 3, 4, 5]])
def test_an_entry_is_committed_once_a_majority_has_stored_it(followers: list[int]) -> None:
    """§5.3: "A log entry is committed once the leader that created the entry has replicated it on a majority"."""
    cluster = Cluster(5)
    cluster.elect(1)
    first = cluster.raft(1).commit_index
    cluster.propose(1, b"x")
    cluster.deliver(cluster.between(1, *followers))
    assert (cluster.raft(1).commit_index == first + 1) is (len(followers) >= 2)


def test_committing_an_entry_commits_everything_before_it() -> None:
    """§5.3: "This also commits all preceding entries in the leader's log, including entries created by previous
    leaders"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b")
    cluster.deliver(cluster.between(1))
    cluster.drop()
    cluster.restart(1)
    cluster.campaign(1)
    cluster.deliver()
    assert [entry.data for entry in cluster[2].applied] == [b"", b"a", b"b", b""]


def test_followers_apply_what_they_learn_is_committed_in_log_order() -> None:
    """§5.3: "Once a follower learns that a log entry is committed, it applies the entry to its local state machine (in
    log order)"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b", b"c")
    cluster.deliver()
    for id in (1, 2, 3):
        assert [entry.data for entry in cluster[id].applied] == [b"", b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("index", "term", "success"),
    [(3, 1, True), (4, 2, True), (5, 2, True), (5, 3, False), (6, 2, False), (9, 2, False)],
)
def test_a_follower_refuses_entries_whose_previous_entry_it_lacks(index: int, term: int, success: bool) -> None:
    """§5.3: "If the follower does not find an entry in its log with the same index and term, then it refuses the new
    entries"."""
    raft = raft_with([2, 2], term=3)
    raft.receive(m.AppendEntries(3, 2, 1, index, term, (), 3))
    (answer,) = answers(raft)
    assert isinstance(answer, m.AppendEntriesResponse)
    assert (answer.success, answer.index) == (success, index)


@pytest.mark.parametrize(
    ("previous", "previous_term", "sent", "left"),
    [
        (5, 2, [3], [2, 2, 3]),
        (3, 1, [2, 2], [2, 2]),
        (3, 1, [3], [3]),
        (4, 2, [3, 3], [2, 3, 3]),
        (3, 1, [2], [2, 2]),
        (3, 1, [], [2, 2]),
    ],
)
def test_conflicting_entries_are_deleted_and_only_those(
    previous: int, previous_term: int, sent: list[int], left: list[int]
) -> None:
    """§5.3 and Figure 2, AppendEntries 3 and 4."""
    raft = raft_with([2, 2], term=3)
    new = tuple(Entry(term, index) for index, term in enumerate(sent, previous + 1))
    raft.receive(m.AppendEntries(3, 2, 1, previous, previous_term, new, 3))
    assert [entry.term for entry in raft.log.entries] == left


@pytest.mark.parametrize(
    "follower",
    [
        [2, 2, 2, 5, 5, 6, 6, 7, 7],
        [2, 2, 2, 5],
        [2, 2, 2, 5, 5, 6, 6, 7, 7, 7, 7],
        [2, 2, 2, 5, 5, 6, 6, 7, 7, 7, 8, 8],
        [2, 2, 2, 5, 5, 5, 5],
        [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4],
    ],
    ids="abcdef",
)
def test_a_leader_forces_the_logs_of_figure_7_to_duplicate_its_own(follower: list[int]) -> None:
    """§5.3, Figure 7: every follower (a) to (f) ends with the leader's log (terms here are one higher)."""
    cluster = Cluster()
    cluster[1].entries = [Entry(t, i) for i, t in enumerate([2, 2, 2, 5, 5, 6, 6, 7, 7, 7], 4)]
    cluster[2].entries = [Entry(t, i) for i, t in enumerate(follower, 4)]
    for id in (1, 2, 3):
        cluster[id].hard_state = HardState(8, 0, 3)
        cluster.restart(id)
    cluster.elect(1)
    assert cluster[2].log == cluster[1].log


def test_a_refusal_is_answered_by_skipping_every_entry_that_cannot_match() -> None:
    """§5.3: "the follower can include the term of the conflicting entry ... the leader can decrement nextIndex to
    bypass all of the conflicting entries in that term": one round trip a term, and not one an entry."""
    cluster = Cluster()
    cluster[2].entries = [Entry(2, index) for index in range(4, 104)]
    cluster.restart(2)
    cluster[1].entries = cluster[3].entries = [Entry(3, index) for index in range(4, 94)]
    for id in (1, 3):
        cluster.restart(id)
    cluster.campaign(1)
    cluster.deliver(lambda message: not (message.source == 2 and isinstance(message, m.AppendEntriesResponse)))
    refusals = cluster.take(m.AppendEntriesResponse, source=2)
    assert [answer.success for answer in refusals if isinstance(answer, m.AppendEntriesResponse)] == [False]
    cluster.receive(refusals[0])
    assert cluster.deliver() < 10
    assert cluster[2].log == cluster[1].log


def test_a_leader_never_overwrites_or_deletes_its_own_entries() -> None:
    """§5.3, Leader Append-Only: a second leader of the term, which cannot be, is not obeyed but found out."""
    cluster = Cluster()
    cluster.elect(1)
    with pytest.raises(AssertionError, match="two leaders of term 2"):
        cluster.receive(m.AppendEntries(2, 2, 1, 3, 1, (Entry(2, 4, b"other"),), 3))


# --- 5.4 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "last_term", "last_index", "granted"),
    [
        ([2], 2, 4, True),
        ([2], 2, 5, True),
        ([2, 2], 2, 4, False),
        ([2], 3, 3, True),
        ([2, 2], 3, 4, True),
        ([3], 2, 9, False),
    ],
)
def test_a_vote_goes_only_to_a_log_at_least_as_up_to_date(
    log: list[int], last_term: int, last_index: int, granted: bool
) -> None:
    """§5.4.1: "If the logs have last entries with different terms, then the log with the later term is more up-to-date.
    If the logs end with the same term, then whichever log is longer is more up-to-date"."""
    raft = raft_with(log, term=4)
    raft.receive(m.RequestVote(5, 2, 1, last_index, last_term))
    (answer,) = answers(raft)
    assert isinstance(answer, m.RequestVoteResponse)
    assert answer.vote_granted is granted


def test_a_leader_never_commits_an_old_term_by_counting() -> None:
    """§5.4.2, Figure 8: an entry of an earlier term on a majority is not committed until one of the own term is."""
    cluster = Cluster(max_append_bytes=1)
    cluster.elect(1)
    cluster.propose(1, b"old")
    cluster.drop()
    cluster.restart(1)
    cluster.campaign(1)

    def matched(id: int) -> int:
        progress = cluster.raft(1).progress.get(id)
        return progress.match_index if progress else 0

    cluster.deliver(lambda a: not (isinstance(a, m.AppendEntries) and matched(a.dest) == 5))
    assert [matched(id) for id in (1, 2, 3)] == [6, 5, 5]
    assert cluster.raft(1).commit_index == 4
    cluster.deliver()
    assert cluster.raft(1).commit_index == 6


# --- 5.5, 5.6 -------------------------------------------------------------------------------------------------------


def test_an_append_received_twice_changes_nothing() -> None:
    """§5.5: "Raft RPCs are idempotent"."""
    raft = raft_with([2], term=2)
    append = m.AppendEntries(2, 2, 1, 4, 2, (Entry(2, 5, b"x"), Entry(2, 6, b"y")), 5)
    raft.receive(append)
    answers(raft)
    before = (raft.log.entries[:], raft.commit_index)
    raft.receive(append)
    assert (raft.log.entries, raft.commit_index) == before
    assert all(isinstance(answer, m.AppendEntriesResponse) and answer.success for answer in answers(raft))


def test_a_crash_of_a_follower_is_met_by_trying_again() -> None:
    """§5.5: "If a follower or candidate crashes, then future RPCs sent to it will fail. Raft handles these failures by
    retrying indefinitely"."""
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b")
    cluster.deliver(cluster.between(1, 2))
    cluster.drop()
    cluster.restart(3)
    cluster.tick(1)
    cluster.deliver()
    assert cluster[3].log == cluster[1].log


def test_safety_does_not_depend_on_timing() -> None:
    """§5.6: a server that never ticks still votes, stores and applies."""
    cluster = Cluster()
    cluster.campaign(1)
    cluster.deliver()
    cluster.propose(1, b"x")
    cluster.deliver()
    assert all(cluster[id].applied[-1].data == b"x" for id in (1, 2, 3))


def test_the_founding_state_is_one_committed_entry_per_voter() -> None:
    """Not in the paper: how etcd begins, so that traces of both begin alike."""
    assert bootstrap((3, 1, 2)).index == 3
    assert [cluster.commit_index for cluster in (Cluster().raft(id) for id in (1, 2, 3))] == [3, 3, 3]
