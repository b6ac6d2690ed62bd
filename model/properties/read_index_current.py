"""A linearizable read sees everything that was committed before it was asked (thesis §6.4; §8)."""

from __future__ import annotations

from typing import Any, Protocol

from raftproof.checker.language import Map, Members
from raftproof.model.vocabulary import Server


class Reading(Protocol):
    """A state that shows which reads may be answered, and what was committed anywhere when their rounds began."""

    servers: Members[Server]
    answerable: Map[Server, Any]


def read_index_current(s: Reading) -> bool:
    """A read is answered from an index at least as high as what any server knew to be committed when it was asked."""
    for i in s.servers:
        if s.answerable[i].read_index < s.answerable[i].read_floor:
            return False
    return True
