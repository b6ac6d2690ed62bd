"""The published model with one claim, and a false one: nobody ever leads. What refutes it is the shortest election.

raftproof check docs/course/exercises/models/nobody_leads.py
"""

# ruff: noqa: SIM110 -- the modelling language has no comprehensions

from __future__ import annotations

from dataclasses import replace

from raftproof.model import figure2
from raftproof.model.figure2 import Raft
from raftproof.model.vocabulary import Role

model = replace(figure2.model, name="nobody_leads", invariants=[], action_invariants=[])


@model.invariant
def nobody_leads(s: Raft) -> bool:
    """No server is ever elected."""
    for i in s.servers:
        if s.role[i] == Role.LEADER:
            return False
    return True
