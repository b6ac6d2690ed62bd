"""The golden scenarios. After a change that is meant, `RAFTPROOF_REWRITE=1 pytest tests/impl/core` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.impl.core.scenario import run

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("file", SCENARIOS, ids=[file.stem for file in SCENARIOS])
def test_a_scenario_goes_as_it_is_written(file: Path) -> None:
    found = run(file)
    if os.environ.get("RAFTPROOF_REWRITE") == "1":
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8
