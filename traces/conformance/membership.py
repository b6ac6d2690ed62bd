"""Configurations of a cluster, and what a change of membership makes of them (§6, thesis chapter 4; etcd's confchange).

Learners are never shown in a trace. Where a cluster begins with voters that no logged change added, its learners are
unknown (None), and any server may be one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from raftproof.traces.events import Change, Id

Changes: TypeAlias = tuple[Change, ...]
"""A change of membership as proposed; empty for one that is not logged: to leave a joint one, or no change."""
UNLOGGED: Final[Changes] = ()


def in_order(ids: Iterable[Id]) -> tuple[Id, ...]:
    """Servers by number, as etcd shows them."""
    return tuple(sorted(ids, key=by_number))


def by_number(nid: Id) -> tuple[int, str]:
    """The order of servers: of decimal numbers, the longer one is the greater."""
    return len(nid), nid


class Configuration(NamedTuple):
    """Who votes, and who only receives entries."""

    voters: tuple[Id, ...]
    """C_new in a joint configuration; sorted by number."""
    outgoing: tuple[Id, ...] = ()
    """C_old in a joint configuration, else empty."""
    learners: frozenset[Id] | None = frozenset()
    learners_next: frozenset[Id] = frozenset()

    @property
    def shown(self) -> tuple[tuple[Id, ...], tuple[Id, ...]]:
        """What a line shows of it."""
        return (self.voters, self.outgoing)

    def may_hold(self, server: Id) -> bool:
        """Whether a server may be a member, learner or voter."""
        if server in self.voters or server in self.outgoing:
            return True
        return self.learners is None or server in self.learners

    def votes(self, server: Id) -> bool:
        """Whether a server votes."""
        return server in self.voters or server in self.outgoing

    def halves(self) -> tuple[tuple[Id, ...], ...]:
        """The sets of voters of which a majority each must agree (thesis §4.3)."""
        return (self.voters, self.outgoing) if self.outgoing else (self.voters,)

    def all_voters(self) -> tuple[Id, ...]:
        """Who votes in some half, each once, in order."""
        return in_order({*self.voters, *self.outgoing})


NOBODY: Final = Configuration(())


def after(configuration: Configuration, changes: Changes, joint: bool | None = None) -> list[Configuration]:
    """What a change may make of a configuration; two answers where a single change may be simple or joint."""
    if not changes:
        if not configuration.outgoing:
            return [configuration]
        learners = configuration.learners
        left = None if learners is None else learners | configuration.learners_next
        return [Configuration(configuration.voters, (), left)]
    ways = [True] if len(changes) > 1 else [False, True] if joint is None else [joint]
    return [_changed(configuration, changes, way) for way in ways]


def _changed(before: Configuration, changes: Changes, joint: bool) -> Configuration:
    voters = set(before.voters)
    outgoing = before.voters if joint else ()
    learners = None if before.learners is None else set(before.learners)
    waiting = set(before.learners_next)
    for change in changes:
        voters.discard(change.nid)
        waiting.discard(change.nid)
        if learners is not None:
            learners.discard(change.nid)
        if change.action == "AddNewServer":
            voters.add(change.nid)
        elif change.action == "AddLearner" and change.nid in outgoing:
            waiting.add(change.nid)
        elif change.action == "AddLearner" and learners is not None:
            learners.add(change.nid)
    return Configuration(
        in_order(voters), outgoing, None if learners is None else frozenset(learners), frozenset(waiting)
    )


def majority_index(configuration: Configuration, match: Mapping[Id, int]) -> int:
    """The largest index that a majority of each half is known to store (§5.3, thesis §4.3)."""
    lowest = -1
    for half in configuration.halves():
        stored = sorted((match.get(j, 0) for j in half), reverse=True)
        if stored:
            index = stored[len(half) // 2]
            lowest = index if lowest < 0 else min(lowest, index)
    return max(lowest, 0)


def has_won(configuration: Configuration, granted: set[Id]) -> bool:
    """Whether the votes are a majority of each half (§5.2)."""
    return all(2 * sum(j in granted for j in half) > len(half) for half in configuration.halves())
