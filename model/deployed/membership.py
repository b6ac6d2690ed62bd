"""Changes of membership (§6, thesis chapter 4): one server at a time, or any number by joint consensus.

As in etcd, and unlike the paper, a configuration is used once its entry is applied, not as soon as it is in the log.
"""

from __future__ import annotations

from enum import IntEnum

from raftproof.model.deployed.election import append_own
from raftproof.model.deployed.parts import has_change, is_member, is_voter
from raftproof.model.deployed.replication import advance_commit
from raftproof.model.deployed.state import (
    NO_SERVERS,
    Configuration,
    Deployed,
    Entry,
    Kind,
    Role,
    Servers,
    everything,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Server


class What(IntEnum):
    """What happens to one server."""

    ADD_VOTER = 0
    REMOVE = 1
    ADD_LEARNER = 2


def left(now: Configuration) -> Configuration:
    """The configuration after a joint one (thesis §4.3)."""
    return Configuration(now.voters, NO_SERVERS, now.learners | now.learners_next, NO_SERVERS, False)


def changed(now: Configuration, entry: Entry) -> Configuration:
    """The configuration after an entry; the same where the entry changes nothing, or cannot be."""
    if entry.kind == Kind.LEAVE:
        return left(now) if now.outgoing != 0 else now
    if entry.kind == Kind.NORMAL or now.outgoing != 0:
        return now
    voters = (now.voters | entry.added) & ~(entry.removed | entry.learners)
    learners = now.learners & ~(entry.added | entry.removed) | entry.learners & ~now.voters
    demoted = entry.learners & now.voters
    touched = entry.added | entry.removed | entry.learners
    if voters == 0:
        return now
    if entry.kind == Kind.AUTO and touched & (touched - 1) == 0:
        return Configuration(voters, NO_SERVERS, learners | demoted, NO_SERVERS, False)
    return Configuration(voters, now.voters, learners, demoted, entry.kind != Kind.EXPLICIT)


def may_change(s: Deployed, i: Server, kind: Kind) -> bool:
    """One change at a time: the one before, and all that was in the log when this leader was elected, is applied
    (thesis §4.1); and joint configurations are entered and left in turn (thesis §4.3)."""
    if s.role[i] != Role.LEADER or not is_member(s, i, i):
        return False
    pending = s.pending_change[i]
    waits = pending > s.commit_index[i] or has_change(s, i, s.applied[i] + 1, pending)
    if waits and s.upholds(Rule.ONE_CHANGE_PENDING):
        return False
    return (kind == Kind.LEAVE) == (s.configuration[i].outgoing != 0)


def append_change(s: Deployed, i: Server, kind: Kind, added: int, removed: int, learners: int) -> None:
    """Leader i appends a change of membership to its log."""
    append_own(s, i, kind, added, removed, learners)
    s.pending_change[i] = len(s.log[i])


@everything.action(Rule.ONE_CHANGE_PENDING)
def propose_change(s: Deployed, i: Server, kind: Kind, added: Servers, removed: Servers, learners: Servers) -> bool:
    """Leader i appends any change of membership; the two below are the ones that are explored."""
    if kind == Kind.NORMAL or not may_change(s, i, kind):
        return False
    append_change(s, i, kind, added, removed, learners)
    return True


@everything.action(Rule.ONE_CHANGE_PENDING)
def change_one(s: Deployed, i: Server, j: Server, what: What) -> bool:
    """Leader i makes j a voter, a learner, or a stranger."""
    now = s.configuration[i]
    bit = 1 << j
    if not may_change(s, i, Kind.AUTO):
        return False
    if (what == What.ADD_VOTER and now.voters & bit != 0) or (what == What.ADD_LEARNER and now.learners & bit != 0):
        return False
    if (what == What.REMOVE and not is_member(s, i, j)) or (what != What.ADD_VOTER and now.voters == bit):
        return False
    added = bit if what == What.ADD_VOTER else NO_SERVERS
    removed = bit if what == What.REMOVE else NO_SERVERS
    append_change(s, i, Kind.AUTO, added, removed, bit if what == What.ADD_LEARNER else NO_SERVERS)
    return True


@everything.action(Rule.ONE_CHANGE_PENDING, Rule.JOINT_MAJORITIES)
def change_jointly(s: Deployed, i: Server, voters: Servers, kind: Kind) -> bool:
    """Leader i proposes that these and no others vote, by way of a joint configuration; with LEAVE, to leave it."""
    if kind == Kind.NORMAL or kind == Kind.AUTO or not may_change(s, i, kind):
        return False
    now = s.configuration[i].voters
    if kind == Kind.LEAVE:
        if voters != now:
            return False
        append_change(s, i, kind, NO_SERVERS, NO_SERVERS, NO_SERVERS)
        return True
    if voters == 0 or voters == now:
        return False
    append_change(s, i, kind, voters & ~now, now & ~voters, NO_SERVERS)
    return True


@everything.action(Rule.JOINT_MAJORITIES)
def leave_joint(s: Deployed, i: Server) -> bool:
    """Leader i leaves a joint configuration by itself, once it is applied."""
    if not s.configuration[i].auto_leave or not may_change(s, i, Kind.LEAVE):
        return False
    append_change(s, i, Kind.LEAVE, NO_SERVERS, NO_SERVERS, NO_SERVERS)
    return True


def next_change(s: Deployed, i: Server) -> int:
    """The first committed change of membership that server i has not applied; 0 where there is none."""
    for index in range(s.applied[i] + 1, min(s.commit_index[i], len(s.log[i])) + 1):
        if s.log[i][index].kind != Kind.NORMAL:
            return index
    return 0


@everything.action(Rule.ONE_CHANGE_PENDING, Rule.JOINT_MAJORITIES)
def apply_change(s: Deployed, i: Server) -> bool:
    """Server i applies its log up to the next change of membership, and decides by the new configuration from then on.

    A leader forgets what it knew of those that left, and may find that more is committed.
    """
    index = next_change(s, i)
    if index == 0 or s.snapshot[i] != s.disk_snapshot[i]:
        return False
    s.configuration[i] = changed(s.configuration[i], s.log[i][index])
    s.applied[i] = index
    if s.role[i] == Role.LEADER:
        for j in s.servers:
            if not is_member(s, i, j):
                s.match_index[i][j] = 0
        if is_voter(s, i, i):
            advance_commit(s, i)
    return True
