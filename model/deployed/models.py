"""The models that are explored: which actions they have, where they begin, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raftproof.checker.language import Model
from raftproof.model import properties
from raftproof.model.deployed import election, lease, membership, network, reads, replication, storage, witnesses
from raftproof.model.deployed.membership import changed
from raftproof.model.deployed.state import NO_SERVERS, Configuration, Deployed, Entry, Kind, Role, Snapshot, everything
from raftproof.model.properties.committed_on_majority import committed_on_majority
from raftproof.model.properties.monotonic_indexes import commit_monotonic, match_monotonic
from raftproof.model.properties.persisted_terms import persisted_terms
from raftproof.model.properties.read_index_current import read_index_current
from raftproof.model.vocabulary import Server

ALL: tuple[Callable[..., bool], ...] = (
    election.request_vote,
    election.count_own_vote,
    election.receive_vote_request,
    election.receive_vote_answer,
    replication.propose,
    replication.count_own_entries,
    replication.send_append,
    replication.receive_append,
    replication.receive_append_answer,
    storage.ready,
    storage.restart,
    network.duplicate_message,
    network.drop_message,
)
CORE = (election.campaign, *ALL)
HEARTBEATS = (replication.send_heartbeat, replication.receive_heartbeat, replication.receive_heartbeat_answer)
TRANSFER = (lease.transfer, lease.receive_timeout_now)
PRE_VOTE = (
    lease.pre_campaign,
    lease.request_pre_vote,
    lease.count_own_pre_vote,
    lease.receive_pre_vote_request,
    lease.receive_pre_vote_answer,
    *TRANSFER,
)
CHECK_QUORUM = (lease.ignore_under_lease, lease.step_down, *TRANSFER)
SNAPSHOTS = (storage.compact, storage.send_snapshot, storage.receive_snapshot)
ONE_AT_A_TIME = (membership.change_one, membership.apply_change, lease.step_down)
READS = tuple(action.function for action in reads.catalogue.actions)
reads.catalogue.actions[:0] = everything.actions
JOINTLY = (membership.change_jointly, membership.leave_joint, membership.apply_change, lease.step_down)

INVARIANTS = properties.INVARIANTS
ACTION_INVARIANTS: tuple[Callable[..., bool], ...] = (properties.leader_append_only, persisted_terms, commit_monotonic)


def found(s: Deployed, voters: int) -> None:
    """All servers are followers of term 1 with empty logs, and know who votes: as agreed upon before they began."""
    known = Configuration(voters, NO_SERVERS, NO_SERVERS, NO_SERVERS, False)
    for i in s.servers:
        s.current_term[i] = 1
        s.disk_term[i] = 1
        s.configuration[i] = known
        s.snapshot[i] = Snapshot(0, known)
        s.disk_snapshot[i] = Snapshot(0, known)


def everybody(s: Deployed) -> int:
    """All servers."""
    return (1 << len(s.servers)) - 1


def init(s: Deployed) -> None:
    """All servers vote."""
    found(s, everybody(s))


def init_pre_vote(s: Deployed) -> None:
    """All servers vote, and ask around before they campaign."""
    found(s, everybody(s))
    s.pre_vote = True


def init_check_quorum(s: Deployed) -> None:
    """All servers vote; a leader steps down without a majority, and who hears of a leader ignores others."""
    found(s, everybody(s))
    s.check_quorum = True


def init_outsider(s: Deployed, outsider: Server) -> None:
    """All servers vote but one."""
    found(s, everybody(s) & ~(1 << outsider))


def init_joint(s: Deployed, heir: Server) -> None:
    """All servers vote, on their way to a cluster of one."""
    found(s, everybody(s))
    known = Configuration(1 << heir, everybody(s), NO_SERVERS, NO_SERVERS, True)
    for i in s.servers:
        s.configuration[i] = known
        s.snapshot[i] = Snapshot(0, known)
        s.disk_snapshot[i] = Snapshot(0, known)


def init_halfway(s: Deployed, heir: Server) -> None:
    """All servers hold the entry that leads to a cluster of one; only that one knows it to be committed."""
    found(s, everybody(s))
    change = Entry(1, Kind.IMPLICIT, NO_SERVERS, everybody(s) & ~(1 << heir), NO_SERVERS)
    for i in s.servers:
        s.log[i].append(change)
        s.disk_log[i].append(change)
        s.stored[i] = 1
    s.commit_index[heir] = 1
    s.disk_commit[heir] = 1
    s.applied[heir] = 1
    s.configuration[heir] = changed(s.configuration[heir], change)


def init_led(s: Deployed, leader: Server) -> None:
    """All servers have the first entry of the leader of term 2, which alone knows it to be committed."""
    found(s, everybody(s))
    first = Entry(2, Kind.NORMAL, NO_SERVERS, NO_SERVERS, NO_SERVERS)
    for i in s.servers:
        s.current_term[i] = 2
        s.disk_term[i] = 2
        s.voted_for[i] = leader
        s.disk_vote[i] = leader
        s.leader[i] = leader
        s.log[i].append(first)
        s.disk_log[i].append(first)
        s.stored[i] = 1
        s.match_index[leader][i] = 1
    s.role[leader] = Role.LEADER
    s.commit_index[leader] = 1


def init_removing(s: Deployed, leader: Server, left: Server) -> None:
    """All servers have the entry by which the leader of term 2 removes one; nobody knows it to be committed."""
    init_led(s, leader)
    removal = Entry(2, Kind.AUTO, NO_SERVERS, 1 << left, NO_SERVERS)
    for i in s.servers:
        s.log[i].append(removal)
        s.disk_log[i].append(removal)
        s.stored[i] = 2
    s.pending_change[leader] = 2


def init_removed(s: Deployed, leader: Server, left: Server) -> None:
    """The same; and the leader knows it, and decides without that server."""
    init_removing(s, leader, left)
    s.commit_index[leader] = 2
    s.applied[leader] = 2
    s.configuration[leader] = changed(s.configuration[leader], s.log[leader][2])
    for j in s.servers:
        s.match_index[leader][j] = 0 if j == left else 2


def only_removed(s: Deployed) -> bool:
    """Nobody joins."""
    for i in s.servers:
        for k in range(1, len(s.log[i]) + 1):
            if s.log[i][k].added != NO_SERVERS or s.log[i][k].learners != NO_SERVERS:
                return False
    return True


def make(
    name: str,
    actions: tuple[Callable[..., Any], ...],
    starts: tuple[Callable[..., Any], ...],
    seen: tuple[Callable[..., bool], ...] = (),
    catalogue: Model = everything,
    **bounds: int,
) -> Model:
    """A model of some actions of a catalogue; `seen` are the witnesses of what is its own."""
    bounds = {**catalogue.bounds, **bounds}
    chosen = Model(name, catalogue.state, bounds=bounds, rules=catalogue.rules, view=catalogue.view)
    chosen.actions += [action for action in catalogue.actions if action.function in actions]
    declare(chosen, starts)
    if (
        membership.apply_change not in actions
    ):  # else a majority is another one later, and who comes back is known nothing of
        chosen.action_invariant(match_monotonic)
        chosen.invariant(committed_on_majority)
    shown: tuple[Callable[..., bool], ...] = (witnesses.answer_waited, witnesses.write_lost)
    for witness in shown + seen:
        chosen.witness(witness)
    return chosen


def declare(chosen: Model, starts: tuple[Callable[..., Any], ...]) -> None:
    """Where a model begins, and what must hold of it."""
    for start in starts:
        chosen.initial(start)
    for invariant in INVARIANTS:
        chosen.invariant(invariant)
    for action_invariant in ACTION_INVARIANTS:
        chosen.action_invariant(action_invariant)
    for witness in properties.WITNESSES:
        chosen.witness(witness)


model = make("deployed", CORE, (init,))
heartbeats = make("deployed_heartbeats", CORE + HEARTBEATS, (init,))
pre_vote = make("deployed_pre_vote", ALL + PRE_VOTE, (init_pre_vote,), (witnesses.pre_candidate_led,))
check_quorum = make("deployed_check_quorum", CORE + CHECK_QUORUM, (init_check_quorum,), (witnesses.leader_gave_up,))
snapshots = make("deployed_snapshots", CORE + SNAPSHOTS, (init,), (witnesses.snapshot_installed,))
single = make(
    "deployed_membership",
    CORE + ONE_AT_A_TIME,
    (init, init_outsider),
    (witnesses.membership_changed, witnesses.learner_caught_up, witnesses.leader_gave_up),
    max_log=2,
)
removals = make(
    "deployed_removals",
    CORE + ONE_AT_A_TIME,
    (init_removing, init_removed),
    (witnesses.membership_changed, witnesses.leader_gave_up),
    max_term=3,
    max_log=3,
)
removals.constraint(only_removed)
joint = make(
    "deployed_joint",
    CORE + JOINTLY,
    (init, init_joint, init_halfway),
    (witnesses.membership_changed, witnesses.joint_left, witnesses.leader_gave_up),
    max_log=2,
)
linearizable_reads = make(
    "deployed_reads",
    CORE + READS,
    (init_led,),
    (witnesses.read_answered, witnesses.stale_leader_asked),
    catalogue=reads.catalogue,
    max_term=3,
    max_log=2,
)
linearizable_reads.invariant(read_index_current)
declare(everything, (init,))
declare(reads.catalogue, (init,))
