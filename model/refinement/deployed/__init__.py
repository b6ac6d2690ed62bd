"""Deployed Raft refines the proved protocol, with each of its features but changes of membership.

    raftproof check refinement_deployed --faults restart         every step of every state, with two terms
    raftproof check refinement_deployed --break vote_persisted --faults restart

`promises` says what the history of a deployed server is; `elections`, `replication` and `disks` say which loose steps
match each action, kind by kind, in the name and the first line of a function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from raftproof.checker.language import Model
from raftproof.model import deployed
from raftproof.model.deployed import election as e
from raftproof.model.deployed import lease, network, storage
from raftproof.model.deployed import replication as r
from raftproof.model.deployed.models import init, init_check_quorum, init_pre_vote
from raftproof.model.properties import leader_elected, two_leaders
from raftproof.model.refinement.deployed import disks, elections, replication
from raftproof.model.refinement.deployed.promises import Raft, disks_agree, leaders_agree, memories_agree
from raftproof.model.refinement.history import steps_are_matched, take_observe_term
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Term

KINDS: dict[Callable[..., bool], tuple[Callable[..., bool], ...]] = {
    e.campaign: (elections.campaign,),
    e.request_vote: (elections.request_vote,),
    e.count_own_vote: (elections.own_vote_elects, elections.count_own_vote),
    e.receive_vote_request: (elections.receive_vote_request,),
    e.receive_vote_answer: (elections.vote_answer_elects, elections.receive_vote_answer),
    lease.pre_campaign: (elections.pre_campaign,),
    lease.request_pre_vote: (elections.request_pre_vote,),
    lease.count_own_pre_vote: (elections.count_own_pre_vote,),
    lease.receive_pre_vote_request: (elections.receive_pre_vote_request,),
    lease.receive_pre_vote_answer: (elections.receive_pre_vote_answer,),
    lease.ignore_under_lease: (elections.ignore_under_lease,),
    lease.step_down: (elections.step_down,),
    lease.transfer: (elections.transfer,),
    lease.receive_timeout_now: (elections.receive_timeout_now,),
    r.propose: (replication.propose,),
    r.count_own_entries: (replication.own_entries_commit, replication.count_own_entries),
    r.send_append: (replication.send_append,),
    r.receive_append: (replication.yield_to_leader, replication.receive_append),
    r.receive_append_answer: (replication.answer_commits, replication.receive_append_answer),
    r.send_heartbeat: (replication.send_heartbeat,),
    r.receive_heartbeat: (replication.receive_heartbeat,),
    r.receive_heartbeat_answer: (replication.receive_heartbeat_answer,),
    storage.ready: (
        disks.ready_vote,
        disks.ready_truncate,
        disks.ready_append,
        disks.ready_acknowledge,
        disks.ready_campaign,
        disks.ready_term,
        disks.ready,
    ),
    storage.restart: (
        disks.restart_torn,
        disks.restart_loses,
        disks.restart_written,
        disks.restart,
    ),
    storage.compact: (disks.compact_learns, disks.compact),
    storage.send_snapshot: (disks.send_snapshot,),
    storage.receive_snapshot: (disks.receive_snapshot,),
    network.duplicate_message: (replication.duplicate_message,),
    network.drop_message: (replication.drop_message,),
}
"""The kinds of step that each action has, in the order in which they are asked."""


def observe_first_term(s: Raft) -> None:
    """The proved protocol begins in term 0, and all servers observe term 1."""
    for n in s.servers:
        take_observe_term(s.history, n, 1)


def begin(s: Raft) -> None:
    """As the model begins."""
    init(s)
    observe_first_term(s)


def begin_pre_vote(s: Raft) -> None:
    """As the model with pre-vote begins."""
    init_pre_vote(s)
    observe_first_term(s)


def begin_check_quorum(s: Raft) -> None:
    """As the model with check-quorum begins."""
    init_check_quorum(s)
    observe_first_term(s)


def second_leader(s: Raft, t: Term, u: Term) -> bool:
    """Two terms have had a leader."""
    return t < u and s.history.leader[t] != NIL and s.history.leader[u] != NIL


def make(name: str, other: Model, start: Callable[[Any], None]) -> Model:
    """A deployed model with its history beside it."""
    chosen = Model(name, Raft, bounds={**other.bounds, "values": 1}, rules=Rule, view=other.view)
    for invariant in (steps_are_matched, disks_agree, leaders_agree, memories_agree):
        chosen.invariant(invariant)
    for witness in (leader_elected, two_leaders, second_leader):
        chosen.witness(witness)
    chosen.initial(start)
    for action in other.actions:
        for then in KINDS[action.function]:
            chosen.after(other, action.function)(then)
    return chosen


model = make("refinement_deployed", deployed.model, begin)
heartbeats = make("refinement_heartbeats", deployed.heartbeats, begin)
pre_vote = make("refinement_pre_vote", deployed.pre_vote, begin_pre_vote)
check_quorum = make("refinement_check_quorum", deployed.check_quorum, begin_check_quorum)
snapshots = make("refinement_snapshots", deployed.snapshots, begin)
