"""Rounds once more, in plain Python and from the paper alone: what `model/rounds.py` is compared with.

A state is (logs, committed): a log is a tuple of terms, and logs are a sorted tuple, since servers have no names.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

Log: TypeAlias = tuple[int, ...]
State: TypeAlias = tuple[tuple[Log, ...], Log]


def shared(f: Log, g: Log) -> int:
    """How many entries two logs have in common from the beginning."""
    return next((k for k, (x, y) in enumerate(zip(f, g, strict=False)) if x != y), min(len(f), len(g)))


def end(log: Log) -> tuple[int, int]:
    """What logs are compared by (§5.4.1)."""
    return (log[-1] if log else 0), len(log)


def outcomes(f: Log, g: Log, stepwise: bool) -> list[tuple[Log, int]]:
    """What becomes of a follower's log f under a leader with log g, and how far it then agrees.

    `stepwise`: conflicting entries are dropped one at a time, as in the published specification.
    """
    n = shared(f, g)
    found = [(f, n), *((g[:p], p) for p in range(n + 1, len(g) + 1))]
    if stepwise and n < len(f) and n < len(g):
        found += [(f[:k], n) for k in range(n, len(f))]
    return found


def rounds_after(state: State, term: int, max_log: int, stepwise: bool = False) -> Iterator[State]:
    """What a round of a term leads to."""
    logs, committed = state
    servers = range(len(logs))
    for c in servers:
        if 2 * sum(end(logs[c]) >= end(log) for log in logs) <= len(logs):
            continue
        assert logs[c][: len(committed)] == committed
        for appended in range(max_log - len(logs[c]) + 1):
            g = logs[c] + (term,) * appended
            ways = [[(g, len(g))] if j == c else outcomes(logs[j], g, stepwise) for j in servers]
            for way in product(*ways):
                stored = (k for k in range(len(g), 0, -1) if 2 * sum(p >= k for _, p in way) > len(logs))
                last = next((k for k in stored if g[k - 1] == term), 0)
                yield tuple(sorted(log for log, _ in way)), g[:last] if last > len(committed) else committed


def ranked(state: State) -> State:
    """The state with its terms renamed to 1, 2, 3, … in their order."""
    logs, committed = state
    rank = {term: k for k, term in enumerate(sorted({t for log in (*logs, committed) for t in log}), 1)}
    return tuple(sorted(tuple(rank[t] for t in log) for log in logs)), tuple(rank[t] for t in committed)


def without_prefix(state: State) -> State:
    """The state without what all logs have in common."""
    logs, committed = state
    n = min(shared(logs[0], log) for log in logs)
    return tuple(sorted(log[n:] for log in logs)), committed[n:]


def every_round(servers: int, max_log: int, prefix: bool = False) -> list[set[State]]:
    """The states that are new after each number of rounds, until there are none."""
    level: set[State] = {(((),) * servers, ())}
    levels, seen = [], set(level)
    while level:
        levels.append(level)
        after = {s for state in level for s in rounds_after(state, 1 + _newest(state), max_log)}
        level = {ranked(without_prefix(s) if prefix else s) for s in after} - seen
        seen |= level
    return levels


def within_terms(servers: int, max_log: int, terms: int, stepwise: bool = False) -> set[State]:
    """The states after terms 1 to `terms`, each with a leader or without; terms keep their numbers."""
    states: set[State] = {(((),) * servers, ())}
    for term in range(1, terms + 1):
        states |= {s for state in states for s in rounds_after(state, term, max_log, stepwise)}
    return states


def _newest(state: State) -> int:
    logs, committed = state
    return max((t for log in (*logs, committed) for t in log), default=0)
