"""Raft as deployed, step by step in plain Python: what waits for a disk, what a crash leaves, who answers what."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from raftproof.checker.language import Interpreter, Layout
from raftproof.checker.language.containers import contents
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.native.build import from_words, to_words
from raftproof.checker.native.in_place import in_place
from raftproof.impl.core import entries as impl
from raftproof.impl.core.log import Log
from raftproof.impl.core.membership import InvalidChange
from raftproof.impl.core.membership import changed as impl_changed
from raftproof.model.deployed import Deployed, everything
from raftproof.model.deployed.lease import ignore_under_lease, step_down, transfer
from raftproof.model.deployed.membership import (
    apply_change,
    change_jointly,
    change_one,
    changed,
    leave_joint,
    propose_change,
)
from raftproof.model.deployed.models import init_halfway, init_joint
from raftproof.model.deployed.replication import count_own_entries, hint, propose, send_append, send_heartbeat
from raftproof.model.deployed.state import Configuration, Entry, Kind, Promise, Role
from raftproof.model.deployed.storage import compact, ready, restart, send_snapshot
from raftproof.model.vocabulary import NIL

BOUNDS = {"servers": 3, "max_term": 9, "max_log": 9, "max_in_flight": 20, "max_copies": 9, "max_held": 9}
S1, S2, S3 = 0, 1, 2


@dataclass
class Play:
    """A state that is taken from step to step."""

    s: Any
    compiled: Mapping[str, Callable[..., bool]] | None = None
    """If given, each step is taken compiled as well, in place, and must lead to the same."""

    def twin(self) -> Play:
        """The same once more, to be taken elsewhere."""
        return Play(self.s._layout.copy(self.s), self.compiled)

    def take(self, action: Callable[..., bool], *arguments: Any) -> None:
        """A step that must be enabled."""
        assert self.step(action, arguments), action.__name__

    def refuses(self, action: Callable[..., bool], *arguments: Any) -> bool:
        """Whether a step is not enabled, and then writes nothing."""
        before = self.s._layout.encode(self.s)
        enabled = self.step(action, arguments)
        assert enabled or self.s._layout.encode(self.s) == before
        return not enabled

    def step(self, action: Callable[..., bool], arguments: tuple[Any, ...]) -> bool:
        """Take a step if it is enabled."""
        layout = self.s._layout
        words = to_words(layout.encode(self.s), layout.words) if self.compiled else None
        enabled = action(self.s, *arguments)
        if self.compiled and words is not None:
            assert self.compiled[action.__name__](words, 0, arguments) == enabled, action.__name__
            assert from_words(words) == layout.encode(self.s), action.__name__
        return enabled

    def deliver(self, kind: str, source: int, dest: int, which: int = 0) -> None:
        """The oldest message of a kind, by its code, is received."""
        found = [
            m for m in contents(self.s.messages) if type(m).__name__ == kind and (m.source, m.dest) == (source, dest)
        ]
        message = sorted(found)[which]
        named = {a.function.__name__: a.function for a in everything.actions}
        self.take(named[RECEIVERS[kind]], message)

    def elect(self, leader: int, voter: int) -> None:
        """A server leads the next term by its own vote and that of another."""
        for action in ("campaign", "ready"):
            self.take(ACTIONS[action], leader)
        self.take(ACTIONS["request_vote"], leader, voter)
        self.deliver("RequestVote", leader, voter)
        self.take(ready, voter)
        self.take(ACTIONS["count_own_vote"], leader)
        self.deliver("VoteAnswer", voter, leader)
        assert self.s.role[leader] == Role.LEADER

    def replicate(self, leader: int, follower: int, prev: int, count: int) -> None:
        """Entries are sent, taken, written and acknowledged."""
        self.take(send_append, leader, follower, prev, count)
        self.deliver("AppendEntries", leader, follower)
        self.take(ready, follower)
        self.deliver("AppendAnswer", follower, leader)

    def write_own(self, leader: int) -> None:
        """A leader's disk takes its log, and the leader counts it."""
        self.take(ready, leader)
        self.take(count_own_entries, leader, len(self.s.log[leader]))


ACTIONS: Mapping[str, Any] = {a.name: a.function for a in everything.actions}
RECEIVERS = {
    "RequestVote": "receive_vote_request",
    "VoteAnswer": "receive_vote_answer",
    "RequestPreVote": "receive_pre_vote_request",
    "PreVoteAnswer": "receive_pre_vote_answer",
    "AppendEntries": "receive_append",
    "AppendAnswer": "receive_append_answer",
    "Heartbeat": "receive_heartbeat",
    "HeartbeatAnswer": "receive_heartbeat_answer",
    "InstallSnapshot": "receive_snapshot",
    "TimeoutNow": "receive_timeout_now",
}


@cache
def wide() -> tuple[Layout, Mapping[str, Callable[..., bool]]]:
    """A wide layout, and the actions that change its states in place."""
    layout = Layout(Deployed, BOUNDS, wide=True)
    return layout, in_place(everything, layout).step


@pytest.fixture(params=["interpreted", pytest.param("in place, too", marks=pytest.mark.slow)])
def play(request: pytest.FixtureRequest) -> Play:
    layout, compiled = (Layout(Deployed, BOUNDS), None) if request.param == "interpreted" else wide()
    (state,) = Interpreter(everything, layout).initial_states()
    return Play(layout.decode(state), compiled)


def terms(s: Deployed, i: int) -> list[int]:
    """The terms of a log."""
    return [entry.term for entry in contents(s.log[i])]  # type: ignore[index]


def test_an_answer_leaves_only_when_the_disk_holds_what_it_promises(play: Play) -> None:
    play.take(ACTIONS["campaign"], S1)
    assert play.refuses(ACTIONS["request_vote"], S1, S2), "the candidate's term is not on its disk"
    play.take(ready, S1)
    play.take(ACTIONS["request_vote"], S1, S2)
    play.deliver("RequestVote", S1, S2)
    assert play.s.voted_for[S2] == S1
    assert play.s.disk_vote[S2] == NIL
    assert len(play.s.messages) == 0
    assert [a.kind for a in contents(play.s.outbox[S2])] == [Promise.VOTE]
    play.take(ready, S2)
    assert play.s.disk_vote[S2] == S1
    assert [type(m).__name__ for m in contents(play.s.messages)] == ["VoteAnswer"]
    assert play.refuses(ready, S2), "there is nothing left to do"


def test_a_crash_takes_back_what_was_not_written_or_leaves_the_hard_state_alone(play: Play) -> None:
    play.take(ACTIONS["campaign"], S1)
    for latest, term in ((False, 1), (True, 2)):
        after = play.twin()
        after.take(restart, S1, latest, 0)
        assert (after.s.current_term[S1], after.s.disk_term[S1], after.s.role[S1]) == (term, term, Role.FOLLOWER)
        assert after.refuses(ready, S1)


def test_a_crash_may_leave_a_log_cut_anywhere_between_what_was_written_and_the_latest(play: Play) -> None:
    play.elect(S1, S2)
    play.take(propose, S1)
    play.take(ready, S1)
    play.take(propose, S1)
    play.take(propose, S1)
    for keep, length in ((0, 2), (3, 3), (4, 4)):
        after = play.twin()
        after.take(restart, S1, False, keep)
        assert len(after.s.log[S1]) == len(after.s.disk_log[S1]) == after.s.stored[S1] == length
    for keep in (1, 2, 5):
        assert play.refuses(restart, S1, False, keep), "it is written, or was never there"


def test_a_crash_brings_back_entries_that_a_newer_leader_had_cut_in_memory_only(play: Play) -> None:
    play.elect(S1, S2)
    play.take(ready, S1)
    play.elect(S2, S3)
    play.take(send_append, S2, S1, 0, 1)
    play.deliver("AppendEntries", S2, S1)
    assert terms(play.s, S1) == [3]
    play.take(restart, S1, False, 0)
    assert terms(play.s, S1) == [2]
    assert play.s.current_term[S1] == 2


def test_a_commit_index_is_found_after_a_crash_only_with_its_entries(play: Play) -> None:
    play.elect(S1, S2)
    play.write_own(S1)
    play.replicate(S1, S2, 0, 1)
    assert play.s.commit_index[S1] == 1
    play.take(send_append, S1, S3, 0, 1)
    play.deliver("AppendEntries", S1, S3)
    assert play.s.commit_index[S3] == 1
    for keep, commit in ((0, 0), (1, 1)):
        after = play.twin()
        after.take(restart, S3, True, keep)
        assert after.s.commit_index[S3] == commit


def test_a_leader_counts_its_own_log_no_further_than_its_disk(play: Play) -> None:
    play.elect(S1, S2)
    assert play.refuses(count_own_entries, S1, 1)
    play.replicate(S1, S2, 0, 1)
    assert play.s.commit_index[S1] == 0, "one server of three has written the entry"
    play.write_own(S1)
    assert play.s.commit_index[S1] == 1


def test_an_append_that_begins_below_the_commit_index_is_answered_with_the_commit_index(play: Play) -> None:
    play.elect(S1, S2)
    play.write_own(S1)
    play.take(send_append, S1, S2, 0, 0)
    play.take(send_append, S1, S2, 0, 1)
    play.deliver("AppendEntries", S1, S2, which=-1)
    play.take(ready, S2)
    play.deliver("AppendAnswer", S2, S1)
    play.take(send_heartbeat, S1, S2, 1)
    play.deliver("Heartbeat", S1, S2)
    play.deliver("AppendEntries", S1, S2)
    assert play.s.commit_index[S2] == 1
    answer = contents(play.s.outbox[S2])[-1]
    assert (answer.reject, answer.log_index) == (False, 1)


def test_a_leader_of_an_older_term_is_answered_only_with_pre_vote_or_check_quorum(play: Play) -> None:
    play.elect(S1, S2)
    play.take(send_append, S1, S2, 0, 1)
    play.take(send_heartbeat, S1, S2, 0)
    play.take(ACTIONS["campaign"], S2)
    for pre_vote, check_quorum in ((False, False), (True, False), (False, True)):
        for kind in ("AppendEntries", "Heartbeat"):
            after = play.twin()
            after.s.pre_vote, after.s.check_quorum = pre_vote, check_quorum
            after.deliver(kind, S1, S2)
            answers = [(a.kind, a.term, a.reject, a.log_index) for a in contents(after.s.outbox[S2])]
            assert answers == ([(Promise.APPEND, 3, False, 0)] if pre_vote or check_quorum else [])


def test_a_heartbeat_commits_no_more_than_its_receiver_is_known_to_hold(play: Play) -> None:
    play.elect(S1, S2)
    play.write_own(S1)
    play.replicate(S1, S2, 0, 1)
    assert play.refuses(send_heartbeat, S1, S3, 1)
    play.take(send_heartbeat, S1, S2, 1)
    play.deliver("Heartbeat", S1, S2)
    assert play.s.commit_index[S2] == 1


def test_a_request_for_a_vote_may_be_ignored_only_under_a_lease(play: Play) -> None:
    play.elect(S1, S2)
    play.take(send_heartbeat, S1, S2, 0)
    play.deliver("Heartbeat", S1, S2)
    play.take(ACTIONS["campaign"], S3)
    play.take(ready, S3)
    play.take(ACTIONS["request_vote"], S3, S2)
    play.take(ACTIONS["campaign"], S3)
    (request,) = contents(play.s.messages)
    assert request.term == 2
    assert play.refuses(ignore_under_lease, request), "its term is no news"
    play.take(ready, S3)
    play.take(ACTIONS["request_vote"], S3, S2)
    request = max(contents(play.s.messages))
    assert play.refuses(ignore_under_lease, request), "there is no check-quorum"
    play.s.check_quorum = True
    play.take(ignore_under_lease, request)
    assert play.s.current_term[S2] == 2


def test_leadership_is_handed_to_a_server_that_has_the_whole_log(play: Play) -> None:
    play.elect(S1, S2)
    assert play.refuses(transfer, S1, S2)
    play.replicate(S1, S2, 0, 1)
    play.take(transfer, S1, S2)
    play.s.pre_vote = True
    play.deliver("TimeoutNow", S1, S2)
    assert (play.s.role[S2], play.s.current_term[S2]) == (Role.CANDIDATE, 3)


def test_a_server_far_behind_takes_a_snapshot_and_its_configuration(play: Play) -> None:
    play.elect(S1, S2)
    play.take(change_one, S1, S3, 2)
    play.write_own(S1)
    play.replicate(S1, S2, 0, 2)
    assert play.refuses(compact, S1, 2), "the change is not applied"
    play.take(apply_change, S1)
    play.take(compact, S1, 2)
    assert play.refuses(send_append, S1, S3, 0, 1), "the entry is discarded"
    play.take(send_snapshot, S1, S3)
    play.deliver("InstallSnapshot", S1, S3)
    assert terms(play.s, S3) == [2, 2]
    assert play.s.configuration[S3] == Configuration(0b011, 0, 0b100, 0, False)
    assert play.refuses(ACTIONS["campaign"], S3), "it only learns"
    after = play.twin()
    after.take(restart, S3, False, 0)
    assert (len(after.s.log[S3]), after.s.configuration[S3].voters) == (0, 0b111)
    play.take(ready, S3)
    play.take(restart, S3, False, 0)
    assert (len(play.s.log[S3]), play.s.commit_index[S3], play.s.configuration[S3].voters) == (2, 2, 0b011)


def test_a_joint_configuration_agrees_by_both_its_majorities(play: Play) -> None:
    play.elect(S1, S2)
    play.take(change_jointly, S1, 0b110, Kind.IMPLICIT)
    assert play.refuses(change_one, S1, S2, 1), "one change at a time"
    play.write_own(S1)
    play.replicate(S1, S2, 0, 2)
    play.take(apply_change, S1)
    assert play.s.configuration[S1] == Configuration(0b110, 0b111, 0, 0, True)
    assert play.refuses(change_one, S1, S2, 1), "the joint configuration is to be left first"
    play.take(leave_joint, S1)
    play.write_own(S1)
    play.replicate(S1, S2, 2, 1)
    assert play.s.commit_index[S1] == 2, "s2 alone is no majority of s2 and s3"
    play.replicate(S1, S3, 0, 2)
    play.replicate(S1, S3, 2, 1)
    assert play.s.commit_index[S1] == 3
    assert play.refuses(step_down, S1), "it still votes"
    play.take(apply_change, S1)
    assert play.s.configuration[S1] == Configuration(0b110, 0, 0, 0, False)
    play.take(step_down, S1)
    assert play.refuses(ACTIONS["campaign"], S1)


def test_a_server_that_knows_of_a_committed_change_applies_it_before_it_campaigns(play: Play) -> None:
    play.elect(S1, S2)
    play.take(change_one, S1, S3, 1)
    play.write_own(S1)
    play.replicate(S1, S2, 0, 2)
    play.take(send_heartbeat, S1, S2, 2)
    play.deliver("Heartbeat", S1, S2)
    assert play.refuses(ACTIONS["campaign"], S2)
    play.take(apply_change, S2)
    play.take(ACTIONS["campaign"], S2)


def test_any_change_can_be_proposed_but_none_while_one_waits(play: Play) -> None:
    play.elect(S1, S2)
    assert play.refuses(propose_change, S1, Kind.NORMAL, 0, 0, 0)
    play.take(propose_change, S1, Kind.AUTO, 0b001, 0b010, 0b100)
    assert play.refuses(propose_change, S1, Kind.AUTO, 0b010, 0, 0)
    assert play.refuses(propose_change, S2, Kind.AUTO, 0b010, 0, 0)


KINDS = {
    Kind.AUTO: impl.Transition.AUTO,
    Kind.IMPLICIT: impl.Transition.JOINT_IMPLICIT,
    Kind.EXPLICIT: impl.Transition.JOINT_EXPLICIT,
}


def of_impl(c: impl.Configuration) -> Configuration:
    """A configuration of the implementation, whose servers begin at 1."""
    sets = (sum(1 << i - 1 for i in members) for members in (c.voters, c.outgoing, c.learners, c.learners_next))
    return Configuration(*sets, c.auto_leave)


def test_a_change_leads_where_it_leads_in_the_implementation() -> None:
    """All changes of three servers, from all configurations that they lead to."""
    actions = [None, impl.Change.ADD_VOTER, impl.Change.REMOVE, impl.Change.ADD_LEARNER]
    seen: set[impl.Configuration] = set()
    waiting = [impl.Configuration((1,)), impl.Configuration((1, 2)), impl.Configuration((1, 2, 3))]
    while waiting:
        now = waiting.pop()
        if now in seen:
            continue
        seen.add(now)
        for kind, transition in KINDS.items():
            for choice in range(4**3):
                what = [actions[choice >> 2 * i & 3] for i in range(3)]
                change = tuple((kind_of, i) for i, kind_of in enumerate(what, 1) if kind_of is not None)
                if not change:
                    continue
                masks = [sum(1 << i for i, kind_of in enumerate(what) if kind_of == each) for each in actions[1:]]
                waiting.append(agree(now, impl.ConfigurationChange(change, transition), Entry(2, kind, *masks)))
        waiting.append(agree(now, impl.ConfigurationChange(), Entry(2, Kind.LEAVE, 0, 0, 0)))
    assert len(seen) > 50
    assert any(c.learners_next for c in seen)


def agree(now: impl.Configuration, change: impl.ConfigurationChange, entry: Entry) -> impl.Configuration:
    """Both say the same of a change; where the implementation refuses it, the model changes nothing."""
    try:
        after = impl_changed(now, change)
    except InvalidChange:
        after = now
    assert changed(of_impl(now), entry) == of_impl(after), (now, change)
    return after


def test_a_refusal_hints_at_the_place_that_the_implementation_finds(play: Play) -> None:
    chance = random.Random(7)
    for _ in range(200):
        length, base = chance.randrange(8), 0
        rising = sorted(chance.randrange(1, 6) for _ in range(length))
        log = Log(impl.Snapshot(), [impl.Entry(term, k) for k, term in enumerate(rising, 1)])
        if length:
            base = chance.randrange(length)
            log.compact(base)
        play.s.log[S1].truncate(0)
        for term in rising:
            play.s.log[S1].append(Entry(term, Kind.NORMAL, 0, 0, 0))
        play.s.compacted[S1] = base
        for index in range(base, length + 1):
            for term in range(7):
                found, _ = log.find_conflict_by_term(index, term)
                assert hint(play.s, S1, index, term) == max(found, 0), (rising, base, index, term)


def test_a_cluster_can_begin_in_a_joint_configuration_or_on_its_way_to_one() -> None:
    layout = Layout(Deployed, BOUNDS)
    joint = Configuration(0b010, 0b111, 0, 0, True)
    state = layout.new()
    init_joint(state, S2)
    assert [state.configuration[i] for i in (S1, S2, S3)] == [joint] * 3
    state = layout.new()
    init_halfway(state, S2)
    old = Configuration(0b111, 0, 0, 0, False)
    assert [state.configuration[i] for i in (S1, S2, S3)] == [old, joint, old]


RARE = dict.fromkeys(("campaign", "restart", "compact", "propose_change", "drop_message", "duplicate_message"), 0.03)
"""How often what keeps a random walk from getting anywhere is taken, beside the rest."""


@pytest.mark.slow
def test_actions_in_place_on_a_wide_state_do_what_they_do_interpreted() -> None:
    layout, compiled = wide()
    system = Interpreter(everything, layout, faults=("restart", "drop", "duplicate"))
    chance = random.Random(11)
    (state,) = system.initial_states()
    words = to_words(state, layout.words)
    taken: set[str] = set()
    for _ in range(500):
        choice, after = draw(system, state, chance)
        enabled = compiled[choice.action.name](words, 0, choice.arguments)
        assert enabled == (after is not None), system.describe(choice)
        if after is not None and system.inside(after):
            state = after
            taken.add(choice.action.name)
        elif after is not None:
            words = to_words(state, layout.words)
        assert from_words(words) == state, system.describe(choice)
    assert taken > {"count_own_vote", "request_vote", "send_append", "receive_append", "ready"}


def draw(system: Interpreter, state: int, chance: random.Random) -> tuple[Choice, int | None]:
    """An action at random, and values for its parameters with which it is enabled, or now and then is not."""
    decoded = system.state(state)
    actions = system.enabled_actions
    while True:
        (action,) = chance.choices(actions, [RARE.get(a.name, 1) for a in actions])
        if action.name == "propose_change":
            sets = (chance.randrange(8) for _ in range(3))
            bindings = [(chance.randrange(3), Kind(chance.randrange(1, 5)), *sets)]
        else:
            bindings = [*system._bindings(action, decoded)]
        chance.shuffle(bindings)
        for binding in bindings[:30]:
            choice = Choice(action, binding)
            after = system.next_state(state, choice)
            if after is not None or chance.random() < 0.02:
                return choice, after
