"""The words that every model of Raft shares."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, NamedTuple, TypeAlias

from raftproof.checker.language import Symmetric, UpTo, Within

Term: TypeAlias = Annotated[int, UpTo("max_term")]
"""A term (§5.1): 1, 2, 3, …; 0 stands for no term."""
Index: TypeAlias = Annotated[int, Within("max_log + 1")]
"""A place in a log: the first entry has index 1; 0 stands before it. `next_index` may point one past a full log."""


class Server(Symmetric):
    """A member of the cluster."""


class Value(Symmetric):
    """Something a client asks for."""


class Role(IntEnum):
    """What a server is at a time (§5.1)."""

    FOLLOWER = 0
    CANDIDATE = 1
    LEADER = 2


NIL: Final = Server(-1)
"""No server."""


class Entry(NamedTuple):
    """An entry of a log: the term in which the leader received it, and what the client asked for."""

    term: Term
    value: Value


NO_ENTRY: Final = Entry(0, Value(0))
"""What an AppendEntries without an entry carries, a heartbeat."""
