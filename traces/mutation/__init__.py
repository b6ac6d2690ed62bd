"""How much the conformance check sees: change one thing in a good trace, and look whether it is rejected.

    python -m raftproof.traces.mutation --seed 1 --count 20000 --traces tests/traces/corpus [--out FOLDER]

`changes` says what is changed, `study` counts what came of many changes, `witnesses` looks for a change by which each
condition of the model and each compared field rejects a trace, `page` writes it down.
"""

from raftproof.traces.mutation.changes import Change, applied, changed_field, random_change
from raftproof.traces.mutation.study import Study, Trace, load, rules_that_matter, study, verdict
from raftproof.traces.mutation.witnesses import Witness, Witnesses, verify

__all__ = [
    "Change",
    "Study",
    "Trace",
    "Witness",
    "Witnesses",
    "applied",
    "changed_field",
    "load",
    "random_change",
    "rules_that_matter",
    "study",
    "verdict",
    "verify",
]
