"""Models that begin in the middle of things: the states in which they begin are ones that a new cluster can reach."""

from __future__ import annotations

import pytest

from raftproof.checker.language import Interpreter, Layout
from raftproof.checker.language.containers import contents
from raftproof.model.deployed import Deployed, everything
from raftproof.model.deployed.membership import What, apply_change, change_one
from raftproof.model.deployed.models import init_led, init_removed, init_removing
from raftproof.model.deployed.network import drop_message
from raftproof.model.deployed.replication import count_own_entries, send_append
from raftproof.model.deployed.storage import ready
from raftproof.model.vocabulary import Server
from tests.model.test_deployed import ACTIONS, BOUNDS, S1, S2, S3, Play

FOLLOWERS = (S2, S3)
LAYOUT = Layout(Deployed, BOUNDS)


def elected() -> Play:
    """All vote for s1, which has its first entry on its disk."""
    (state,) = Interpreter(everything, LAYOUT).initial_states()
    play = Play(LAYOUT.decode(state))
    play.take(ACTIONS["campaign"], S1)
    play.take(ready, S1)
    for voter in FOLLOWERS:
        play.take(ACTIONS["request_vote"], S1, voter)
        play.deliver("RequestVote", S1, voter)
        play.take(ready, voter)
    play.take(ACTIONS["count_own_vote"], S1)
    for voter in FOLLOWERS:
        play.deliver("VoteAnswer", voter, S1)
    play.take(ready, S1)
    return play


def store(play: Play, index: int) -> None:
    """The followers have the leader's entry on their disks; their answers are on their way."""
    for follower in FOLLOWERS:
        play.take(send_append, S1, follower, index - 1, 1)
    for follower in FOLLOWERS:
        play.deliver("AppendEntries", S1, follower)
        play.take(ready, follower)


def learn(play: Play, index: int) -> None:
    """The leader counts its own entry and theirs."""
    play.take(count_own_entries, S1, index)
    for follower in FOLLOWERS:
        play.deliver("AppendAnswer", follower, S1)


def test_a_first_entry_is_committed_and_only_its_leader_knows() -> None:
    play = elected()
    store(play, 1)
    learn(play, 1)
    begun = LAYOUT.new()
    init_led(begun, Server(S1))
    assert LAYOUT.encode(play.s) == LAYOUT.encode(begun)


@pytest.mark.parametrize("left", [S1, S2, S3])
def test_a_removal_is_stored_by_all_and_nobody_or_only_its_leader_knows(left: int) -> None:
    play = elected()
    store(play, 1)
    play.take(change_one, S1, left, What.REMOVE)
    play.take(ready, S1)
    store(play, 2)
    learn(play, 1)
    known = play.twin()
    for follower in FOLLOWERS:
        (answer,) = (m for m in contents(play.s.messages) if m.source == follower)
        play.take(drop_message, answer)
    begun = LAYOUT.new()
    init_removing(begun, Server(S1), Server(left))
    assert LAYOUT.encode(play.s) == LAYOUT.encode(begun)
    learn(known, 2)
    known.take(apply_change, S1)
    begun = LAYOUT.new()
    init_removed(begun, Server(S1), Server(left))
    assert LAYOUT.encode(known.s) == LAYOUT.encode(begun)
