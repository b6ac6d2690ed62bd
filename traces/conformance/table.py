"""The mapping, event by event: which actions of `model/deployed` a line stands for, what is compared, what is hidden.

This table is what `docs/conformance.md` shows, and what a run follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from raftproof.traces.conformance import elections, hearing, leading, lifecycle, proposing, reads
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.server import Server
from raftproof.traces.events import Event

Follow: TypeAlias = Callable[[Cluster, Server, Event], None]


class Row(NamedTuple):
    """One kind of line."""

    event: str
    actions: tuple[str, ...]
    """Of the model. They are tried when the line begins a step, or with the answer that it leads to."""
    state: str
    """Whether the line shows the state before or after the step."""
    compared: str
    """Beside term, vote, commit, role, log and conf, which every line shows."""
    hidden: str
    """What no line shows, and how it is found."""
    follow: Follow


TABLE: Final = (
    Row(
        "InitState",
        (),
        "term 0, no vote, nobody; commit is what was discarded",
        "the length of the log is one that the disk may hold",
        "which Ready was the last on the disk, and how much of the next: looked for among those that were not surely "
        "persisted; the lines that follow decide",
        lifecycle.init_state,
    ),
    Row(
        "ApplyConfChange",
        ("apply_change", "receive_snapshot"),
        "before",
        "the voters of the new configuration, against what the next committed change makes of the one in force; at a "
        "start and of a snapshot, against what was in force there",
        "learners; whether a single change goes through a joint configuration: the next line shows it",
        lifecycle.apply_change,
    ),
    Row(
        "BecomeFollower",
        ("restart", "receive_pre_vote_answer", "step_down", "pre_campaign"),
        "after",
        "owed after a message of a newer term, of the term's leader, and a lost election; at a start, term and vote of "
        "one Ready, its commit index or an older one",
        "without such a message: one that is not logged had a term in which another server was; a leader stepped down "
        "for want of a majority (check-quorum), or because it was removed; a pre-vote was refused",
        elections.become_follower,
    ),
    Row(
        "BecomeCandidate",
        ("campaign", "count_own_pre_vote", "receive_pre_vote_answer"),
        "after",
        "only a voter campaigns, and only once no committed change waits; every voter is asked next",
        "the pre-vote that was won, or the TimeoutNow",
        elections.become_candidate,
    ),
    Row(
        "BecomeLeader",
        ("receive_vote_answer",),
        "after",
        "owed when the votes of the majorities have come, and only then; nobody led the term before, and every "
        "committed entry is in the log",
        "",
        elections.become_leader,
    ),
    Row(
        "Replicate",
        ("propose",),
        "before",
        "the log is longer when the leader acknowledges it to itself",
        "",
        proposing.replicate,
    ),
    Row(
        "ChangeConf",
        ("propose_change", "leave_joint"),
        "before",
        "no change is pending, none of an older term waits, and no joint configuration is in force",
        "how the configuration is entered; where it stands among entries that are proposed with it",
        proposing.change_conf,
    ),
    Row(
        "Commit",
        ("receive_append_answer", "apply_change"),
        "after",
        "the commit index is the one of the model; without `--strict` also a lower one, if late answers lowered the "
        "leader's match_index",
        "",
        leading.commit,
    ),
    Row(
        "Ready",
        ("ready",),
        "current",
        "",
        "what of it reaches the disk, until an answer of it is received",
        lifecycle.ready,
    ),
    Row(
        "SendAppendEntriesRequest",
        ("send_append", "send_heartbeat", "send_snapshot", "send_read_heartbeat"),
        "current",
        "all eleven fields of the message, and the leader's own match and next",
        "next_index: any part of the log may be sent; `--strict`: none that is known to be there",
        leading.send_append_request,
    ),
    Row(
        "ReceiveAppendEntriesRequest",
        ("receive_append", "receive_heartbeat", "receive_snapshot"),
        "before",
        "the message was sent to this server, all eleven fields, and could leave",
        "its entries: what the leader of its term had in its log",
        hearing.receive_append_request,
    ),
    Row(
        "SendAppendEntriesResponse",
        (
            "receive_append",
            "receive_heartbeat",
            "receive_snapshot",
            "receive_read_heartbeat",
            "propose",
            "propose_change",
        ),
        "after",
        "all eleven fields, against the answer of the model",
        "entries that are not logged: one that leaves a joint configuration, one that changes no voter",
        proposing.send_append_answer,
    ),
    Row(
        "ReceiveAppendEntriesResponse",
        ("receive_append_answer", "receive_heartbeat_answer", "receive_read_heartbeat_answer"),
        "before",
        "the message was sent to this server, all eleven fields, and could leave",
        "",
        leading.receive_append_answer,
    ),
    Row(
        "SendRequestVoteRequest",
        ("request_vote",),
        "current",
        "all eleven fields; a voter that was not asked yet",
        "",
        elections.send_vote_request,
    ),
    Row(
        "ReceiveRequestVoteRequest",
        ("receive_vote_request", "ignore_under_lease"),
        "before",
        "the message was sent to this server, all eleven fields, and could leave",
        "whether a lease holds: the next line shows whether the newer term is taken",
        elections.receive_vote_request,
    ),
    Row(
        "SendRequestVoteResponse",
        ("receive_vote_request",),
        "before the vote is recorded",
        "all eleven fields, against the answer of the model",
        "",
        elections.send_vote_answer,
    ),
    Row(
        "ReceiveRequestVoteResponse",
        ("receive_vote_answer",),
        "before",
        "the message was sent to this server, all eleven fields, and could leave",
        "",
        elections.receive_vote_answer,
    ),
    Row(
        "AskRead",
        (),
        "current",
        "a leader is asked; the read waits for a round",
        "",
        reads.ask_read,
    ),
    Row(
        "BeginRound",
        ("ask_read", "receive_forwarded_read"),
        "current",
        "the number of the round; an entry of the leader's own term is committed",
        "",
        reads.begin_round,
    ),
    Row(
        "AnswerRead",
        ("confirm_read",),
        "current",
        "a round that began after the read was asked is confirmed by majorities, and the index is the one noted then",
        "when the state machine has applied as much (`answer_read`)",
        reads.answer_read,
    ),
    Row(
        "SendReadIndexRequest",
        ("forward_read",),
        "current",
        "all eleven fields: the leader that the server follows is asked",
        "",
        reads.send_read_request,
    ),
    Row(
        "ReceiveReadIndexRequest",
        (),
        "current",
        "the message was sent to this server, all eleven fields, and could leave; the read waits for a round",
        "",
        reads.receive_read_request,
    ),
    Row(
        "SendReadIndexResponse",
        ("confirm_read",),
        "current",
        "all eleven fields; as AnswerRead",
        "",
        reads.send_read_answer,
    ),
    Row(
        "ReceiveReadIndexResponse",
        ("receive_read_answer",),
        "current",
        "the message was sent to this server, all eleven fields, and could leave",
        "",
        reads.receive_read_answer,
    ),
)
FOLLOW: Final[dict[str, Follow]] = {row.event: row.follow for row in TABLE}
"""What follows each line that begins a step, or that no line before demands."""


def as_markdown() -> str:
    """The table for a page."""
    lines = ["| event | actions of the model | state shown | compared | hidden |", "|---|---|---|---|---|"]
    for row in TABLE:
        actions = ", ".join(f"`{name}`" for name in row.actions)
        lines.append(f"| {row.event} | {actions} | {row.state} | {row.compared} | {row.hidden} |")
    return "\n".join(lines)
