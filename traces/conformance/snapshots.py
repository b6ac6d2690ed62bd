"""Snapshots (§7): whether one is restored shows in the line after it. A function for each line."""

from __future__ import annotations

from typing import Final

import msgspec

from raftproof.model.deployed.state import Configuration as Members
from raftproof.traces.conformance.answers import as_sent, say
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.lifecycle import restore_configuration
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import Event

# The rules that speak of the fields of an answer's line, and of its message.
_RESTORED: Final = {"message": "ack_matched_only", "log": "followers_respond"}
_KEPT: Final = {"message": "snapshot_not_older", "commit": "commit_monotonic", "log": "followers_respond"}


def install_snapshot(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A snapshot that tells more than is committed takes the place of the log and of the configuration (§7)."""
    m = owed.message
    assert m is not None
    index = m.entries
    if index <= s.commit:
        raise Departure(
            "snapshot_not_older",
            f"server {s.nid} restores a snapshot of {index} entries and knows {s.commit} to be committed",
            {"snapshot": f"above {s.commit}"},
            {"snapshot": index},
        )
    if index <= s.last and s.log[index] == c.entry_led(m.term, index):
        raise Departure(
            "truncate_on_conflict",
            f"server {s.nid} restores a snapshot of {index} entries, and holds its last entry: it keeps its log",
            {"event": "SendAppendEntriesResponse", "log": s.last},
            {"event": e.name, "log": e.log},
        )
    configuration = c.members(c.brought(index)[0])
    there = configuration._replace(voters=configuration.voters | 1 << s.i)  # for the line shows that it takes it
    c.machine.grow(index)
    s.answer = c.machine.receive_snapshot(m, c.entry_led(m.term, index) >> SHIFT, there)
    c.pull(s)
    s.load(c.led(m.term, 0, index + 1), index)
    c.machine.unreal[s.i] = index - 1  # the model has copied them from a log that may not be kept
    c.machine.put_entry(s.i, index, c.as_modelled(s.log[index]))
    c.pull_commit(s)
    restore_configuration(c, s, e, index)
    s.owed[0] = msgspec.structs.replace(s.owed[0], take=answer_installed)


def answer_installed(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A restored snapshot is acknowledged with its index."""
    m = owed.message
    assert m is not None
    say(c, s, e, m, _RESTORED, lambda: "the snapshot is restored", as_sent(s, m, s.answer))


def keep_log(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The snapshot is not restored: see the answer."""


def answer_kept(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A snapshot that tells nothing new, or of a configuration without the server, is answered with the commit index;
    one whose last entry is in the log moves the commit index."""
    m = owed.message
    assert m is not None
    index = m.entries
    last = c.entry_led(m.term, index)
    has_it = index <= s.last and s.log[index] == last
    brought = c.brought(index)
    is_in_all = all(conf.may_hold(s.nid) and (conf.learners is not None or conf.votes(s.nid)) for conf in brought)
    if index > s.commit and not has_it and is_in_all:
        raise Departure(
            "snapshot_not_older",
            f"server {s.nid} leaves a snapshot of {index} entries, and knows only {s.commit} to be committed",
            {"commit": index},
            {"commit": s.commit},
        )
    shows_it = e.state.commit == index and any(conf.may_hold(s.nid) for conf in brought)
    configuration = Members(1 << s.i if has_it and (is_in_all or shows_it) else 0, 0, 0, 0, False)
    answer = c.machine.receive_snapshot(m, last >> SHIFT, configuration)
    c.pull(s)
    c.pull_commit(s)
    say(c, s, e, m, _KEPT, lambda: "the snapshot is not restored", as_sent(s, m, answer))
