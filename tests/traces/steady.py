"""A trace without end: after the lines of a real one its leader goes on, entry by entry, as etcd would log it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.run import Run
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import LEADER, NONE, Event, HardState, Message, Name, Placed
from raftproof.traces.reading import in_file_order, opened

BEGINNING = Path(__file__).parent / "corpus" / "good" / "stable3-s1-n120.ndjson.gz"


def beginning() -> list[Placed]:
    """The lines of the real one."""
    with opened(str(BEGINNING)) as file:
        return list(in_file_order(str(BEGINNING), file))


def steady(count: int) -> Iterator[Placed]:
    """So many events, and a few more to the end of a round; events of a run that `follow`s them as they come."""
    known = beginning()
    run = Run()
    run.follow(known)
    lines = itertools.chain((item.event for item in known), Rounds(run.cluster).events())
    for number, event in enumerate(itertools.islice(lines, count), 1):
        yield Placed("steady", number, event, float(number))


class Rounds:
    """A leader appends one entry after another, and both followers answer."""

    def __init__(self, cluster: Cluster) -> None:
        servers = cluster.servers.values()
        leader = next(s for s in servers if s.role == LEADER)
        self.nid, self.term, self.conf = leader.nid, leader.term, leader.conf
        self.followers = [s.nid for s in servers if s.nid != leader.nid]
        self.log = {s.nid: s.last for s in servers}
        self.commit = {s.nid: s.commit for s in servers}
        self.vote = {s.nid: s.vote for s in servers}
        self.role = {s.nid: s.role for s in servers}
        self.log_term = leader.log[leader.last] >> SHIFT

    def events(self) -> Iterator[Event]:
        """All their lines."""
        while True:
            yield from self._append()

    def _line(self, nid: str, name: Name, m: Message | None = None) -> Event:
        state = HardState(self.term, self.vote[nid], self.commit[nid])
        assert self.conf is not None
        return Event(name, nid, state, self.role[nid], self.log[nid], self.conf, m)  # type: ignore[arg-type]

    def _append(self) -> Iterator[Event]:
        """One entry: appended, sent, stored, acknowledged, committed."""
        leader, term = self.nid, self.term
        last = self.log[leader]
        yield self._line(leader, "Replicate")
        self.log[leader] = last + 1
        own = Message("MsgAppResp", term, leader, leader, 0, 0, last + 1, 0, NONE, False, 0)
        yield self._line(leader, "SendAppendEntriesResponse", own)
        sent = {}
        for j in self.followers:
            back = last + 1 - self.log[j]
            commit = self.commit[leader]
            sent[j] = Message("MsgApp", term, leader, j, back, self.log_term, self.log[j], commit, NONE, False, 0)
            yield self._line(leader, "SendAppendEntriesRequest", sent[j])
        yield self._line(leader, "Ready")
        yield self._line(leader, "ReceiveAppendEntriesResponse", own)
        for j in self.followers:
            yield self._line(j, "ReceiveAppendEntriesRequest", sent[j])
            self.log[j], self.commit[j] = last + 1, sent[j].commit
            answer = Message("MsgAppResp", term, j, leader, 0, 0, last + 1, 0, NONE, False, 0)
            yield self._line(j, "SendAppendEntriesResponse", answer)
            yield self._line(j, "Ready")
            yield self._line(leader, "ReceiveAppendEntriesResponse", answer)
            self.commit[leader] = last + 1
            yield self._line(leader, "Commit")
