"""A commit index never points past its log: the bound that the other properties of commitment rest on."""

from __future__ import annotations

from raftproof.model.properties.shared import Raft


def commit_in_log(s: Raft) -> bool:
    """Every server has what it knows to be committed."""
    for i in s.servers:
        if s.commit_index[i] > len(s.log[i]):
            return False
    return True
