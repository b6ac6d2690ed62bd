"""Follow a trace, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from raftproof.model.rules import Rule
from raftproof.traces.conformance import leading, proposing, reads
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.server import Server, shown
from raftproof.traces.conformance.table import FOLLOW
from raftproof.traces.events import Event, Placed

_IN_PROPOSAL: Final = frozenset({"Replicate", "ChangeConf", "SendAppendEntriesResponse"})
_IN_CAMPAIGN: Final = frozenset({"SendRequestVoteRequest", "SendRequestVoteResponse"})


class Run:
    """A trace that is being followed."""

    def __init__(
        self, strict: bool = False, choices: Mapping[int, int] | None = None, without: Iterable[Rule] = ()
    ) -> None:
        """`choices`: hidden choices other than the likeliest, by number; `without`: rules of the model to leave out."""
        self.cluster = Cluster(strict, choices, without)
        self.last: Placed | None = None
        self.events = 0

    def follow(self, items: Iterable[Placed]) -> None:
        """Follow events; raises Departure, Unknown or Mixed at the first that cannot be followed, `last`."""
        servers = self.cluster.servers
        for item in items:
            self.last = item
            self.events += 1
            event = item.event
            s = servers.get(event.nid)
            if s is None:
                s = servers[event.nid] = self._first(event)
            if s.owed or s.attempt or s.batch or s.wanted:  # its next line is bound by its last
                self._follow_bound(s, event)
            else:
                FOLLOW[event.name](self.cluster, s, event)
            if event.raftproof is not None and event.raftproof.round is not None:
                reads.carry(self.cluster, s, event)

    def _first(self, event: Event) -> Server:
        """A server that was not seen before."""
        if event.name != "InitState":
            raise Departure(
                "network",
                f"server {event.nid} does something before it starts",
                {"event": "InitState"},
                {"event": event.name},
                cause="missing",
            )
        return Server(event.nid, self.cluster.machine.add(event.nid))

    def _follow_bound(self, s: Server, event: Event) -> None:
        """A line of a server whose last line demands, or allows, certain lines."""
        name = event.name
        if name == "InitState":
            s.owed, s.attempt = [], False  # it crashed in the middle
        if s.attempt and name != "Commit":
            leading.leave_commit(self.cluster, s, event)
            s.attempt = False
        while s.owed:
            owed = s.owed.pop(0)
            if owed.name == name:
                owed.take(self.cluster, s, event, owed)
                return
            if owed.instead is None:
                raise _not_owed(s, event, owed.name)
            owed.instead(self.cluster, s, event, owed)
        if name != "InitState":
            if s.batch and name not in _IN_PROPOSAL:
                is_dropped = len(s.batch) == 1 and event.log == s.last and proposing.drop_change(self.cluster, s)
                if not is_dropped:
                    raise _not_owed(s, event, "SendAppendEntriesResponse")
            if s.wanted and name not in _IN_CAMPAIGN:
                is_old = s.wanted.isdisjoint(s.configuration.voters)
                raise _not_owed(s, event, "SendRequestVoteRequest", "joint_majorities" if is_old else "")
        FOLLOW[name](self.cluster, s, event)


def _not_owed(s: Server, event: Event, name: str, known: str = "") -> Departure:
    """Another line came than the one that the server owed; `known` is the rule, where it is not the usual one."""
    rule, why = _OWED[name]
    heard = s.heard
    return Departure(
        known or rule,
        f"{why}; server {s.nid} does {event.name} instead",
        {"event": name, **({"after": f"{heard.type} of {heard.source} in term {heard.term}"} if heard else {})},
        {"event": event.name, **{k: v for k, v in shown(event).items() if v != s.shows()[k]}},
        cause="missing",
    )


_OWED: Final = {
    "ApplyConfChange": ("apply_change", "a server that starts takes the configuration of its disk"),
    "BecomeFollower": (
        "higher_term_steps_down",
        "a server follows when it sees a newer term, the leader of its term, or loses",
    ),
    "BecomeLeader": ("quorum_majority", "a candidate with the votes of a majority leads"),
    "Replicate": ("client_request", "a leader begins its term with an empty entry"),
    "SendAppendEntriesResponse": ("followers_respond", "a message of a leader, and a proposal, are answered"),
    "SendRequestVoteRequest": ("request_votes", "a candidate asks all voters"),
    "SendRequestVoteResponse": ("followers_respond", "a request for a vote is answered"),
}
"""The rule by which a line is owed."""
