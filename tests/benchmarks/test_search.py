"""The benchmark measures what it says: the same work as the opponent's, and memory that adds up."""

from __future__ import annotations

import sys

import one_search
import pytest
import search
from one_search import Task


@pytest.mark.thorough
def test_one_search_counts_what_the_opponent_counts_and_how_wide_its_levels_are() -> None:
    found = one_search.run(Task(bounds=search.E | {"max_term": 2}, symmetry=True, count_frontier=True))
    assert (found.generated, found.distinct, found.depth) == (449_396, 57_021, 48)
    assert found.distinct / found.depth < found.frontier_states < found.distinct
    assert found.state_bytes <= 40
    assert found.start_memory_bytes <= found.peak_memory_bytes


@pytest.mark.slow
def test_a_search_that_is_told_to_stop_says_why() -> None:
    found = one_search.run(Task(bounds=search.E | {"max_term": 2}, symmetry=True, max_states=1_000))
    assert found.reason == "states"
    assert 1_000 <= found.distinct < 57_021


def test_a_measurement_without_rounds_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["search.py", "--rounds", "0"])
    with pytest.raises(SystemExit) as ended:
        search.main()
    assert ended.value.code == 2
    assert "at least one round is needed" in capsys.readouterr().err
