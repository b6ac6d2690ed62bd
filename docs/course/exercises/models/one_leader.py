"""What an election is for, and nothing else: somebody is elected once, and stays elected. For lesson 10.

    nobody ──elect(s2)──▶ s2

A model *refines* it if each of its steps, looked at through a mapping, is a step of this one or changes nothing here.
"""

from __future__ import annotations

NOBODY = -1
Winner = int
"""NOBODY, or the number of the server that is elected."""


def is_step(before: Winner, after: Winner) -> bool:
    """Whether somebody is elected who was not, and nobody was before."""
    return before == NOBODY and after != NOBODY


def is_allowed(before: Winner, after: Winner) -> bool:
    """A step, or nothing at all (a stutter)."""
    return before == after or is_step(before, after)
