"""Watch a server: every transition and message, with the state after it, as plain dicts in the form of etcd's traces.

    raft = Raft(settings, …, observer=Trace(write))        # write(event) is called with each event, in order

The core calls its observer with raw facts; `Trace` makes of them the events that the etcd library logs (`with_tla`), in
the same order and with the same meaning of "before" and "after". Under the key "raftproof" stands what etcd leaves out:
the term of the last entry, and for a message its number and the terms of its entries. etcd logs nothing of reads; here
they have lines of their own, and a heartbeat and its answer say which round of reads they carry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import Change, Configuration, Entry, decode_change
from raftproof.impl.core.raft import Raft

Event: TypeAlias = dict[str, Any]

_ROLES = ("StateFollower", "StatePreCandidate", "StateCandidate", "StateLeader")
_ACTIONS = {Change.ADD_VOTER: "AddNewServer", Change.REMOVE: "RemoveServer", Change.ADD_LEARNER: "AddLearner"}
_NAMES: dict[type, tuple[str, str]] = {
    m.AppendEntries: ("AppendEntriesRequest", "MsgApp"),
    m.Heartbeat: ("AppendEntriesRequest", "MsgHeartbeat"),
    m.InstallSnapshot: ("AppendEntriesRequest", "MsgSnap"),
    m.AppendEntriesResponse: ("AppendEntriesResponse", "MsgAppResp"),
    m.HeartbeatResponse: ("AppendEntriesResponse", "MsgHeartbeatResp"),
    m.RequestVote: ("RequestVoteRequest", "MsgVote"),
    m.RequestVoteResponse: ("RequestVoteResponse", "MsgVoteResp"),
    m.ForwardRead: ("ReadIndexRequest", "MsgReadIndex"),
    m.ForwardReadResponse: ("ReadIndexResponse", "MsgReadIndexResp"),
}
"""What etcd logs of messages, and those of reads. Pre-votes, forwarded proposals and TimeoutNow are not logged."""
_UNLOGGED = frozenset({"BecomePreCandidate"})


class Trace:
    """An observer that gives every event to `write`."""

    def __init__(self, write: Callable[[Event], None]) -> None:
        """Where the events go."""
        self.write = write

    def __call__(self, name: str, raft: Raft, message: m.Message | None, about: Any) -> None:
        """Called by the core."""
        if message is not None:
            self._message(name, raft, message)
        elif name == "Bootstrap":
            self._bootstrap(raft, about)
        elif name == "Restart":
            self._restart(raft, about)
        elif name == "ApplyConfChange":
            self._write(name, raft, {"prop": {"cc": _new_configuration(about)}})
        elif name == "ChangeConf":
            self._change(raft, about)
        elif name == "AskRead":
            self._write(name, raft, {}, {"read": about})
        elif name == "BeginRound":
            self._write(name, raft, {}, {"round": about})
        elif name == "AnswerRead":
            self._write(name, raft, {}, {"read": about.id, "index": about.index})
        elif name not in _UNLOGGED:
            self._write(name, raft)

    def _message(self, name: str, raft: Raft, message: m.Message) -> None:
        named = _NAMES.get(type(message))
        if named is None:
            return
        rest: Event = {"msg": _fields(message, named[1])}
        if name == "Send" and type(message) is m.AppendEntries:
            own = raft.progress[raft.id]
            rest["prop"] = {"match": own.match_index, "next": own.next_index}
        beyond: Event = {"message": message.number}
        if type(message) is m.AppendEntries:
            beyond["terms"] = [entry.term for entry in message.entries]
        elif type(message) is m.InstallSnapshot:
            beyond["terms"] = [message.snapshot.term]
        elif isinstance(message, m.ForwardRead | m.ForwardReadResponse):
            beyond["read"] = message.id
        elif isinstance(message, m.Heartbeat | m.HeartbeatResponse) and message.read_round:
            beyond["round"] = message.read_round
        self._write(name + named[0], raft, rest, beyond)

    def _change(self, raft: Raft, entry: Entry) -> None:
        """A change of membership is proposed; to leave a joint configuration is not logged."""
        changes = [{"nid": str(id), "action": _ACTIONS[kind]} for kind, id in decode_change(entry.data).changes]
        if changes:
            self._write("ChangeConf", raft, {"prop": {"cc": {"changes": changes}}})

    def _bootstrap(self, raft: Raft, configuration: Configuration) -> None:
        """A founding server, as etcd logs it: an empty start, then one entry of term 1 per voter, stored, and applied
        twice: when it is appended and when it is committed."""
        empty = {"term": 0, "vote": "0", "commit": 0}
        blank: Event = {"nid": str(raft.id), "state": empty, "role": _ROLES[0], "log": 0, "conf": [[], []]}
        self.write({"name": "InitState", **blank})
        self.write({"name": "ApplyConfChange", **blank, "prop": {"cc": {}}})
        self.write({"name": "BecomeFollower", **blank})
        self.write({"name": "BecomeFollower", **blank, "state": {**empty, "term": 1}})
        voters = [str(id) for id in configuration.voters]
        last = len(voters)
        full = {**blank, "state": {"term": 1, "vote": "0", "commit": last}, "log": last}
        for known in range(last):
            change = {"prop": {"cc": {"newconf": voters[: known + 1]}}}
            self.write({"name": "ApplyConfChange", **full, "conf": [voters[:known], []], **change})
        full["conf"] = [voters, []]
        self.write({"name": "Ready", **full})
        for _ in voters:
            self.write({"name": "ApplyConfChange", **full, "prop": {"cc": {"newconf": voters}}})

    def _restart(self, raft: Raft, configuration: Configuration) -> None:
        """A server starts from what it stored: first only its log is known, then its configuration is applied, and the
        term, the vote and the commit index show at the event after that."""
        first: Event = {
            "nid": str(raft.id),
            "state": {"term": 0, "vote": "0", "commit": raft.log.base_index},
            "role": _ROLES[0],
            "log": raft.log.last_index,
            "conf": [[], []],
        }
        beyond: Event = {"last_term": raft.log.last_term}
        self.write({"name": "InitState", **first, "raftproof": beyond})
        change = {"prop": {"cc": _new_configuration(configuration)}}
        self.write({"name": "ApplyConfChange", **first, **change, "raftproof": beyond})

    def _write(self, name: str, raft: Raft, rest: Event | None = None, beyond: Event | None = None) -> None:
        configuration = raft.configuration
        event: Event = {
            "name": name,
            "nid": str(raft.id),
            "state": {"term": raft.current_term, "vote": str(raft.voted_for), "commit": raft.commit_index},
            "role": _ROLES[raft.role],
            "log": raft.log.last_index,
            "conf": [[str(id) for id in configuration.voters], [str(id) for id in configuration.outgoing]],
        }
        if rest is not None:
            event.update(rest)
        event["raftproof"] = {"last_term": raft.log.last_term, **(beyond or {})}
        self.write(event)


def _new_configuration(configuration: Configuration) -> Event:
    return {"newconf": [str(id) for id in configuration.voters]} if configuration.voters else {}


def _fields(message: m.Message, kind: str) -> Event:
    """The eleven keys of a logged message; 0 where a kind has nothing to say."""
    fields: Event = {
        "type": kind,
        "term": message.term,
        "from": str(message.source),
        "to": str(message.dest),
        "entries": 0,
        "logTerm": 0,
        "index": 0,
        "commit": 0,
        "vote": "0",
        "reject": False,
        "rejectHint": 0,
    }
    if isinstance(message, m.AppendEntries):
        fields["entries"] = len(message.entries)
        fields["logTerm"], fields["index"] = message.prev_log_term, message.prev_log_index
        fields["commit"] = message.leader_commit
    elif isinstance(message, m.Heartbeat):
        fields["commit"] = message.leader_commit
    elif isinstance(message, m.InstallSnapshot):
        fields["entries"] = message.snapshot.index
    elif isinstance(message, m.AppendEntriesResponse):
        fields["index"], fields["reject"] = message.index, not message.success
        fields["rejectHint"], fields["logTerm"] = message.hint_index, message.hint_term
    elif isinstance(message, m.RequestVote):
        fields["index"], fields["logTerm"] = message.last_log_index, message.last_log_term
    elif isinstance(message, m.RequestVoteResponse):
        fields["reject"] = not message.vote_granted
    elif isinstance(message, m.ForwardReadResponse):
        fields["index"] = message.index
    return fields
