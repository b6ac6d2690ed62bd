"""Traces of the real etcd library: what is legal is accepted whole, what is not is rejected where it happened."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from raftproof.traces.conformance import Outcome, conform

CORPUS = Path(__file__).parent / "corpus"
TRACES: list[dict[str, Any]] = msgspec.json.decode((CORPUS / "manifest.json").read_bytes())["traces"]
GOOD = [trace for trace in TRACES if "verdict" not in trace]
BAD = {
    verdict: [trace for trace in TRACES if trace.get("verdict") == verdict]
    for verdict in ("must-reject", "strict-reject", "must-reject-format", "may-be-accepted")
}
UNLOGGED = "cc:update_node"
"""A change of membership that changes no voter is not logged, which only `--strict` minds."""


def outcome_of(trace: dict[str, Any], strict: bool = False) -> Outcome:
    return conform(str(CORPUS / trace["file"]), strict)


def name(trace: dict[str, Any]) -> str:
    return str(Path(trace["file"]).name).removesuffix(".ndjson.gz")


@pytest.mark.parametrize("trace", GOOD, ids=name)
def test_a_good_trace_is_accepted_whole(trace: dict[str, Any]) -> None:
    outcome = outcome_of(trace)
    assert outcome.explanation() == ""
    others = "one line whose tag is not trace" in trace.get("what", "")
    assert (outcome.verdict, outcome.events) == ("accepted", trace["events"] - others)


@pytest.mark.parametrize("trace", [t for t in GOOD if UNLOGGED not in t.get("features", ())], ids=name)
def test_a_good_trace_obeys_the_rules_of_progress_too(trace: dict[str, Any]) -> None:
    assert outcome_of(trace, strict=True).explanation() == ""


@pytest.mark.parametrize("trace", BAD["must-reject"], ids=name)
def test_a_bad_trace_is_rejected_where_it_departs(trace: dict[str, Any]) -> None:
    outcome = outcome_of(trace)
    assert (outcome.verdict, outcome.line) == ("rejected", trace["departure_line"]), outcome.explanation()


@pytest.mark.parametrize("trace", BAD["strict-reject"], ids=name)
def test_what_is_harmless_is_rejected_only_if_progress_is_demanded(trace: dict[str, Any]) -> None:
    assert outcome_of(trace).verdict == "accepted"
    strict = outcome_of(trace, strict=True)
    assert (strict.verdict, strict.line) == ("rejected", trace["departure_line"]), strict.explanation()


@pytest.mark.parametrize("trace", BAD["must-reject-format"], ids=name)
def test_a_malformed_line_is_named(trace: dict[str, Any]) -> None:
    outcome = outcome_of(trace)
    assert (outcome.verdict, outcome.line) == ("malformed", trace["departure_line"])


@pytest.mark.parametrize("bug", sorted({t["bug"] for t in BAD["must-reject"] if t["kind"] != "corruption"}))
def test_the_departure_names_the_rule_that_the_bug_breaks(bug: str) -> None:
    rules = {
        "accept_stale_append": "refuse_stale",
        "cc_pending_ignored": "one_change_pending",
        "commit_old_term": "commit_own_term",
        "commit_past_last_new": "commit_up_to_last_new",
        "commit_quorum_n2": "commit_quorum",
        "double_vote": "vote_once",
        "entries_not_persisted": "log_persisted",
        "heartbeat_commit_unclamped": "commit_up_to_last_new",
        "joint_incoming_only": "joint_majorities",
        "leader_ignores_higher_term": "higher_term_steps_down",
        "learner_quorum": "learner_no_vote",
        "no_truncate_conflict": "truncate_on_conflict",
        "reject_advances_match": "refusal_no_match",
        "skip_prev_check": "previous_entry",
        "stale_vote_resp": "reply_term",
        "vote_no_log_check": "log_up_to_date",
        "vote_not_persisted": "vote_persisted",
        "vote_quorum_n2": "quorum_majority",
    }
    for trace in BAD["must-reject"]:
        if trace["bug"] == bug:
            departure = outcome_of(trace).departure
            assert departure is not None
            assert departure.rule == rules[bug], (trace["file"], departure.condition)


@pytest.mark.real("traces")
def test_the_librarys_own_example_is_accepted() -> None:
    outcome = conform(str(Path(os.environ["RAFTPROOF_TRACES"]) / "example.ndjson.gz"))
    assert (outcome.explanation(), outcome.events) == ("", 4888)


@pytest.mark.slow
@pytest.mark.real("traces")
def test_a_million_events_take_less_than_twenty_seconds() -> None:
    [file] = Path(os.environ["RAFTPROOF_TRACES"]).glob("large3-*.ndjson.gz")
    assert outcome_of(GOOD[0]).verdict == "accepted"  # whatever has to be compiled is compiled now
    begun = time.process_time()
    outcome = conform(str(file))
    assert (outcome.explanation(), outcome.events) == ("", 1_000_001)
    assert time.process_time() - begun < 20
