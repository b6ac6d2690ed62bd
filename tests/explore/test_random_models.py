"""Compiled and interpreted agree on models drawn at random: states, counts, depths, witnesses, violations, symmetry,
random behaviors, reductions.

`make test` looks at a few, always the same. A longer run, on others each time:

    RAFTPROOF_EXAMPLES=100 .venv/bin/pytest tests/explore/test_random_models.py
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from comparing import Unwatched, compare, compare_unwatched, question_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_models import random_model

from raftproof.checker.explore.reference import search
from raftproof.checker.native.build import PLAIN
from raftproof.checker.run import simulate

EXAMPLES = int(os.environ.get("RAFTPROOF_EXAMPLES", "0"))
FEW = settings(
    max_examples=EXAMPLES or 2,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
FEWEST, MOST = (30, 200) if PLAIN else (50, 500)


def draw_model(chance: Random, folder: str) -> Path:
    """A file with a model whose states are neither few nor many."""
    path = Path(folder) / "random_model.py"
    while True:
        path.write_text(random_model(chance))
        question = question_of(path)
        system = question.interpreter(question.layout())
        found = search(Unwatched(system), system.normal, max_states=MOST)
        if found.complete and found.distinct >= FEWEST:
            return path


@pytest.mark.slow
@given(st.randoms(use_true_random=True))
@FEW
def test_compiled_and_interpreted_agree_state_for_state(chance: Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = draw_model(chance, folder)
        question = question_of(path)
        whole = compare(question)
        broken = tuple(rule.name.lower() for rule in question.model.breakable())
        if broken:
            compare(question_of(path, broken=broken))
        symmetric = question_of(path, symmetric=("servers", "values"))
        run = compare(symmetric, workers=2)
        system = symmetric.interpreter(symmetric.layout())
        orbits = sum(system.orbit(state) for level in run.states for state in level)
        assert orbits == whole.outcome.distinct


@pytest.mark.thorough
@given(st.randoms(use_true_random=True))
@FEW
def test_reduced_searches_and_random_behaviors_agree_with_the_plain_search(chance: Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        question = question_of(draw_model(chance, folder), symmetric=("servers", "values"))
        for seed in range(3):
            simulate(question, 5, 8, seed)
        compare_unwatched(replace(question, reduce=tuple(question.model.reducible())), workers=2)
