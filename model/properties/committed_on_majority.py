"""What is committed is on the disks of a majority (§5.3), where the members do not change."""

from __future__ import annotations

from typing import Protocol

from raftproof.checker.language import Map, Seq
from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import Entry, Server


class Stored(Raft, Protocol):
    """A state that tells the disk from the memory."""

    disk_log: Map[Server, Seq[Entry]]


def committed_on_majority(s: Stored) -> bool:
    """What a server knows to be committed, a majority has on its disks: no crash can undo it."""
    for i in s.servers:
        for k in range(1, min(s.commit_index[i], len(s.log[i])) + 1):
            count = 0
            for j in s.servers:
                if len(s.disk_log[j]) >= k and s.disk_log[j][k] == s.log[i][k]:
                    count += 1
            if 2 * count <= len(s.servers):
                return False
    return True
