"""State Machine Safety (Figure 3, §5.4.3)."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft


def state_machine_safety(s: Raft) -> bool:
    """No two servers know different entries to be committed at the same index."""
    for i in s.servers:
        for j in s.servers:
            if i < j:
                shared = min(min(s.commit_index[i], len(s.log[i])), min(s.commit_index[j], len(s.log[j])))
                for k in range(1, shared + 1):
                    if s.log[i][k] != s.log[j][k]:
                        return False
    return True
