"""Majorities: of the voters, and in a joint configuration of the old and of the new ones alike (thesis §4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from raftproof.impl.core.entries import Configuration
from raftproof.impl.core.rules import QUORUM_MAJORITY


def majority(servers: int, broken: frozenset[str]) -> int:
    """How many servers make a majority: any two of them share a server (§5.2)."""
    return servers // 2 if QUORUM_MAJORITY in broken and servers > 1 else servers // 2 + 1


def agreed(voters: tuple[int, ...], values: Mapping[int, int], broken: frozenset[str]) -> int:
    """The highest number that a majority of the voters has reached. Pre: there are voters."""
    reached = sorted([values[server] for server in voters])
    return reached[len(reached) - majority(len(reached), broken)]


def jointly_agreed(configuration: Configuration, values: Mapping[int, int], broken: frozenset[str]) -> int:
    """The highest number that the configuration has agreed upon."""
    new = agreed(configuration.voters, values, broken)
    return min(new, agreed(configuration.outgoing, values, broken)) if configuration.outgoing else new


def has_quorum(configuration: Configuration, servers: Iterable[int], broken: frozenset[str]) -> bool:
    """Whether these servers are a majority of each half of the configuration."""
    present = set(servers)
    return all(
        len(present.intersection(half)) >= majority(len(half), broken)
        for half in (configuration.voters, configuration.outgoing)
        if half
    )


def is_lost(configuration: Configuration, refusals: Iterable[int], broken: frozenset[str]) -> bool:
    """Whether so many refused their vote that no majority can grant it any more."""
    absent = set(refusals)
    return any(
        len(half) - len(absent.intersection(half)) < majority(len(half), broken)
        for half in (configuration.voters, configuration.outgoing)
        if half
    )
