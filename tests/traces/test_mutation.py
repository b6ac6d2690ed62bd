"""Changed traces: nearly every change of a field is seen, and no change ends in anything but a verdict."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from raftproof.model.rules import Rule
from raftproof.traces import mutation
from raftproof.traces.conformance import follow

CORPUS = Path(__file__).parent / "corpus"
FEW = ("contested3-s8-n300", "crash3replay-s9-n1000", "conf3-s7-n1000", "prevote3-s9-n900", "snapshot3-s9-n1300")


@pytest.fixture(scope="module")
def traces() -> list[list[mutation.Placed]]:
    return [items for items in mutation.load(CORPUS / "good") if Path(items[0].file).name.split(".")[0] in FEW]


def test_nearly_every_change_of_a_field_is_rejected(traces: list[list[mutation.Placed]]) -> None:
    result = mutation.study(traces, seed=11, count=400)
    fields = {key: n for key, n in result.tried.items() if key[1] not in ("drop", "double", "swap")}
    seen = sum(result.rejected[key] for key in fields)
    assert seen / sum(fields.values()) > 0.95
    assert result.share > 0.8


def test_the_same_seed_makes_the_same_changes(traces: list[list[mutation.Placed]]) -> None:
    first, second = (mutation.mutations(traces[0], random.Random(4)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("field", ["term", "vote", "commit", "role", "log", "conf"])
def test_every_shown_field_is_compared_on_every_kind_of_line(field: str, traces: list[list[mutation.Placed]]) -> None:
    """One line of each event, the field changed: rejected there, or at the next line of that server."""
    items = traces[[Path(t[0].file).name.startswith("contested3") for t in traces].index(True)]
    last = {item.event.nid: k for k, item in enumerate(items)}
    for event in sorted({item.event.name for item in items} - {"InitState"}):
        at = next((k for k, i in enumerate(items) if i.event.name == event and k > 40 and k < last[i.event.nid]), None)
        if at is None:
            continue
        shown = items[at].event
        state = shown.state
        other = {
            "term": {"state": type(state)(state.term + 7, state.vote, state.commit)},
            "vote": {"state": type(state)(state.term, "3" if state.vote != "3" else "2", state.commit)},
            "commit": {"state": type(state)(state.term, state.vote, state.commit + 7)},
            "role": {"role": "StateLeader" if shown.role != "StateLeader" else "StateCandidate"},
            "log": {"log": shown.log + 7},
            "conf": {"conf": (shown.conf[0][1:], shown.conf[1])},
        }[field]
        values = {name: getattr(shown, name) for name in shown.__struct_fields__} | other
        changed = [*items[:at], mutation.Placed("t", items[at].number, type(shown)(**values)), *items[at + 1 :]]
        outcome = follow(changed)
        assert (outcome.verdict, outcome.line) == ("rejected", items[at].number), (event, outcome.explanation())


def test_a_rule_of_the_model_that_is_switched_off_changes_verdicts(traces: list[list[mutation.Placed]]) -> None:
    for rule in (Rule.QUORUM_MAJORITY, Rule.LOG_UP_TO_DATE, Rule.COMMIT_MONOTONIC, Rule.ACK_MATCHED_ONLY):
        changed = [mutation.verdict(t, False, ()) != mutation.verdict(t, False, (rule,)) for t in traces]
        assert any(changed), rule.name


def test_the_study_is_written_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for kind, name in (("good", "variant-prefix"), ("bad", "double_vote-bugelect5-s3")):
        (tmp_path / kind).mkdir()
        source = CORPUS / kind / f"{name}.ndjson.gz"
        (tmp_path / kind / source.name).write_bytes(source.read_bytes())
    assert mutation.main(["--seed", "2", "--count", "30", "--traces", str(tmp_path), "--out", str(page)]) == 0
    assert "changes of good traces (seed 2)" in page.read_text()
    assert mutation.main(["--traces", str(tmp_path / "good")]) == 2
