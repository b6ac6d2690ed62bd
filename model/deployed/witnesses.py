"""What a search of a feature must have seen, lest its silence mean nothing."""

from __future__ import annotations

from raftproof.model.deployed.reads import Reading, is_reading
from raftproof.model.deployed.state import Deployed, Role
from raftproof.model.vocabulary import NIL


def answer_waited(s: Deployed) -> bool:
    """An answer waits for a disk that lacks what it promises."""
    for i in s.servers:
        if len(s.outbox[i]) > 0 and s.disk_term[i] < s.current_term[i]:
            return True
    return False


def write_lost(s: Deployed, t: Deployed) -> bool:
    """A crash takes a server back to a term that it had left."""
    for i in s.servers:
        if t.current_term[i] < s.current_term[i]:
            return True
    return False


def pre_candidate_led(s: Deployed, t: Deployed) -> bool:
    """A server that only asked around is told of a term that others are in already."""
    for i in s.servers:
        if s.role[i] == Role.PRE_CANDIDATE and t.role[i] == Role.FOLLOWER and t.current_term[i] > s.current_term[i]:
            return True
    return False


def leader_gave_up(s: Deployed, t: Deployed) -> bool:
    """A leader steps down within its term."""
    for i in s.servers:
        if s.role[i] == Role.LEADER and t.role[i] == Role.FOLLOWER and t.current_term[i] == s.current_term[i]:
            return True
    return False


def snapshot_installed(s: Deployed, t: Deployed) -> bool:
    """A server takes a snapshot in the place of entries that it never had."""
    for i in s.servers:
        if t.snapshot[i].last_index > len(s.log[i]):
            return True
    return False


def membership_changed(s: Deployed, t: Deployed) -> bool:
    """A server applies a change of who votes."""
    for i in s.servers:
        if t.configuration[i].voters != s.configuration[i].voters:
            return True
    return False


def learner_caught_up(s: Deployed) -> bool:
    """A leader knows a learner to have all that is committed, something at least."""
    for i in s.servers:
        for j in s.servers:
            is_learner = s.configuration[i].learners >> j & 1 == 1
            if is_learner and s.commit_index[i] > 0 and s.match_index[i][j] >= s.commit_index[i]:
                return True
    return False


def joint_left(s: Deployed, t: Deployed) -> bool:
    """A server leaves a joint configuration."""
    for i in s.servers:
        if s.configuration[i].outgoing != 0 and t.configuration[i].outgoing == 0:
            return True
    return False


def read_answered(s: Reading, t: Reading) -> bool:
    """A server answers its client."""
    for i in s.servers:
        if s.answerable[i].read_index > 0 and t.answerable[i].read_index == 0:
            return True
    return False


def stale_leader_asked(s: Reading) -> bool:
    """A read waits at a leader that was replaced unawares, and knows less than is committed."""
    for i in s.servers:
        if is_reading(s, i) and s.reader[i] != NIL and s.read_index[i] < s.read_floor[i]:
            return True
    return False
