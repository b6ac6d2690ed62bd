"""Terms never fall (§5.1), a property of steps."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft


def monotonic_terms(s: Raft, t: Raft) -> bool:
    """No step lowers a server's current term."""
    for i in s.servers:
        if t.current_term[i] < s.current_term[i]:
            return False
    return True
