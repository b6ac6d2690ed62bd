"""The events of a trace: what etcd's raft library logs of every transition and message (built `with_tla`).

A line is `{"ts": …, "tag": "trace", "event": {…}}`, whatever else the logger wraps around it. Our own servers write the
same form; what etcd leaves out stands in them under the key `raftproof`, and lines about reads are only theirs.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
"""A term, an index or a number of entries."""
Id: TypeAlias = str
"""A server's number as text; "0" is none."""
NONE: Final = "0"

Name = Literal[
    "InitState",
    "ApplyConfChange",
    "BecomeFollower",
    "BecomeCandidate",
    "BecomeLeader",
    "Replicate",
    "ChangeConf",
    "Commit",
    "Ready",
    "SendAppendEntriesRequest",
    "ReceiveAppendEntriesRequest",
    "SendAppendEntriesResponse",
    "ReceiveAppendEntriesResponse",
    "SendRequestVoteRequest",
    "ReceiveRequestVoteRequest",
    "SendRequestVoteResponse",
    "ReceiveRequestVoteResponse",
    "AskRead",
    "BeginRound",
    "AnswerRead",
    "SendReadIndexRequest",
    "ReceiveReadIndexRequest",
    "SendReadIndexResponse",
    "ReceiveReadIndexResponse",
]
Role = Literal["StateFollower", "StateCandidate", "StateLeader", "StatePreCandidate"]
Kind = Literal[
    "MsgApp",
    "MsgHeartbeat",
    "MsgSnap",
    "MsgAppResp",
    "MsgHeartbeatResp",
    "MsgVote",
    "MsgVoteResp",
    "MsgReadIndex",
    "MsgReadIndexResp",
]
Action = Literal["AddNewServer", "RemoveServer", "AddLearner"]

FOLLOWER: Final = "StateFollower"
CANDIDATE: Final = "StateCandidate"
LEADER: Final = "StateLeader"
PRE_CANDIDATE: Final = "StatePreCandidate"


class HardState(msgspec.Struct, frozen=True, gc=False):
    """What a server must not forget, and how far it knows the log to be committed."""

    term: Count
    vote: Id
    commit: Count


class Message(msgspec.Struct, frozen=True, gc=False, cache_hash=True, rename={
    "source": "from", "dest": "to", "log_term": "logTerm", "reject_hint": "rejectHint",
}):  # fmt: skip
    """The eleven keys of a message; what a kind does not use is 0."""

    type: Kind
    term: Count
    source: Id
    dest: Id
    entries: Count
    log_term: Count
    index: Count
    commit: Count
    vote: Id
    reject: bool
    reject_hint: Count


class Change(msgspec.Struct, frozen=True, gc=False):
    """One change of a configuration change."""

    nid: Id
    action: Action


class ConfChange(msgspec.Struct, frozen=True, gc=False):
    """What is proposed (`changes`), or the incoming voters of what is applied (`newconf`, absent if there are none)."""

    changes: tuple[Change, ...] | None = None
    newconf: tuple[Id, ...] = ()


class Properties(msgspec.Struct, frozen=True, gc=False):
    """What some events add: a configuration change, or the leader's own progress."""

    cc: ConfChange | None = None
    match: Count | None = None
    next: Count | None = None


class Beyond(msgspec.Struct, frozen=True, gc=False):
    """What our own servers log and etcd does not."""

    last_term: Count | None = None
    """The term of the log's last entry."""
    message: int | None = None
    """The message's number, unique for its sender."""
    terms: tuple[Count, ...] | None = None
    """The terms of the entries of a MsgApp; of a MsgSnap, the snapshot's term."""
    read: int | None = None
    """The name of a read, by which the server that was asked knows it."""
    round: Count | None = None
    """The round of reads that begins, or that a heartbeat or its answer carries."""
    index: Count | None = None
    """The index from which a read is answered."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One transition or message of one server, and the state that it shows."""

    name: Name
    nid: Id
    state: HardState
    role: Role
    log: Count
    """The last index, compacted entries included."""
    conf: tuple[tuple[Id, ...], tuple[Id, ...]]
    """The incoming and the outgoing voters; learners are never shown."""
    msg: Message | None = None
    prop: Properties | None = None
    raftproof: Beyond | None = None


class Line(msgspec.Struct, gc=False):
    """A line of a log file; only lines with the tag "trace" are events."""

    ts: float | str | None = None
    tag: str = ""
    event: Event | None = None


class Placed(msgspec.Struct, gc=False):
    """An event and where it stands."""

    file: str
    number: int
    event: Event
    time: float | str | None = None
