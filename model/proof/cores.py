"""Find which lemmas each obligation needs, and store it: `python -m raftproof.model.proof.cores` (minutes).

`raftproof prove` says when it is time to run this again: after a change of the protocol or of a lemma.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from raftproof.checker.proof.cores import Core, Cores, find, load, save
from raftproof.checker.proof.obligations import Obligation, fingerprint, obligations
from raftproof.model.proof import RAFT

STORED = Path(__file__).parent / "cores.json"


def stored() -> Cores:
    """The cores of Raft's obligations, as last found; none if they were never looked for."""
    return load(STORED) if STORED.exists() else Cores()


def main(workers: int = 2) -> int:
    """Find the cores that are missing or stale, and store all."""
    known, found = stored(), Cores()
    listed = list(obligations(RAFT))
    missing = [o.key for o in listed if known.needed(o) is None]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        fresh = dict(zip(missing, pool.map(_find, missing), strict=True))
    for obligation in listed:
        core = fresh[obligation.key] if obligation.key in fresh else known.cores[obligation.key]
        if core is None:
            print(f"not proved, with all lemmas: {obligation.key}", file=sys.stderr)
        else:
            found.cores[obligation.key] = core
            found.lemmas.update({name: fingerprint(obligation.hypotheses[name]) for name in core.needs})
    save(found, STORED)
    print(f"{len(fresh)} of {len(listed)} cores found anew, stored in {STORED.name}", file=sys.stderr)
    return 0 if len(found.cores) == len(listed) else 3


def _prepare() -> None:
    """Each process writes the obligations down once."""
    _OBLIGATIONS.update({o.key: o for o in obligations(RAFT)})


def _find(key: str) -> Core | None:
    return find(_OBLIGATIONS[key])


_OBLIGATIONS: dict[str, Obligation] = {}

if __name__ == "__main__":
    sys.exit(main())
