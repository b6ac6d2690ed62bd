"""Cluster membership changes (§6, thesis chapter 4): one server at a time, or any number by joint consensus.

A configuration is an entry of the log; as in etcd, and unlike the paper, a server uses it once it has applied it. What
keeps that safe: a leader proposes a change only after the one before it is applied, it sends every entry together with
a commit index that covers the change before it, and a server that knows of a committed change which it has not applied
does not campaign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import replication
from raftproof.impl.core.entries import (
    CONFIGURATION,
    NONE,
    Change,
    Configuration,
    ConfigurationChange,
    Entry,
    Snapshot,
    Transition,
    bootstrap,
    decode_change,
    encode_change,
)
from raftproof.impl.core.progress import Progress
from raftproof.impl.core.roles import LEADER
from raftproof.impl.core.rules import JOINT_MAJORITIES, LEARNER_NO_VOTE, ONE_CHANGE_PENDING
from raftproof.impl.core.terms import become_follower

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


class InvalidChange(ValueError):
    """A change of membership that leads to no configuration; the message says why."""


encode = encode_change


def start(raft: Raft, snapshot: Snapshot, first_start: bool) -> None:
    """A server begins with its snapshot's configuration."""
    observer = raft.observer
    if observer is None:
        switch(raft, snapshot.configuration)
        return
    first = bootstrap(snapshot.configuration.voters)
    founding = first_start and (snapshot.index, snapshot.term) == (first.index, first.term)
    observer("Bootstrap" if founding else "Restart", raft, None, snapshot.configuration)
    raft.observer = None  # the switch is told by that one event
    switch(raft, snapshot.configuration)
    raft.observer = observer
    if not founding:
        observer("BecomeFollower", raft, None, None)


def switch(raft: Raft, configuration: Configuration) -> None:
    """Decide by this configuration from now on; a leader counts and sends accordingly."""
    if raft.observer is not None:
        raft.observer("ApplyConfChange", raft, None, configuration)
    raft.configuration = configuration
    raft.deciding = _deciding(configuration, raft.broken) if raft.broken else configuration
    if raft.role is not LEADER:
        return
    for server in configuration.servers:
        if server not in raft.progress:
            raft.progress[server] = progress = Progress(0, raft.log.last_index + 1)
            progress.recent_active = True  # a server just added is given an election timeout to answer
    for server in [s for s in raft.progress if s not in configuration.servers]:
        del raft.progress[server]
    if raft.id not in configuration.voters and raft.id not in configuration.outgoing:
        become_follower(raft, raft.current_term, NONE)  # a leader not in C_new steps down once it is committed (§6)
        return
    if raft.transferee not in configuration.voters:
        raft.transferee = NONE
    replication.advance_commit(raft)
    raft.unsent = True


def _deciding(configuration: Configuration, broken: frozenset[str]) -> Configuration:
    """Who agrees on things while a rule is switched off."""
    voters, outgoing = configuration.voters, configuration.outgoing
    if LEARNER_NO_VOTE in broken:
        voters = tuple(sorted({*voters, *configuration.learners}))
    if JOINT_MAJORITIES in broken:
        outgoing = ()
    return Configuration(voters, outgoing, configuration.learners)


def admit_changes(raft: Raft, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """A change that must not be proposed now becomes an empty entry, so that whoever waits for it learns of it."""
    admitted: list[Entry] = []
    for place, entry in enumerate(entries):
        if entry.kind == CONFIGURATION:
            if _may_propose(raft, entry):
                raft.pending_change_index = raft.log.last_index + 1 + place
            else:
                entry = Entry(NONE, NONE)
        admitted.append(entry)
    return tuple(admitted)


def _may_propose(raft: Raft, entry: Entry) -> bool:
    """One change at a time: the one before must be applied (thesis §4.1), and with it all that was in the log when
    this leader was elected; and joint configurations are entered and left in turn (thesis §4.3)."""
    if raft.pending_change_index > raft.applied_index and ONE_CHANGE_PENDING not in raft.broken:
        return False
    try:
        changed(raft.configuration, decode_change(entry.data))
    except InvalidChange:
        return False
    return True


def apply_changes(raft: Raft, first: int, last: int) -> None:
    """The entries from first to last are applied: configurations among them take effect."""
    log, freed = raft.log, 0
    base, entries = log.base_index, log.entries
    for index in range(max(first, base + 1), last + 1):
        entry = entries[index - base - 1]
        freed += len(entry.data)
        if entry.kind == CONFIGURATION:
            try:
                switch(raft, changed(raft.configuration, decode_change(entry.data)))
            except InvalidChange:
                assert raft.broken, "a change was committed that leads to no configuration"
    raft.uncommitted_bytes = max(0, raft.uncommitted_bytes - freed)
    if raft.configuration.auto_leave and raft.role is LEADER and raft.applied_index >= raft.pending_change_index:
        raft.propose_entries((Entry(NONE, NONE, encode(ConfigurationChange()), CONFIGURATION),))


def changed(now: Configuration, change: ConfigurationChange) -> Configuration:
    """The configuration after a change; raises InvalidChange where there is none."""
    if not change.changes and change.transition == Transition.AUTO:
        return _leave(now)
    if now.joint:
        raise InvalidChange("the cluster is in a joint configuration; leave it first")
    voters, learners, learners_next = set(now.voters), set(now.learners), set[int]()
    for kind, server in change.changes:
        if server <= 0:
            raise InvalidChange(f"server {server} cannot be; ids are positive")
        learners.discard(server)
        learners_next.discard(server)
        if kind == Change.ADD_VOTER:
            voters.add(server)
            continue
        voters.discard(server)
        if kind == Change.ADD_LEARNER:
            (learners_next if server in now.voters else learners).add(server)
    if not voters:
        raise InvalidChange("the change would remove the last voter")
    if change.transition == Transition.AUTO and len(change.changes) == 1:
        return Configuration(_sorted(voters), (), _sorted(learners | learners_next))
    auto_leave = change.transition != Transition.JOINT_EXPLICIT
    return Configuration(_sorted(voters), now.voters, _sorted(learners), _sorted(learners_next), auto_leave)


def _leave(now: Configuration) -> Configuration:
    if not now.joint:
        raise InvalidChange("the cluster is in no joint configuration that it could leave")
    return Configuration(now.voters, (), _sorted({*now.learners, *now.learners_next}))


def _sorted(servers: set[int]) -> tuple[int, ...]:
    return tuple(sorted(servers))
