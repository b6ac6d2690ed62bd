"""The benchmark follows as many events as it says, and says what to do where there is no trace."""

from __future__ import annotations

from pathlib import Path

import conform
import pytest

STABLE = Path(__file__).parents[1] / "traces" / "corpus" / "good" / "stable3-s1-n120.ndjson.gz"


@pytest.mark.thorough
def test_a_line_of_the_table_counts_the_events_that_there_are() -> None:
    conform.follow(conform.first(str(STABLE), conform.WARM))
    for asked, counted in ((100, 100), (1000, 122)):
        events, reading, following, ratio, memory = map(float, conform.measure(str(STABLE), asked, 1).split())
        assert events == counted
        assert min(reading, following, ratio) > 0
        assert memory > 50


def test_without_the_long_trace_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAFTPROOF_TRACES", str(tmp_path))
    with pytest.raises(SystemExit, match="set it, or name a trace"):
        conform.million()
