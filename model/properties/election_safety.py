"""Election Safety (Figure 3, §5.2)."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import Role


def election_safety(s: Raft) -> bool:
    """At most one server leads a term."""
    for i in s.servers:
        for j in s.servers:
            if (
                i < j
                and s.role[i] == Role.LEADER
                and s.role[j] == Role.LEADER
                and s.current_term[i] == s.current_term[j]
            ):
                return False
    return True
