"""What a server knows of logs never gets less (Figure 2, volatile state), properties of steps."""

from __future__ import annotations

from typing import Any, Protocol

from raftproof.checker.language import Map, Seq
from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import Role, Server


class Matching(Raft, Protocol):
    """A state that shows what leaders know of others."""

    match_index: Map[Server, Map[Server, int]]


class Answering(Raft, Protocol):
    """A state that shows what answers wait for a disk."""

    outbox: Map[Server, Seq[Any]]


def match_monotonic(s: Matching, t: Matching) -> bool:
    """A match index never falls while its server leads."""
    for i in s.servers:
        if s.role[i] == Role.LEADER and t.role[i] == Role.LEADER and s.current_term[i] == t.current_term[i]:
            for j in s.servers:
                if t.match_index[i][j] < s.match_index[i][j]:
                    return False
    return True


def commit_monotonic(s: Answering, t: Answering) -> bool:
    """A commit index falls in a crash only, after which no answer waits."""
    for i in s.servers:
        if t.commit_index[i] < s.commit_index[i] and len(t.outbox[i]) > 0:
            return False
    return True
