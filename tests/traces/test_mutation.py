"""Changed traces: nearly every change of a field is seen, and no change ends in anything but a verdict."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from raftproof.model.rules import Rule
from raftproof.traces import mutation
from raftproof.traces.conformance import follow
from raftproof.traces.events import Placed
from raftproof.traces.mutation.__main__ import main
from raftproof.traces.mutation.page import changes_page, clauses_page
from raftproof.traces.mutation.parts import aimed, by_chance

CORPUS = Path(__file__).parent / "corpus"
FEW = ("contested3-s8-n300", "crash3replay-s9-n1000", "conf3-s7-n1000", "prevote3-s9-n900", "snapshot3-s9-n1300")


@pytest.fixture(scope="module")
def traces() -> list[mutation.Trace]:
    return [trace for trace in mutation.load(CORPUS / "good") if Path(trace.name).name in FEW]


def test_nearly_every_change_of_a_field_is_rejected(traces: list[mutation.Trace]) -> None:
    result = mutation.Study()
    rejected = list(mutation.study(traces, 11, 400, result))
    assert len(rejected) == sum(result.rejected.values())
    fields = {key: n for key, n in result.tried.items() if key[1] not in ("drop", "double", "swap")}
    seen = sum(result.rejected[key] for key in fields)
    assert seen / sum(fields.values()) > 0.95
    assert result.share > 0.8


def test_the_same_seed_makes_the_same_changes(traces: list[mutation.Trace]) -> None:
    first, second = (mutation.random_change(traces[0].items, random.Random(4)) for _ in range(2))
    assert first == second
    assert mutation.applied(traces[0].items, first) == mutation.applied(traces[0].items, second)


@pytest.mark.parametrize("field", ["term", "vote", "commit", "role", "log", "conf"])
def test_every_shown_field_is_compared_on_every_kind_of_line(field: str, traces: list[mutation.Trace]) -> None:
    """One line of each event, the field changed: rejected there, or at the next line of that server."""
    items = next(trace.items for trace in traces if trace.name.startswith("good/contested3"))
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
        changed = [*items[:at], Placed("t", items[at].number, type(shown)(**values)), *items[at + 1 :]]
        outcome = follow(changed)
        assert (outcome.verdict, outcome.line) == ("rejected", items[at].number), (event, outcome.explanation())


def test_a_rule_of_the_model_that_is_switched_off_changes_verdicts(traces: list[mutation.Trace]) -> None:
    for rule in (Rule.QUORUM_MAJORITY, Rule.LOG_UP_TO_DATE, Rule.COMMIT_MONOTONIC, Rule.ACK_MATCHED_ONLY):
        changed = [mutation.verdict(t.items, False, ()) != mutation.verdict(t.items, False, (rule,)) for t in traces]
        assert any(changed), rule.name


@pytest.fixture
def few(tmp_path: Path) -> Path:
    for kind, name in (("good", "variant-prefix"), ("bad", "double_vote-bugelect5-s3")):
        (tmp_path / kind).mkdir()
        source = CORPUS / kind / f"{name}.ndjson.gz"
        (tmp_path / kind / source.name).write_bytes(source.read_bytes())
    return tmp_path


def test_a_part_of_the_study_is_the_same_each_time_and_parts_add_up(few: Path) -> None:
    _, second = by_chance(seed=2, count=1020)
    (one, found), (again, _) = second(few), second(few)
    assert one == again
    assert sum(one.tried.values()) <= 20
    bad = next(part for part in aimed(2, few) if part.func.__name__ == "_bad")
    more, others = bad(few)
    one.add(more)
    found.add(others)
    assert one.tried == again.tried
    assert one.functions.keys() > again.functions.keys()
    page = changes_page(one, 2, {"vote_once": 1, "reply_term": 0}, one.functions)
    assert "changes of good traces (seed 2)" in page
    assert "| `reply_term` | 0: untested |" in page
    assert "Conditions at which an action answers False" in clauses_page(one, found, mutation.load(few / "good"))


def test_a_folder_without_traces_is_told(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--traces", str(few / "good"), "--out", str(few)]) == 2
    assert "holds no *.ndjson.gz" in capsys.readouterr().err


@pytest.mark.thorough
def test_the_study_is_written_as_pages(few: Path) -> None:
    made = few / "made"
    assert main(["--seed", "2", "--count", "30", "--traces", str(few), "--out", str(made)]) == 0
    assert "changes of good traces (seed 2)" in (made / "mutations.md").read_text()
    assert "Conditions at which an action answers False" in (made / "clauses.md").read_text()
    assert b'"compares"' in (made / "witnesses.json").read_bytes()
