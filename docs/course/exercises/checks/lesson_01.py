"""What is asked of the answers to lesson 1: sets of servers are listed, and an election is searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import combinations

from grading import BLANK, NotFilledError, part, see_that_filled
from searching import explored, fresh, system_of

SIZES = range(1, 8)


def _sets(servers: int, size: int) -> Iterator[frozenset[int]]:
    return (frozenset(members) for members in combinations(range(1, servers + 1), size))


def _named(servers: Collection[int]) -> str:
    return "{" + ", ".join(f"s{server}" for server in sorted(servers)) + "}"


def _two_apart(servers: int, one: int, other: int) -> tuple[frozenset[int], frozenset[int]] | None:
    """Two sets of these sizes that share nobody."""
    pairs = ((a, b) for a in _sets(servers, one) for b in _sets(servers, other))
    return next(((a, b) for a, b in pairs if not a & b), None)


def _smallest(servers: int) -> int:
    return next(size for size in range(1, servers + 1) if _two_apart(servers, size, size) is None)


@part("the size of a quorum")
def sizes(quorum: Callable[[int], int]) -> str | None:
    """No two quorums apart, none larger than need be, and one leader in the searched election."""
    for servers in SIZES:
        size = quorum(servers)
        if size is BLANK:
            raise NotFilledError
        if not isinstance(size, int) or not 1 <= size <= servers:
            return f"quorum({servers}) is {size!r}; a quorum of {servers} servers has 1 to {servers} of them."
        apart = _two_apart(servers, size, size)
        if apart is not None:
            return (
                f"quorum({servers}) is {size}: {_named(apart[0])} and {_named(apart[1])} share nobody."
                + _two_leaders(quorum, servers)
            )
        if size > _smallest(servers):
            return f"quorum({servers}) is {size}. Safe, but {_smallest(servers)} would do: more servers could fail."
    return None


def _two_leaders(quorum: Callable[[int], int], servers: int) -> str:
    """What the election model makes of it."""
    if servers > 4:
        return ""
    election = fresh("raftproof.model.election", is_quorum=lambda s, members: members >= quorum(len(s.servers)))
    found = explored(system_of(election.model, {"servers": servers}))
    return f"\nSo one term can have two leaders:\n{found.story()}" if found.falls else ""


@part("failures that are tolerated")
def failures(TOLERATED: dict[int, int]) -> str | None:
    """As many as leave a quorum of the smallest size alive."""
    see_that_filled(TOLERATED, range(3, 8))
    for servers, told in TOLERATED.items():
        needed = _smallest(servers)
        if told > servers - needed:
            return f"If {told} of {servers} servers fail, {servers - told} are left; a quorum is {needed}."
        if told < servers - needed:
            return f"{servers} servers do better than {told}: take one more away, and a quorum of {needed} is left."
    return None


@part("half of the servers are not enough")
def halves(ONE_QUORUM: set[int], OTHER_QUORUM: set[int]) -> str | None:
    """Two halves of six that share nobody."""
    for half in (ONE_QUORUM, OTHER_QUORUM):
        if not set(half) <= set(range(1, 7)) or len(set(half)) != 3:
            return f"{half!r} is not half of the servers 1 to 6."
    shared = set(ONE_QUORUM) & set(OTHER_QUORUM)
    if shared:
        return f"Both have {_named(shared)}, who votes only once in a term: only one of the two elects a leader."
    return None


@part("quorums of different sizes")
def families(QUORUMS: list[set[int]]) -> str | None:
    """Any two share a server, one has two, and one survives each failure."""
    if any(not set(q) <= set(range(1, 6)) for q in QUORUMS):
        return "The servers are 1 to 5."
    for one, other in combinations(QUORUMS, 2):
        if not set(one) & set(other):
            return f"{_named(one)} and {_named(other)} share nobody: each could elect a leader."
    if not any(len(q) == 2 for q in QUORUMS):
        return "None of your quorums has two servers."
    for failed in range(1, 6):
        if all(failed in q for q in QUORUMS):
            return f"If s{failed} fails, every one of your quorums has lost a server."
    return None


@part("two kinds of quorum")
def two_kinds(VOTES: int) -> str | None:
    """The smallest number of votes that meets any two servers of five."""
    apart = _two_apart(5, VOTES, 2) if 0 < VOTES <= 5 else None
    if apart is not None:
        return f"{_named(apart[1])} may have stored an entry of which the voters {_named(apart[0])} know nothing."
    if VOTES > 5 or VOTES <= 0 or _two_apart(5, VOTES - 1, 2) is None:
        return f"{VOTES} votes are not the least that would do in a cluster of five."
    return None
