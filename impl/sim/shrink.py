"""Make a failing run small: leave out injections, clients and ways to crash, or let chance fall differently, as long as
the same property falls.

Injections have generators of their own, so leaving one out keeps the others; what is left is what the failure needs.
The order of the trials is fixed, so the same failure shrinks the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from raftproof.impl.sim.nemesis import MODES
from raftproof.impl.sim.plan import Plan

VARIANTS = 60
"""So many other courses of a plan are tried: with the same injections the same bug often shows earlier."""

Fails = Callable[[Plan], int | None]
"""After how many steps a run of this plan fails in the same way; None if it does not."""


def shrink(failing: Plan, steps: int, injections: int, fails: Fails, most_runs: int) -> tuple[Plan, int]:
    """The smallest failing run found, and after how many steps it fails."""
    best, best_steps = failing, steps
    runs = 0
    improved = True
    while improved and runs < most_runs:
        improved = False
        for smaller in _smaller(best, injections):
            runs += 1
            found = fails(smaller)
            if found is not None and _cost(smaller, found, injections) < _cost(best, best_steps, injections):
                best, best_steps, improved = smaller, found, True
                break
            if runs >= most_runs:
                break
    return best, best_steps


def _cost(plan: Plan, steps: int, injections: int) -> int:
    """What a reader has to understand: a fault weighs as much as many steps, a client and a way to crash too."""
    return steps + 25 * (injections - len(plan.skip)) + 25 * plan.clients + 10 * len(plan.faults)


def _smaller(plan: Plan, injections: int) -> Iterator[Plan]:
    """Simpler plans, the boldest first."""
    left = [number for number in range(injections) if number not in plan.skip]
    yield from _without(plan, left, len(left), 3)
    for clients in range(1, plan.clients):
        yield msgspec.structs.replace(plan, clients=clients)
    for variant in range(1, VARIANTS + 1):
        yield msgspec.structs.replace(plan, variant=plan.variant * VARIANTS + variant)
    yield from _without(plan, left, min(2, len(left)), 1)
    for mode in sorted(MODES & plan.faults):
        yield msgspec.structs.replace(plan, faults=plan.faults - {mode})


def _without(plan: Plan, left: list[int], most: int, least: int) -> Iterator[Plan]:
    """The plan without some of the injections that are left: so many at a time, then half as many, and so on."""
    size = most
    while size >= least:
        for start in range(0, len(left), size):
            yield msgspec.structs.replace(plan, skip=plan.skip | frozenset(left[start : start + size]))
        size //= 2
