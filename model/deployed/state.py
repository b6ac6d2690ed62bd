"""The state of a cluster as it is deployed: what each server holds in memory, what its disk holds, what is in flight.

```
            compacted    snapshot.last_index   applied   commit_index        len(log)
   ───────────┼───────────────┼──────────────┼───────────┼─────────────────┤
   ghost      │ what a server can look at and send ...
```
`docs/adr/deployed.md` says why it is cut like this.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Final, NamedTuple, TypeAlias

from raftproof.checker.language import (
    AtMost,
    Bag,
    LogView,
    Map,
    Members,
    Model,
    OrNil,
    Seq,
    Set,
    State,
    SubsetOf,
    Within,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Index, Server, Term

Servers: TypeAlias = Annotated[int, SubsetOf(Server)]
"""A set of servers as a value: bit i says whether server i is in it."""
Few: TypeAlias = Annotated[int, Within("2")]
"""How many entries an append carries."""

NO_SERVERS: Final = 0


class Role(IntEnum):
    """What a server is at a time (§5.1, thesis §9.6); the first three as in the published specification."""

    FOLLOWER = 0
    CANDIDATE = 1
    LEADER = 2
    PRE_CANDIDATE = 3


class Kind(IntEnum):
    """What an entry is: for the state machine, or a change of membership and how it is entered (thesis chapter 4)."""

    NORMAL = 0
    AUTO = 1
    """Joint only if it is about more than one server; the leader leaves it by itself."""
    IMPLICIT = 2
    """Joint; the leader leaves it by itself."""
    EXPLICIT = 3
    """Joint until somebody proposes to leave."""
    LEAVE = 4
    """Leaves the joint configuration."""


class Promise(IntEnum):
    """What an answer is an answer to."""

    VOTE = 0
    PRE_VOTE = 1
    APPEND = 2
    HEARTBEAT = 3


class Entry(NamedTuple):
    """An entry of a log: the term in which the leader received it, and what becomes of the membership."""

    term: Term
    kind: Kind
    added: Servers
    """Become voters."""
    removed: Servers
    """Become strangers."""
    learners: Servers
    """Become learners."""


NO_ENTRY: Final = Entry(0, 0, NO_SERVERS, NO_SERVERS, NO_SERVERS)  # type: ignore[arg-type]  # compiled, a number


class Configuration(NamedTuple):
    """Who votes (§6). `outgoing` is empty but in a joint configuration (thesis §4.3)."""

    voters: Servers
    """C_new in a joint configuration."""
    outgoing: Servers
    """C_old in a joint configuration."""
    learners: Servers
    """Receive entries, and do not vote; none of them is a voter, new or old."""
    learners_next: Servers
    """Voters of C_old that become learners when it is left."""
    auto_leave: bool
    """The leader itself proposes to leave."""


class Snapshot(NamedTuple):
    """What a snapshot stands for: all entries up to an index, and the configuration there (§7)."""

    last_index: Index
    configuration: Configuration


class Answer(NamedTuple):
    """An answer that waits for the disk."""

    kind: Promise
    dest: Server
    term: Term
    reject: bool
    log_index: Index
    """What matches, or where the refused append began."""
    hint_index: Index
    hint_term: Term


class RequestVote(NamedTuple):
    """A candidate asks for a vote."""

    term: Term
    last_log_index: Index
    last_log_term: Term
    source: Server
    dest: Server


class VoteAnswer(NamedTuple):
    """A vote, or its refusal."""

    term: Term
    reject: bool
    source: Server
    dest: Server


class RequestPreVote(NamedTuple):
    """Would you vote for me in this term? Changes nobody's term or vote (thesis §9.6)."""

    term: Term
    last_log_index: Index
    last_log_term: Term
    source: Server
    dest: Server


class PreVoteAnswer(NamedTuple):
    """Granted in the term that was asked about, refused in the answerer's own."""

    term: Term
    reject: bool
    source: Server
    dest: Server


class AppendEntries(NamedTuple):
    """A leader sends entries, or none."""

    term: Term
    prev_log_index: Index
    prev_log_term: Term
    entries: Few
    first: Entry
    second: Entry
    commit: Index
    source: Server
    dest: Server


class AppendAnswer(NamedTuple):
    """A follower says what matches, or refuses, with a hint of where to go on (§5.3)."""

    term: Term
    reject: bool
    log_index: Index
    hint_index: Index
    hint_term: Term
    source: Server
    dest: Server


class Heartbeat(NamedTuple):
    """A leader is alive."""

    term: Term
    commit: Index
    """No more than what the receiver is known to hold."""
    source: Server
    dest: Server


class HeartbeatAnswer(NamedTuple):
    """A follower is alive."""

    term: Term
    source: Server
    dest: Server


class InstallSnapshot(NamedTuple):
    """A leader sends what it no longer has as entries (§7)."""

    term: Term
    last_index: Index
    last_term: Term
    configuration: Configuration
    source: Server
    dest: Server


class TimeoutNow(NamedTuple):
    """A leader asks its successor to campaign at once (thesis §3.10)."""

    term: Term
    source: Server
    dest: Server


FromLeader = AppendEntries | Heartbeat | InstallSnapshot
Message = (
    RequestVote
    | VoteAnswer
    | RequestPreVote
    | PreVoteAnswer
    | AppendEntries
    | AppendAnswer
    | Heartbeat
    | HeartbeatAnswer
    | InstallSnapshot
    | TimeoutNow
)


class Deployed(State):
    """One state of the whole cluster."""

    servers: Members[Server]

    # Of a run: they never change.
    pre_vote: bool
    check_quorum: bool

    # In memory.
    current_term: Map[Server, Term]  # never falls, but by a restart to an older Ready
    voted_for: Map[Server, OrNil[Server]]  # set once a term
    role: Map[Server, Role]
    leader: Map[Server, OrNil[Server]]  # of current_term, as far as it is known
    log: Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]  # whole: compacted entries are kept as a ghost
    commit_index: Map[Server, Index]  # <= len(log)
    applied: Map[Server, Index]  # every change of membership up to here is applied; <= commit_index
    configuration: Map[Server, Configuration]  # as of applied
    votes_granted: Map[Server, Set[Server]]  # empty but of a candidate or pre-candidate
    votes_refused: Map[Server, Set[Server]]  # shares nobody with votes_granted
    match_index: Map[Server, Map[Server, Index]]  # zero but of a leader; <= len(log)
    pending_change: Map[Server, Index]  # of a leader: no change is proposed before this is applied
    compacted: Map[Server, Index]  # the last entry that was discarded; <= snapshot.last_index
    snapshot: Map[Server, Snapshot]  # the latest; .last_index <= commit_index
    outbox: Map[Server, Annotated[Seq[Answer], AtMost("max_held")]]

    # On disk, as of the last Ready that was persisted.
    disk_term: Map[Server, Term]  # <= current_term
    disk_vote: Map[Server, OrNil[Server]]
    disk_commit: Map[Server, Index]
    disk_log: Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]
    disk_snapshot: Map[Server, Snapshot]
    stored: Map[Server, Index]  # log and disk_log are known to agree up to here

    messages: Annotated[Bag[Message], AtMost("max_in_flight", copies="max_copies")]


everything = Model(
    "deployed_everything",
    Deployed,
    bounds={"servers": 3, "max_term": 2, "max_log": 1, "max_in_flight": 1, "max_copies": 1, "max_held": 1},
    rules=Rule,
    view=LogView(
        log="log",
        commit_index="commit_index",
        current_term="current_term",
        role="role",
        match_index="match_index",
    ),
)
"""All actions: the catalogue that the explored models choose from, and what a trace is held against."""
