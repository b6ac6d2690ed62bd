"""`raftproof conform`: what it prints, its JSON, its exit codes."""

from __future__ import annotations

import gzip
import io
import json
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from raftproof.commands import app
from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import World, parse, plan
from raftproof.traces.recorder import Recorder

CORPUS = Path(__file__).parent / "corpus"
GOOD = str(CORPUS / "good" / "contested3-s8-n300.ndjson.gz")
BAD = str(CORPUS / "bad" / "vote_no_log_check-bugelect3-s1.ndjson.gz")
HARMLESS = str(CORPUS / "bad" / "match_regress-reorder3-s7.ndjson.gz")
MALFORMED = str(CORPUS / "bad" / "corrupt-syntax-term-string.ndjson.gz")
FIELDS = {
    "file",
    "verdict",
    "events",
    "line",
    "event",
    "rule",
    "expected",
    "observed",
    "explanation",
    "settings",
    "seconds",
}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["conform", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([GOOD], 0),
        ([BAD], 1),
        ([MALFORMED], 4),
        ([GOOD, MALFORMED], 4),
        ([MALFORMED, BAD, GOOD], 1),
        ([HARMLESS], 0),
        (["--strict", HARMLESS], 1),
        (["--format", "etcd", GOOD], 0),
        (["--format", "other", GOOD], 2),
        (["/no/such/trace"], 4),
        ([], 2),
    ],
)
def test_the_exit_code_is_the_worst_of_all_files(files: list[str], code: int) -> None:
    assert run(*files)[0] == code


def test_a_departure_says_where_which_rule_which_values_and_what_came_before() -> None:
    _, text = run(BAD)
    assert f"{BAD}:163: rejected: server 1 (follower, term 3, commit 3, log 10): SendRequestVoteResponse" in text
    assert "log_up_to_date: only a log as up to date as the voter's gets a vote" in text
    assert "§5.4.1" in text
    assert "(term 1, index 3) is behind that of server 1 (term 2, index 10)" in text
    assert "expected true, observed false" in text
    assert "SendRequestVoteResponse of server 1 with reject true" in text
    assert "fault of the implementation" in text
    assert "the last lines of servers 1 and 3:" in text


def test_json_has_all_fields_for_every_verdict(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    code, _ = run(GOOD, BAD, MALFORMED, "--json", str(file))
    good, bad, malformed = json.loads(file.read_text())
    assert code == 1
    assert FIELDS == set(good) == set(bad) == set(malformed)
    assert (good["verdict"], good["line"], good["rule"], good["events"]) == ("accepted", None, None, 301)
    assert (bad["verdict"], bad["line"], bad["event"]) == ("rejected", 163, "SendRequestVoteResponse")
    assert (bad["rule"], bad["expected"], bad["observed"]) == ("log_up_to_date", {"reject": True}, {"reject": False})
    assert (malformed["verdict"], malformed["line"]) == ("malformed", 121)
    assert "121" in malformed["explanation"]


def test_a_trace_on_standard_input_is_read_whole() -> None:
    result = CliRunner().invoke(app, ["conform", "-"], input=gzip.decompress(Path(GOOD).read_bytes()))
    assert result.exit_code == 0, result.output


def test_json_on_stdout_stands_alone() -> None:
    code, text = run(GOOD, "--json", "-")
    assert code == 0
    assert json.loads(text)[0]["verdict"] == "accepted"


def test_what_no_line_shows_is_inferred() -> None:
    _, text = run(str(CORPUS / "good" / "checkquorum3-s4-n900.ndjson.gz"), "--json", "-")
    assert json.loads(text)[0]["settings"]["check-quorum"] == "on"
    _, text = run(str(CORPUS / "good" / "prevote3-s9-n900.ndjson.gz"), "--json", "-")
    assert json.loads(text)[0]["settings"]["pre-vote"] == "on"


def test_a_line_that_nothing_precedes_is_told(tmp_path: Path) -> None:
    lines = gzip.decompress(Path(GOOD).read_bytes()).splitlines(keepends=True)
    path = tmp_path / "late.ndjson"
    path.write_bytes(b"".join(lines[40:]))
    code, text = run(str(path))
    assert code == 1
    assert f"{path}:1: rejected" in text
    assert "before it starts" in text


def test_the_lines_around_a_departure_are_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "departure.svg"
    result = CliRunner().invoke(app, ["render", BAD, "--at", "163", "--out", str(picture)])
    assert result.exit_code == 0, result.output
    texts = [element.text or "" for element in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert {"server 1", "server 3", "163", "→3 VoteResp yes"} <= set(texts)
    assert any("log_up_to_date" in text for text in texts)
    assert any(path.get("marker-end") for path in ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}path"))


def test_a_picture_of_a_vote_too_many_shows_both_votes_and_leaves_out_what_is_quiet() -> None:
    path = str(CORPUS / "bad" / "double_vote-bugelect5-s3.ndjson.gz")
    root = ElementTree.fromstring(CliRunner().invoke(app, ["render", path, "--at", "97"]).output)
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text.startswith("votes ")] == ["votes 1", "votes 4", "votes 4"]
    assert {"→1 VoteResp yes", "→4 VoteResp yes", "←1 VoteResp no"} <= set(texts)
    assert "28" in texts and "47" not in texts, "line 47 applies what line 45 applied"
    assert "Possible here: SendRequestVoteResponse of server 5 with reject true." in texts


def test_a_line_that_is_not_there_and_a_file_that_is_no_trace_are_told(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["render", BAD, "--at", "9999"]).exit_code == 2
    other = tmp_path / "other.txt"
    other.write_text("no trace")
    assert CliRunner().invoke(app, ["render", str(other), "--at", "1"]).exit_code == 4


def test_the_files_of_our_own_servers_are_one_trace(tmp_path: Path) -> None:
    whole = io.BytesIO()
    World(plan(5, 1500, parse("all")), Trace(Recorder(whole).write)).run()
    logs: dict[str, list[bytes]] = defaultdict(list)
    for line in whole.getvalue().splitlines(keepends=True):
        logs[json.loads(line)["event"]["nid"]].append(line)
    files = [tmp_path / f"s{nid}.ndjson" for nid in logs]
    for file, lines in zip(files, logs.values(), strict=True):
        file.write_bytes(b"".join(lines))
    code, text = run(*map(str, files), "--json", "-")
    [outcome] = json.loads(text)
    assert (code, outcome["verdict"], outcome["events"]) == (0, "accepted", sum(map(len, logs.values())))
    code, text = run(*map(str, files[1:]))
    assert code == 4
    assert "whose log is missing" in text
    code, text = run(*map(str, [*files, GOOD]), "--json", "-")
    assert [o["verdict"] for o in json.loads(text)] == ["accepted", "accepted"]
