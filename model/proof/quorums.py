"""Why majorities may be taken for the quorums of the proof, for every size of cluster.

Each theorem is an implication between sums of counts, which z3 decides. Some sets of servers cut the cluster into
regions, one for each way to be inside or outside of them; a set's size is the sum of its regions' sizes, whatever the
cluster's. So an implication proved of regions holds for every cluster. Those that are false are refuted with a cluster
that says why.

            ┌── A ──┬── both ──┬── B ──┐ outside       2·|A| > N  and  2·|B| > N  ⇒  |both| > 0
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import z3

Region = tuple[bool, ...]
Inside = Callable[[Region], bool]


@dataclass(frozen=True)
class Theorem:
    """A claim about sets of servers, and whether it is one that should be true."""

    name: str
    sentence: str
    holds: bool
    sets: int
    claim: Callable[[Counts], tuple[Any, Any]]
    """From counts to a premise and a conclusion."""


@dataclass(frozen=True)
class Answer:
    """Proved, or refuted by a cluster: the servers in each region, those of no region left out."""

    name: str
    verdict: Literal["proved", "refuted", "unknown"]
    witness: dict[Region, int]


class Counts:
    """The sizes of the regions that some sets cut the cluster into."""

    def __init__(self, sets: int) -> None:
        self.regions = {region: z3.Int(f"r{list(map(int, region))}") for region in _regions(sets)}

    def count(self, inside: Inside) -> Any:
        """How many servers the described set has."""
        return z3.Sum([size for region, size in self.regions.items() if inside(region)])

    @property
    def servers(self) -> Any:
        """The size of the cluster."""
        return self.count(lambda _: True)

    def majority(self, voters: Inside, configuration: Inside = lambda _: True) -> Any:
        """The voters hold a majority of the configuration."""
        both = self.count(lambda r: configuration(r) and voters(r))
        return 2 * both > self.count(configuration)


def _regions(sets: int) -> list[Region]:
    return list(itertools.product((False, True), repeat=sets))


def _in(number: int) -> Inside:
    return lambda region: region[number]


def _both(one: int, other: int) -> Inside:
    return lambda region: region[one] and region[other]


A, B = _in(0), _in(1)
OLD, NEW, P, Q = _in(0), _in(1), _in(2), _in(3)


def _joint(c: Counts, voters: Inside) -> Any:
    return z3.And(c.majority(voters, OLD), c.majority(voters, NEW))


def _changed_by(c: Counts, most: int) -> Any:
    return c.count(lambda r: r[0] != r[1]) <= most


def _share(c: Counts) -> Any:
    return c.count(_both(2, 3)) > 0


THEOREMS = (
    Theorem(
        "majorities",
        "Any two majorities share a server (§5.2).",
        True,
        2,
        lambda c: (z3.And(c.majority(A), c.majority(B)), c.count(_both(0, 1)) > 0),
    ),
    Theorem(
        "flexible",
        "Two sets that together outnumber the cluster share a server: |A| + |B| > N.",
        True,
        2,
        lambda c: (c.count(A) + c.count(B) > c.servers, c.count(_both(0, 1)) > 0),
    ),
    Theorem(
        "halves",
        "Any two sets of half the servers share one.",
        False,
        2,
        lambda c: (
            z3.And(c.servers > 0, 2 * c.count(A) >= c.servers, 2 * c.count(B) >= c.servers),
            c.count(_both(0, 1)) > 0,
        ),
    ),
    Theorem(
        "joint and joint",
        "Any two joint majorities, of the old and of the new configuration, share a server (§6).",
        True,
        4,
        lambda c: (z3.And(_joint(c, P), _joint(c, Q), c.count(OLD) > 0, c.count(NEW) > 0), _share(c)),
    ),
    Theorem(
        "joint and old",
        "A joint majority and one of the old configuration share a server (§6).",
        True,
        4,
        lambda c: (z3.And(_joint(c, P), c.majority(Q, OLD)), _share(c)),
    ),
    Theorem(
        "joint and new",
        "A joint majority and one of the new configuration share a server (§6).",
        True,
        4,
        lambda c: (z3.And(_joint(c, P), c.majority(Q, NEW)), _share(c)),
    ),
    Theorem(
        "direct switch",
        "A majority of the old configuration and one of the new share a server, whatever the two are (§6, Figure 10).",
        False,
        4,
        lambda c: (z3.And(c.majority(P, OLD), c.majority(Q, NEW)), _share(c)),
    ),
    Theorem(
        "one server at a time",
        "If the configurations differ by one server, a majority of each share one (thesis §4.1).",
        True,
        4,
        lambda c: (z3.And(_changed_by(c, 1), c.majority(P, OLD), c.majority(Q, NEW)), _share(c)),
    ),
    Theorem(
        "two servers at a time",
        "If the configurations differ by two servers, a majority of each share one.",
        False,
        4,
        lambda c: (z3.And(_changed_by(c, 2), c.majority(P, OLD), c.majority(Q, NEW)), _share(c)),
    ),
)


def decide(theorem: Theorem) -> Answer:
    """Prove the theorem for clusters of every size, or find a cluster in which it fails."""
    counts = Counts(theorem.sets)
    premise, conclusion = theorem.claim(counts)
    solver = z3.Solver()
    solver.set("timeout", 20000)
    solver.add([size >= 0 for size in counts.regions.values()])
    solver.add(premise, z3.Not(conclusion))
    outcome = solver.check()
    if outcome == z3.unsat:
        return Answer(theorem.name, "proved", {})
    if outcome != z3.sat:
        return Answer(theorem.name, "unknown", {})
    model = solver.model()
    sizes = {region: model.eval(size, model_completion=True).as_long() for region, size in counts.regions.items()}
    return Answer(theorem.name, "refuted", {region: size for region, size in sizes.items() if size})


# Sizes.


def quorum(servers: int) -> int:
    """The smallest majority."""
    return servers // 2 + 1


def failures_tolerated(servers: int) -> int:
    """How many servers may fail while a majority is left."""
    return servers - quorum(servers)


def size_theorems() -> dict[str, tuple[str, Any, Any]]:
    """Name: sentence, premise and conclusion, about a cluster of n servers and k failures."""
    n, k = z3.Ints("n k")
    smallest, tolerated = n / 2 + 1, n - (n / 2 + 1)
    return {
        "enough": ("What is left after these failures holds a majority.", n >= 1, n - tolerated >= smallest),
        "no more": ("After one more it does not.", n >= 1, n - (tolerated + 1) < smallest),
        "even": (
            "An even cluster tolerates no more failures than the odd one below it.",
            z3.And(n >= 2, n % 2 == 0),
            tolerated == (n - 1) - ((n - 1) / 2 + 1),
        ),
        "fewest": (
            "To tolerate k failures takes 2k + 1 servers.",
            z3.And(n >= 1, k >= 0, tolerated >= k),
            n >= 2 * k + 1,
        ),
        "no better quorums": (
            "No quorums of one size, any two of which share a server, tolerate more.",
            z3.And(n >= 1, k >= 0, 2 * (n - k) > n),
            k <= tolerated,
        ),
    }


def decide_size(name: str) -> Literal["proved", "refuted", "unknown"]:
    """Prove or refute a theorem about sizes."""
    _, premise, conclusion = size_theorems()[name]
    solver = z3.Solver()
    solver.set("timeout", 20000)
    solver.add(premise, z3.Not(conclusion))
    outcomes: dict[str, Literal["proved", "refuted", "unknown"]] = {"unsat": "proved", "sat": "refuted"}
    return outcomes.get(str(solver.check()), "unknown")


def sizes_table(most: int = 9) -> str:
    """Cluster sizes, as a table in Markdown."""
    lines = ["| servers | quorum | failures tolerated |", "|---|---|---|"]
    lines += [f"| {n} | {quorum(n)} | {failures_tolerated(n)} |" for n in range(1, most + 1)]
    return "\n".join(lines)
