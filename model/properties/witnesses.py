"""What a search must have seen, lest its silence mean nothing."""

from __future__ import annotations

from typing import Protocol

from raftproof.checker.language import Map
from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import NIL, Role, Server


class Voting(Raft, Protocol):
    """A state that shows who voted for whom."""

    voted_for: Map[Server, Server]


def leader_elected(s: Raft) -> bool:
    """A server leads."""
    for i in s.servers:
        if s.role[i] == Role.LEADER:
            return True
    return False


def entry_committed(s: Raft) -> bool:
    """A server knows an entry to be committed."""
    for i in s.servers:
        if s.commit_index[i] > 0:
            return True
    return False


def log_truncated(s: Raft, t: Raft) -> bool:
    """A step takes an entry out of a log."""
    for i in s.servers:
        if len(t.log[i]) < len(s.log[i]):
            return True
    return False


def votes_split(s: Voting, t: Voting) -> bool:
    """A term passes without a leader: all servers voted in it, none has a quorum, and one moves on."""
    moved = False
    for i in s.servers:
        moved = moved or t.current_term[i] > s.current_term[i]
        votes = 0
        for j in s.servers:
            if s.current_term[j] != s.current_term[i] or s.voted_for[j] == NIL:
                return False
            if s.voted_for[j] == i:
                votes += 1
        if 2 * votes > len(s.servers):
            return False
    return moved


def two_leaders(s: Raft) -> bool:
    """Two servers lead at once, in different terms: the older one does not know it yet."""
    for i in s.servers:
        for j in s.servers:
            if s.role[i] == Role.LEADER and s.role[j] == Role.LEADER and s.current_term[i] < s.current_term[j]:
                return True
    return False
