"""The same answers, to the byte: compiled, uncompiled, with bounds checks, under any hash seed.

`make test` runs these once as they are, and once more in each leg: NUMBA_DISABLE_JIT=1, NUMBA_BOUNDSCHECK=1 and two
values of PYTHONHASHSEED. The pinned digests make the legs agree with each other. They cover the whole result except
what is measured (times, memory) and who asked (workers, command).
"""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from raftproof.checker.result import Result, to_json
from raftproof.checker.run import Question, check, simulate
from raftproof.commands.models import find_model

pytestmark = pytest.mark.leg

MEASURED = {
    "seconds": 0.0,
    "cpu_seconds": 0.0,
    "setup_seconds": 0.0,
    "states_per_second": 0.0,
    "peak_memory_bytes": 0,
    "workers": 0,
}


def digest(result: Result) -> str:
    """A fingerprint of everything in a result that does not depend on the machine."""
    return hashlib.sha256(to_json(msgspec.structs.replace(result, **MEASURED))).hexdigest()[:16]


def test_the_puzzle_has_the_same_solution_in_every_leg() -> None:
    assert digest(check(Question(find_model("jugs"), workers=1))) == "0fa8b7d2687e6408"


def test_two_phase_commit_has_the_same_states_in_every_leg() -> None:
    result = check(Question(find_model("two_phase_commit"), workers=2, symmetric=()))
    assert (result.generated, result.distinct, result.depth) == (1146, 288, 11)
    assert digest(result) == "aaa22291a47eb813"


def test_raft_has_the_same_states_in_every_leg() -> None:
    result = check(Question(find_model("figure2"), bounds={"servers": 2}, workers=2))
    assert (result.generated, result.distinct, result.depth) == (915, 182, 27)
    assert digest(result) == "23439dff94e6fa8b"


def test_a_broken_rule_has_the_same_counterexample_in_every_leg() -> None:
    result = check(Question(find_model("figure2"), bounds={"servers": 2}, broken=("quorum_majority",), workers=1))
    assert result.violation is not None
    assert digest(result) == "109eea6c92523db1"


def test_chance_walks_the_same_way_in_every_leg() -> None:
    question = Question(find_model("figure2"), bounds={"servers": 2}, symmetric=("servers",))
    result = simulate(question, behaviors=5, length=20, seed=7)
    assert digest(result) == "8337c057ab1f471b"
