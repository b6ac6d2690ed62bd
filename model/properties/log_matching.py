"""Log Matching (Figure 3, §5.3)."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft


def log_matching(s: Raft) -> bool:
    """Logs with an entry of the same index and term are identical up to it."""
    for i in s.servers:
        for j in s.servers:
            if i < j:
                same = True
                for k in range(1, min(len(s.log[i]), len(s.log[j])) + 1):
                    same = same and s.log[i][k] == s.log[j][k]
                    if s.log[i][k].term == s.log[j][k].term and not same:
                        return False
    return True
