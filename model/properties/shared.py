"""The fields of a state that the properties speak of; every model of Raft has them."""

from __future__ import annotations

from typing import Protocol

from raftproof.checker.language import Map, Members, Seq
from raftproof.model.vocabulary import Entry, Role, Server


class Raft(Protocol):
    """What a property may look at."""

    servers: Members[Server]
    current_term: Map[Server, int]
    role: Map[Server, Role]
    log: Map[Server, Seq[Entry]]
    commit_index: Map[Server, int]
