"""The messages between servers. RequestVote, AppendEntries and InstallSnapshot are the paper's (Figures 2 and 13); the
others are the thesis's (pre-vote §9.6, leadership transfer §3.10, reads §6.4) and etcd's (heartbeats).

`wire_encoder` and `wire_decoder` turn one message into bytes and back: msgpack, an array that starts with the kind.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raftproof.impl.core.entries import Entry, Snapshot


class _Numbered(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True, tag=True):
    number: int = 0
    """The message's identity together with its source: set by the core while an observer watches, else 0."""


class Envelope(_Numbered, frozen=True, gc=False):
    """What every message carries."""

    term: int
    """The sender's current_term; in a pre-vote the term it would campaign in."""
    source: int
    dest: int


class RequestVote(Envelope, frozen=True, gc=False):
    """A candidate gathers votes (§5.2)."""

    last_log_index: int
    last_log_term: int
    transfer: bool = False
    """The leader asked for this election: the lease of check-quorum does not hold it back (thesis §4.2.3)."""


class RequestVoteResponse(Envelope, frozen=True, gc=False):
    """The answer to RequestVote."""

    vote_granted: bool


class RequestPreVote(Envelope, frozen=True, gc=False):
    """Would you vote for me in this term (thesis §9.6)? Changes nobody's term or vote."""

    last_log_index: int
    last_log_term: int


class RequestPreVoteResponse(Envelope, frozen=True, gc=False):
    """The answer to RequestPreVote: granted in the asked term, refused in the answerer's own."""

    vote_granted: bool


class AppendEntries(Envelope, frozen=True, gc=False):
    """A leader replicates entries (§5.3)."""

    prev_log_index: int
    prev_log_term: int
    entries: tuple[Entry, ...]
    leader_commit: int


class AppendEntriesResponse(Envelope, frozen=True, gc=False):
    """The answer to AppendEntries and InstallSnapshot."""

    index: int
    """On success the last index known to match the leader's log, else the refused prev_log_index."""
    success: bool
    hint_index: int = 0
    """On refusal: no entry after this one can match (§5.3, the optimization at its end)."""
    hint_term: int = 0
    """The term of the entry at `hint_index`."""


class Heartbeat(Envelope, frozen=True, gc=False):
    """A leader is alive. Never carries a commit index beyond what the receiver is known to hold."""

    leader_commit: int
    read_round: int = 0
    """The latest round of reads that wait for proof of leadership (thesis §6.4)."""


class HeartbeatResponse(Envelope, frozen=True, gc=False):
    """The answer to Heartbeat."""

    read_round: int = 0


class InstallSnapshot(Envelope, frozen=True, gc=False):
    """A leader sends what it no longer has as entries (§7); whole, where the paper sends chunks."""

    snapshot: Snapshot


class TimeoutNow(Envelope, frozen=True, gc=False):
    """A leader asks its successor to campaign at once (thesis §3.10)."""


class Forward(Envelope, frozen=True, gc=False):
    """Proposals that a follower passes on to the leader (thesis §6.2). Its loss is the loss of the proposals."""

    entries: tuple[Entry, ...]
    """With term and index 0: the leader sets them."""


class ForwardRead(Envelope, frozen=True, gc=False):
    """A read that a follower passes on to the leader (thesis §6.4)."""

    id: int


class ForwardReadResponse(Envelope, frozen=True, gc=False):
    """The leader's answer: apply up to `index`, then read."""

    id: int
    index: int


Message: TypeAlias = (
    RequestVote
    | RequestVoteResponse
    | RequestPreVote
    | RequestPreVoteResponse
    | AppendEntries
    | AppendEntriesResponse
    | Heartbeat
    | HeartbeatResponse
    | InstallSnapshot
    | TimeoutNow
    | Forward
    | ForwardRead
    | ForwardReadResponse
)

wire_encoder = msgspec.msgpack.Encoder()
wire_decoder = msgspec.msgpack.Decoder(Message)
