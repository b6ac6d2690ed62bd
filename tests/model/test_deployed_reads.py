"""Linearizable reads, step by step in plain Python: who may note an index, what confirms it, who is answered when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from raftproof.checker.language import Interpreter, Layout
from raftproof.checker.language.containers import contents
from raftproof.model import deployed
from raftproof.model.deployed.membership import apply_change, change_jointly
from raftproof.model.deployed.models import init_led
from raftproof.model.deployed.reads import (
    Reading,
    answer_read,
    ask_read,
    confirm_read,
    forward_read,
    send_read_heartbeat,
)
from raftproof.model.deployed.replication import count_own_entries, propose, send_append
from raftproof.model.deployed.state import Kind
from raftproof.model.deployed.storage import ready
from raftproof.model.properties.read_index_current import read_index_current

BOUNDS = {**deployed.catalogue.bounds, "max_term": 9, "max_log": 9, "max_in_flight": 20, "max_held": 9, "max_rounds": 9}
S1, S2, S3 = 0, 1, 2
ACTIONS = {action.name: action.function for action in deployed.catalogue.actions}
RECEIVERS = {
    "RequestVote": "receive_vote_request",
    "VoteAnswer": "receive_vote_answer",
    "AppendEntries": "receive_append",
    "AppendAnswer": "receive_append_answer",
    "ReadHeartbeat": "receive_read_heartbeat",
    "ReadHeartbeatAnswer": "receive_read_heartbeat_answer",
    "ForwardRead": "receive_forwarded_read",
    "ReadAnswer": "receive_read_answer",
}


class Play:
    """A state that is taken from step to step."""

    def __init__(self, begin: Callable[..., None] | None = None) -> None:
        """In the state in which `deployed_reads` begins under s1, or in the one of a new cluster."""
        layout = Layout(Reading, BOUNDS)
        self.s: Any = layout.decode(Interpreter(deployed.catalogue, layout).initial_states()[0])
        if begin is not None:
            self.s = layout.new()
            begin(self.s, S1)

    def take(self, action: Callable[..., bool], *arguments: Any) -> None:
        """A step that must be enabled."""
        assert action(self.s, *arguments), action.__name__
        assert read_index_current(self.s)

    def refuses(self, action: Callable[..., bool], *arguments: Any) -> bool:
        """Whether a step is not enabled."""
        return not action(self.s._layout.copy(self.s), *arguments)

    def message(self, kind: str, source: int, dest: int) -> Any:
        """The oldest message of a kind on its way."""
        found = [m for m in contents(self.s.messages) if type(m).__name__ == kind]
        return min(m for m in found if (m.source, m.dest) == (source, dest))

    def deliver(self, kind: str, source: int, dest: int) -> None:
        """It is received."""
        self.take(ACTIONS[RECEIVERS[kind]], self.message(kind, source, dest))

    def elect(self, leader: int, voter: int) -> None:
        """A server leads the next term by its own vote and that of another."""
        for action in ("campaign", "ready"):
            self.take(ACTIONS[action], leader)
        self.take(ACTIONS["request_vote"], leader, voter)
        self.deliver("RequestVote", leader, voter)
        self.take(ready, voter)
        self.take(ACTIONS["count_own_vote"], leader)
        self.deliver("VoteAnswer", voter, leader)

    def commit(self, leader: int, follower: int) -> None:
        """What the leader has beyond its commit index is stored by a follower, and committed."""
        known, last = self.s.commit_index[leader], len(self.s.log[leader])
        self.take(ready, leader)
        self.take(count_own_entries, leader, last)
        self.take(send_append, leader, follower, known, last - known)
        self.deliver("AppendEntries", leader, follower)
        self.take(ready, follower)
        self.deliver("AppendAnswer", follower, leader)
        assert self.s.commit_index[leader] == last

    def confirm(self, leader: int, follower: int) -> None:
        """A follower answers the leader's round of heartbeats."""
        self.take(send_read_heartbeat, leader, follower)
        self.deliver("ReadHeartbeat", leader, follower)
        self.deliver("ReadHeartbeatAnswer", follower, leader)


@pytest.fixture
def play() -> Play:
    return Play(init_led)


def test_a_read_is_answered_once_a_majority_has_confirmed_the_leader(play: Play) -> None:
    play.take(ask_read, S1)
    assert play.refuses(confirm_read, S1), "nobody has confirmed it"
    play.confirm(S1, S2)
    play.take(confirm_read, S1)
    assert play.s.answerable[S1] == (1, 1)
    play.take(answer_read, S1)
    assert play.refuses(confirm_read, S1), "one read is answered once"


def test_an_answer_to_an_earlier_round_confirms_no_later_one(play: Play) -> None:
    play.take(ask_read, S1)
    play.take(send_read_heartbeat, S1, S2)
    play.take(ask_read, S1)
    play.deliver("ReadHeartbeat", S1, S2)
    play.deliver("ReadHeartbeatAnswer", S2, S1)
    assert play.refuses(confirm_read, S1)
    play.confirm(S1, S3)
    play.take(confirm_read, S1)


def test_a_new_leader_reads_only_after_an_entry_of_its_term_is_committed(play: Play) -> None:
    play.elect(S2, S3)
    assert play.refuses(ask_read, S2), "it knows nothing to be committed, and s1 does"
    play.commit(S2, S3)
    play.take(ask_read, S2)
    assert (play.s.read_index[S2], play.s.read_floor[S2]) == (2, 2)


def test_a_leader_that_was_replaced_unawares_cannot_answer(play: Play) -> None:
    play.elect(S2, S3)
    play.commit(S2, S3)
    play.take(ask_read, S1)
    assert (play.s.read_index[S1], play.s.read_floor[S1]) == (1, 2)
    play.take(send_read_heartbeat, S1, S3)
    play.deliver("ReadHeartbeat", S1, S3)
    assert not [m for m in contents(play.s.messages) if type(m).__name__ == "ReadHeartbeatAnswer"]
    assert play.refuses(confirm_read, S1)


def test_what_confirmed_a_leader_in_an_older_term_confirms_nothing_in_a_later_one(play: Play) -> None:
    play.take(ask_read, S1)
    play.confirm(S1, S2)
    play.elect(S2, S3)
    play.take(send_append, S2, S1, 1, 1)
    play.deliver("AppendEntries", S2, S1)
    assert play.refuses(confirm_read, S1), "it follows"
    play.take(ready, S1)
    play.elect(S1, S2)
    play.commit(S1, S2)
    assert play.refuses(confirm_read, S1), "nobody has asked in this term"
    play.take(ask_read, S1)
    assert play.refuses(confirm_read, S1), "s2 has confirmed another term's first round"
    play.confirm(S1, S2)
    play.take(confirm_read, S1)


def test_a_follower_hands_reads_to_its_leader_and_waits_until_it_has_applied_as_much(play: Play) -> None:
    play.take(forward_read, S2)
    play.deliver("ForwardRead", S2, S1)
    play.confirm(S1, S3)
    play.take(confirm_read, S1)
    assert play.s.answerable[S1] == (0, 0)
    play.deliver("ReadAnswer", S1, S2)
    assert play.s.answerable[S2] == (1, 1)
    assert play.refuses(answer_read, S2), "s2 does not know the entry to be committed"
    play.take(send_append, S1, S2, 1, 0)
    play.deliver("AppendEntries", S1, S2)
    play.take(answer_read, S2)


def test_whoever_knows_no_leader_forwards_nothing_and_a_leader_asks_itself(play: Play) -> None:
    assert play.refuses(forward_read, S1)
    play.take(ACTIONS["campaign"], S2)
    assert play.refuses(forward_read, S2)
    assert play.refuses(ask_read, S2)


def test_a_forwarded_read_stays_on_its_way_until_its_leader_may_note_an_index(play: Play) -> None:
    play.elect(S2, S3)
    play.s.leader[S3] = S2
    play.take(forward_read, S3)
    assert play.refuses(ACTIONS["receive_forwarded_read"], play.message("ForwardRead", S3, S2))
    play.commit(S2, S3)
    play.deliver("ForwardRead", S3, S2)


def test_a_joint_configuration_confirms_by_both_its_majorities(play: Play) -> None:
    play.take(change_jointly, S1, 1 << S1, Kind.IMPLICIT)
    play.commit(S1, S2)
    play.take(apply_change, S1)
    play.take(ask_read, S1)
    assert play.refuses(confirm_read, S1), "s1 alone is a majority of the new voters only"
    play.confirm(S1, S3)
    play.take(confirm_read, S1)


def test_a_proposal_does_not_hold_a_read_up(play: Play) -> None:
    play.take(propose, S1)
    play.take(ask_read, S1)
    play.confirm(S1, S2)
    play.take(confirm_read, S1)
    assert play.s.answerable[S1] == (1, 1), "what is not committed is not seen"
