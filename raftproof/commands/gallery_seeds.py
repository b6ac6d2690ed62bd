"""Find for every rule the first simulated run that fails without it.

`python -m raftproof.commands.gallery_seeds [RULE …]`; some minutes for all. A change of what the implementation decides
moves the seeds; a test notices, and this finds them anew.
"""

from __future__ import annotations

import sys

import msgspec

from raftproof.commands.gallery_rules import SEEDS, Seed
from raftproof.commands.torture_runs import judge
from raftproof.impl.core.rules import BREAKABLE
from raftproof.impl.sim import parse, plan

STEPS = 3000
"""The steps of a run, as `raftproof torture` has them unless told otherwise."""
RUNS_MAX = 4000


def falls_in(rule: str, seed: int) -> str:
    """The property that one run breaks without a rule; empty where it breaks none."""
    violation = judge(plan(seed, STEPS, parse("all"), frozenset({rule}))).violation
    return violation.name if violation else ""


def find(rule: str) -> Seed:
    """The first of many runs that fails."""
    for seed in range(RUNS_MAX):
        name = falls_in(rule, seed)
        if name:
            return Seed(rule, seed + 1, seed, name)
    return Seed(rule, RUNS_MAX)


def main(words: list[str]) -> int:
    """Find the seeds of the named rules, or of all, and keep them."""
    known = {one.rule: one for one in msgspec.json.decode(SEEDS.read_bytes(), type=list[Seed])} if words else {}
    for rule in words or BREAKABLE:
        known[rule] = find(rule)
        print(known[rule], file=sys.stderr)
        lines = [msgspec.json.encode(known[name]).decode() for name in BREAKABLE if name in known]
        SEEDS.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
