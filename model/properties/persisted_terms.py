"""What a server has told others survives its crash (Figure 2, persistent state), a property of steps."""

from __future__ import annotations

from typing import Protocol

from raftproof.checker.language import Map, Members
from raftproof.model.vocabulary import Server


class Persistent(Protocol):
    """A state that tells the disk from the memory."""

    servers: Members[Server]
    disk_term: Map[Server, int]


def persisted_terms(s: Persistent, t: Persistent) -> bool:
    """No step lowers the term on a server's disk; the one in memory falls where a crash comes before a write."""
    for i in s.servers:
        if t.disk_term[i] < s.disk_term[i]:
            return False
    return True
