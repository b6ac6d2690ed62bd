"""The models that are explored: which actions they have, where they begin, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raftproof.checker.language import Model
from raftproof.model import properties
from raftproof.model.deployed import election, lease, membership, network, replication, storage
from raftproof.model.deployed.state import NO_SERVERS, Configuration, Deployed, Snapshot, everything
from raftproof.model.properties.monotonic_indexes import commit_monotonic, match_monotonic
from raftproof.model.properties.persisted_terms import persisted_terms
from raftproof.model.vocabulary import Server

CORE = (
    election.campaign,
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
HEARTBEATS = (replication.send_heartbeat, replication.receive_heartbeat, replication.receive_heartbeat_answer)
LEASE = (
    lease.pre_campaign,
    lease.request_pre_vote,
    lease.count_own_pre_vote,
    lease.receive_pre_vote_request,
    lease.receive_pre_vote_answer,
    lease.ignore_under_lease,
    lease.step_down,
    lease.transfer,
    lease.receive_timeout_now,
)
SNAPSHOTS = (storage.compact, storage.send_snapshot, storage.receive_snapshot)
ONE_AT_A_TIME = (membership.change_one, membership.apply_change, lease.step_down)
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


def make(
    name: str, actions: tuple[Callable[..., Any], ...], starts: tuple[Callable[..., Any], ...], **bounds: int
) -> Model:
    """A model of some actions of the catalogue."""
    chosen = Model(name, Deployed, bounds={**everything.bounds, **bounds}, rules=everything.rules, view=everything.view)
    chosen.actions += [action for action in everything.actions if action.function in actions]
    declare(chosen, starts)
    if membership.apply_change not in actions:  # who leaves and comes back is known nothing of
        chosen.action_invariant(match_monotonic)
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
pre_vote = make("deployed_pre_vote", CORE + LEASE, (init_pre_vote,))
check_quorum = make("deployed_check_quorum", CORE + LEASE, (init_check_quorum,))
snapshots = make("deployed_snapshots", CORE + SNAPSHOTS, (init,))
single = make("deployed_membership", CORE + ONE_AT_A_TIME, (init, init_outsider), max_log=2)
joint = make("deployed_joint", CORE + JOINTLY, (init, init_outsider), max_log=2)
declare(everything, (init,))
