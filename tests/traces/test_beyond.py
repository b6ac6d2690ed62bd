"""Further traces of the etcd library: what no trace of the corpus shows. Their manifest says what each contains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from raftproof.traces.conformance import conform

BEYOND = Path(__file__).parent / "beyond"
TRACES: list[dict[str, Any]] = msgspec.json.decode((BEYOND / "manifest.json").read_bytes())["traces"]


@pytest.mark.parametrize("strict", [False, True], ids=["safety", "progress"])
@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: str(trace["file"]).removesuffix(".ndjson.gz"))
def test_what_the_library_may_do_is_accepted_whole_and_nothing_else(trace: dict[str, Any], strict: bool) -> None:
    outcome = conform(str(BEYOND / trace["file"]), strict)
    line = trace.get("strict_line", trace.get("line")) if strict else trace.get("line")
    if line is None:
        assert (outcome.explanation(), outcome.verdict, outcome.events) == ("", "accepted", trace["events"])
    else:
        assert (outcome.verdict, outcome.line) == ("rejected", line), outcome.explanation()
        assert outcome.departure is not None
        assert outcome.departure.rule == trace["rule"]
