"""Why a change goes unseen, a condition refuses nothing, or a field is not compared: in words, for the pages."""

from __future__ import annotations

from typing import Final

UNSEEN: Final = (
    (
        "log",
        "InitState",
        "undetermined: a server that first starts with entries has a past that the trace does not show",
    ),
    ("double", "InitState", "a server may start twice before it does anything"),
    ("double", "BecomeFollower", "a pre-vote may have been refused, which is not logged"),
    ("drop", "ChangeConf", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("msg.type", "Send", "a leader may send another message of the same fields"),
    ("nid", "Ready", "another server in the same state may be ready, too"),
    ("name", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Ready", "a Ready without news changes nothing; `--strict` demands one between a message and its receipt"),
    ("drop", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Commit", "an attempt that commits nothing leaves no mark"),
    ("drop", "Send", "a message that is never received might not have been sent; a repeated one was sent before"),
    ("drop", "Receive", "an answer that tells nothing new leaves no mark"),
    ("drop", "ApplyConfChange", "a change that leaves the voters as they are may still be unapplied"),
    ("drop", "", "what shows the same as the line before it, or the last line of a server, leaves no mark"),
    ("double", "", "messages may be sent and received twice; a Ready and a refused proposal may come twice"),
    ("swap", "", "lines of different servers without a message between them may stand in any order"),
    ("msg.index", "Send", "a leader may send any part of its log; nobody received the message"),
    ("msg.logTerm", "Send", "see index"),
    ("msg.entries", "Send", "a leader may send fewer entries than it has, and a snapshot of any committed index"),
    (
        "msg.commit",
        "SendAppendEntriesRequest",
        "a heartbeat may tell less than is known; `--strict` demands exactly that",
    ),
    ("msg", "Receive", "an equal message was sent before, too; or it is an old one that is ignored either way"),
    ("msg.to", "Send", "a leader may send the same to another member"),
    ("role", "", "a follower may have become a pre-candidate, which is not logged"),
    ("name", "", "one of two Readys, or attempts to commit, more or less"),
    ("prop.cc", "ChangeConf", "the changed entry is never applied in the trace"),
    ("prop", "SendAppendEntriesRequest", "a leader that was removed has no progress of its own"),
    ("state", "", "the last line of a server, or one whose hidden cause is possible"),
    ("", "", "the change leads to another legal trace"),
)
"""Why a change may go unseen: the first that fits its kind and its event."""

_UNLOGGED: Final = "no line shows this step: "
_SETTING: Final = "a hidden setting of the run: a step is tried with the one that allows it, which is kept"
_SHOWN: Final = "every line shows the role, and it is compared before the step is tried"
_SWITCH: Final = "counts only while a rule is switched off, as none is for a trace"
_RESTORED: Final = (
    "a change is committed after the snapshot only by an append, which a Ready follows, too; shown in "
    "`tests/traces/test_departures.py`"
)
_LEFT: Final = "in no changed trace does a leader that was removed, and leads on, take a proposal"
_DISK: Final = (
    "which of the states that a crash may leave was found is searched in `traces/conformance/storage.py`, and shown by "
    "the lines after; the model restarts from that one"
)

UNREFUSED: Final[tuple[tuple[str, str], ...]] = (
    ("election.campaign: s.pre_vote", f"{_SETTING}; TimeoutNow, which is not logged, lets anybody campaign at once"),
    ("election.request_vote: s.role", _SHOWN),
    ("election.request_vote: is_written", "a trace is followed without `request_persisted`: etcd need not keep to it"),
    ("election.count_own_vote", "a server's vote for itself is a message to itself: `receive_vote_answer` takes it"),
    ("replication.count_own_entries", "a leader's own log is a message to itself: `receive_append_answer` takes it"),
    ("replication.send_append: prev < s.compacted", "what was discarded is known only after a restart or a snapshot"),
    ("lease.request_pre_vote", f"{_UNLOGGED}a request for a pre-vote"),
    ("lease.count_own_pre_vote", f"{_UNLOGGED}it is tried where a pre-candidate became a candidate, and may be over"),
    ("lease.ignore_under_lease: m.term", "asked only of a request of a newer term"),
    ("lease.step_down: s.role", "tried only of a server that leads"),
    ("lease.transfer", f"{_UNLOGGED}TimeoutNow"),
    ("membership.propose_change: kind", "a line without changes of membership is no ChangeConf: it is malformed"),
    (
        "membership.change_one",
        "the form of `propose_change` that is explored; a trace has `propose_change`",
    ),
    ("membership.change_jointly", "the form of `propose_change` that is explored; see above"),
    ("membership.leave_joint", "the form of `propose_change` that is explored; see above"),
    ("storage.ready", "a Ready that writes nothing is legal: it may carry messages alone"),
    ("storage.restart", _DISK),
    ("storage.may_be_left", _DISK),
    ("storage.compact", f"{_UNLOGGED}discarding entries"),
    ("membership.apply_change: s.snapshot", _RESTORED),
    ("replication.propose: is_member", _LEFT),
    ("membership.may_change: is_member", _LEFT),
    (
        "lease.step_down: s.check_quorum",
        "one condition with `is_voter` beside it, which is named: both are false there",
    ),
    ("reads.receive_forwarded_read", "a read that comes too early waits; the line that takes it is BeginRound"),
    ("reads.send_read_heartbeat", "a heartbeat that carries no round is legal"),
    ("reads.confirm_read", "asked only of a leader, of a round that it has begun"),
    ("reads.answer_read", "no line shows when a read whose index is known is answered"),
    ("storage.send_snapshot: s.match_index", "progress that `--strict` does not demand, for discarding is not logged"),
)
"""Why a clause refused nothing, by how its name begins."""
UNDECIDED: Final[tuple[tuple[str, str], ...]] = (
    ("parts.is_written", "asked by `request_persisted`, without which a trace is followed"),
    ("parts.become_follower", f"`keep_vote_on_step_down`: {_SWITCH}"),
    ("parts.is_majority: some", f"`quorum_majority`: {_SWITCH}"),
    ("parts.post", f"`vote_persisted` and `log_persisted`: {_SWITCH}"),
    ("parts.is_up_to_date: last_log_index > length", f"`last_term_first`: {_SWITCH}"),
    ("parts.is_up_to_date: last_log_index == length", f"`last_term_first`: {_SWITCH}"),
    ("parts.is_up_to_date: last_log_term >= mine", f"`last_term_first`: {_SWITCH}"),
    ("parts.release", "an answer is compared when it is given; when it left is seen by who received it"),
    ("parts.take: is_last", f"`truncate_on_conflict`: {_SWITCH}"),
    ("replication.send_append: count", "the entries of an append are not logged"),
    ("replication.receive_append: s.role[i] != Role.FOLLOWER", f"`refuse_stale`: {_SWITCH}"),
    ("replication.answer_stale_leader", f"{_SETTING}: either is enough"),
    (
        "replication.hint: k < s.compacted",
        "no hint lies below the commit index, and only what is committed is discarded",
    ),
    ("lease.receive_pre_vote_request", f"{_UNLOGGED}a request for a pre-vote"),
    ("lease.receive_pre_vote_answer: m.term", f"{_UNLOGGED}an answer to it; the term is the one that a line shows"),
    ("lease.receive_timeout_now", f"{_UNLOGGED}TimeoutNow"),
    ("membership.change_one", "the form of `propose_change` that is explored"),
    ("membership.change_jointly", "the form of `propose_change` that is explored"),
    ("storage.is_clean", "a Ready that writes nothing is legal"),
    (
        "election.receive_vote_request: s.voted_for[i] == NIL (2)",
        "nobody is asked again by whom it voted for and follows",
    ),
    ("parts.has_won: is_majority(s, granted(s, i, old)", "in no trace do the outgoing voters alone decide an election"),
    ("replication.receive_append: s.role[i] == Role.LEADER", "its sender leads the term, and nobody else does"),
    ("replication.receive_heartbeat: s.role[i] != Role.LEADER", "its sender leads the term, and nobody else does"),
    ("lease.count_pre_vote: has_won", "turned round in one answer, the next one wins all the same"),
    (
        "storage.receive_snapshot: m.term > s.current_term",
        "no snapshot in the traces is of a term newer than its receiver's",
    ),
    ("reads.receive_read_heartbeat: m.term >", "the heartbeat that carries the round has brought the term"),
    ("storage.restart", _DISK),
    ("storage.may_be_left", _DISK),
)
"""Why a clause decided nothing, by how its name begins."""
_READ: Final = "the name of a read: an answer under another name is rejected"
UNCOMPARED: Final[tuple[tuple[str, str], ...]] = (
    ("ChangeConf prop.cc.changes", "what is proposed is seen when it is applied: rejected there"),
    ("ChangeConf prop.cc.newconf", "means nothing on this line; it is always empty"),
    ("AskRead raftproof.read", _READ),
    ("SendReadIndexRequest raftproof.read", _READ),
    ("ReceiveReadIndexRequest raftproof.read", _READ),
    ("ReceiveReadIndexResponse raftproof.read", _READ),
    ("Send", "a number is compared where the message is received"),
)
"""Why no change of a field was rejected at its line."""


def why_unseen(kind: str, event: str) -> str:
    """Why such a change may go unseen."""
    return next(text for k, e, text in UNSEEN if kind.startswith(k) and event.startswith(e))


def why_unrefused(clause: str) -> str:
    """Why a clause at which an action answers False refused no step of a changed trace."""
    return _first(UNREFUSED, clause)


def why_undecided(clause: str) -> str:
    """Why turning a clause round explained no changed trace."""
    return _first(UNDECIDED, clause)


def why_uncompared(name: str) -> str:
    """Why no change of a field was rejected at its line."""
    if name.endswith("msg.type"):
        return "there is one kind of message that the line may carry"
    return _first(UNCOMPARED, name)


def _first(reasons: tuple[tuple[str, str], ...], name: str) -> str:
    return next((text for begin, text in reasons if name.startswith(begin)), "no changed trace reached it")
