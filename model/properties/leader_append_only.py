"""Leader Append-Only (Figure 3, §5.3), a property of steps."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import Role


def leader_append_only(s: Raft, t: Raft) -> bool:
    """A server that leads before and after a step has lost and changed no entry in it."""
    for i in s.servers:
        if s.role[i] == Role.LEADER and t.role[i] == Role.LEADER:
            if len(t.log[i]) < len(s.log[i]):
                return False
            for k in range(1, len(s.log[i]) + 1):
                if t.log[i][k] != s.log[i][k]:
                    return False
    return True
