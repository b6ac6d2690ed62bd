"""A deterministic world to torture a cluster in: the same core, log format and store, everything else simulated.

    outcome = World(plan(seed=7, steps=3000, faults=parse("all"))).run()

The files: `faults` names what can go wrong, `plan` what a run is; `world` runs it; `machine`, `disk`, `network`,
`clients` are what it is made of; `nemesis` injects, `healing` ends it, `checks` judges, `shrink` makes a failing run
small, `record` writes it down; `small` is for a search that tries every behavior.
"""

from raftproof.impl.sim.faults import FAULTS, parse
from raftproof.impl.sim.plan import Plan, plan
from raftproof.impl.sim.violation import PropertyViolated
from raftproof.impl.sim.world import Outcome, World

__all__ = ["FAULTS", "Outcome", "Plan", "PropertyViolated", "World", "parse", "plan"]
