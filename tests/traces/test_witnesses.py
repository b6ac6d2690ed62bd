"""For each condition of the model and each compared field a trace that is rejected because of it, looked at again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from raftproof.traces import mutation
from raftproof.traces.conformance import follow
from raftproof.traces.conformance.clauses import Notes, clauses, instrumented
from raftproof.traces.mutation.witnesses import lines_by_field

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
DOCS = ROOT / "docs" / "conformance"
WITNESSES = msgspec.json.decode((DOCS / "witnesses.json").read_bytes(), type=mutation.Witnesses)
KINDS = ("refuses", "decides", "compares")


@pytest.fixture(scope="module")
def traces() -> dict[str, mutation.Trace]:
    return {trace.name: trace for kind in ("good", "bad", "own") for trace in mutation.load(CORPUS / kind)}


def unverified(kind: str, every: int, traces: dict[str, mutation.Trace]) -> list[str]:
    """Which witnesses of a kind, one in so many, do not show what they are kept for."""
    kept = sorted(getattr(WITNESSES, kind).items())[::every]
    return [name for name, witness in kept if not mutation.verify(kind, name, witness, traces)]


@pytest.mark.parametrize("kind", KINDS)
def test_some_witnesses_show_what_they_are_kept_for(kind: str, traces: dict[str, mutation.Trace]) -> None:
    assert unverified(kind, 9, traces) == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_every_witness_shows_what_it_is_kept_for(kind: str, traces: dict[str, mutation.Trace]) -> None:
    assert unverified(kind, 1, traces) == []


def test_a_witness_of_something_else_is_noticed(traces: dict[str, mutation.Trace]) -> None:
    for kind in KINDS:
        (first, witness), (second, _), *_ = sorted(getattr(WITNESSES, kind).items())
        assert first != second
        assert not mutation.verify(kind, first, witness._replace(line=witness.line + 1), traces)
    refused = sorted(WITNESSES.refuses.items())[0][1]
    assert not mutation.verify("refuses", "election.campaign: s.nothing", refused, traces)
    compared = sorted(WITNESSES.compares.items())[0][1]
    assert not mutation.verify("compares", "Ready log", compared._replace(change=None, line=1), traces)


def listed(page: str) -> set[str]:
    """The first cells of all rows of a page's tables."""
    return {line.split(" |")[0].removeprefix("| ").strip("`") for line in page.splitlines() if line.startswith("| ")}


def test_every_condition_of_the_model_is_in_the_table_with_a_witness_or_a_reason() -> None:
    page = (DOCS / "clauses.md").read_text()
    every = {clause.name for clause in clauses()}
    assert {name.replace("|", "\\|") for name in every} - listed(page) == set()
    assert WITNESSES.refuses.keys() | WITNESSES.decides.keys() <= every
    assert "no changed trace reached it" not in page, "each one that is untested has its reason"


def test_every_field_of_the_traces_is_in_the_table(traces: dict[str, mutation.Trace]) -> None:
    page = (DOCS / "clauses.md").read_text()
    for name in lines_by_field(trace for key, trace in traces.items() if not key.startswith("bad")):
        event, _, changed = name.partition(" ")
        assert f"| {event} | `{changed}` |" in page or f"| {name} |" in page, name


def test_our_own_traces_are_accepted_whole(traces: dict[str, mutation.Trace]) -> None:
    own = [trace for name, trace in traces.items() if name.startswith("own/")]
    assert len(own) == 4
    for trace in own:
        outcome = follow(trace.items, strict=True)
        assert (outcome.verdict, outcome.events) == ("accepted", len(trace.items)), outcome.explanation()


def test_a_departure_names_the_condition_by_which_the_model_refused(traces: dict[str, mutation.Trace]) -> None:
    departure = follow(traces["bad/cc_pending_ignored-bugconf-s11"].items).departure
    assert departure is not None
    assert departure.refused == (
        "membership.may_change: pending > s.commit_index[i]",
        "membership.propose_change: may_change(s, i, kind)",
    )


def test_a_new_condition_is_a_clause_by_itself() -> None:
    names = [clause.name for clause in clauses()]
    assert len(set(names)) == len(names)
    assert "election.request_vote: i == j" in names
    assert "membership.changed: now.outgoing != 0 (2)" in names
    assert not [name for name in names if "upholds" in name]
    switches = {clause.name for clause in clauses() if clause.enables}
    assert "membership.may_change: pending > s.commit_index[i]" in switches
    assert "parts.take: is_last" not in switches


def test_an_instrumented_action_is_made_once_for_its_notes() -> None:
    notes = Notes()
    assert instrumented("campaign", notes) is instrumented("campaign", notes)
    assert instrumented("campaign", notes) is not instrumented("campaign", Notes())
