"""A suite of a user's own: what `raftproof.testing` asks, and how the plugin shows what comes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from raftproof.checker.explore.compiled import BASE_BYTES
from raftproof.commands.assertions import Asked
from raftproof.model.figure2 import model as figure2
from raftproof.testing import NOWHERE, Failed, NoAnswer, assert_conforms, assert_holds, place

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
JUGS = ROOT / "model" / "toys" / "jugs.py"
GRID = ROOT / "tests" / "explore" / "grid.py"
CORPUS = ROOT / "tests" / "traces" / "corpus"
BAD = CORPUS / "bad" / "vote_no_log_check-bugelect3-s1.ndjson.gz"
GOOD = CORPUS / "good" / "contested3-s8-n300.ndjson.gz"
HEAD = "import pytest\nfrom raftproof.testing import *\n\n\n"


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """A suite that runs within this process forgets what it imported, and numba must not be imported twice."""
    assert_holds("two_phase_commit")
    with pytest.raises(Failed):
        assert_holds(JUGS)
    with pytest.raises(Failed):
        assert_conforms(BAD)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with a model and two traces, in which a suite runs."""
    shutil.copy(JUGS, pytester.path / "mine.py")
    shutil.copy(BAD, pytester.path / "bad.ndjson.gz")
    shutil.copy(GOOD, pytester.path / "good.ndjson.gz")
    return pytester


def run(suite: pytest.Pytester, line: str, *options: str) -> pytest.RunResult:
    """A suite of one test of one line."""
    suite.makepyfile(test_mine=f"{HEAD}def test_it():\n    {line}\n")
    return run_all(suite, *options)


def run_all(suite: pytest.Pytester, *options: str, **keywords: bool) -> pytest.RunResult:
    """The suite, without the plugin of hypothesis, which takes a second to import."""
    return suite.runpytest_inprocess("-p", "no:hypothesispytest", *options, **keywords)


def picture_in(result: pytest.RunResult) -> Path:
    """The file that a failure says to open."""
    [found] = re.findall(r"(?:open|Kept in) (\S+)$", result.stdout.str(), re.MULTILINE)
    return Path(found)


def test_what_holds_passes_in_one_line(suite: pytest.Pytester) -> None:
    run(suite, "assert_holds('two_phase_commit', servers=3)").assert_outcomes(passed=1)


@pytest.mark.parametrize("line", ["assert_holds('mine.py')", "assert_conforms('bad.ndjson.gz')"])
def test_a_picture_that_cannot_be_kept_takes_nothing_from_the_failure(suite: pytest.Pytester, line: str) -> None:
    (suite.path / "file").touch()
    result = run(suite, line, "--raftproof-out", "file/pictures")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*FourLitres*is violated*" if "mine" in line else "*: rejected: *", "No picture is kept: *"]
    )
    assert "NotADirectoryError" not in result.stdout.str()


def test_an_accepted_trace_passes_in_one_line(suite: pytest.Pytester) -> None:
    run(suite, "assert_conforms('good.ndjson.gz')").assert_outcomes(passed=1)


def test_a_violation_reads_as_its_counterexample_and_the_command_to_see_it(suite: pytest.Pytester) -> None:
    result = run(suite, "assert_holds('mine.py')", "--raftproof-out", "shown")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "FourLitresCannotBeMeasured is violated after 6 steps*",
            "  1  fill_large",
            "  1. large = 4",
            "Again:  raftproof check mine.py",
            "See it: raftproof check mine.py --out counterexample",
            "or open shown/test_mine.py-test_it-*/index.html",
            "*- asked at -*",
            "*test_mine.py:6",
            "FAILED test_mine.py::test_it - raftproof.testing.Failed: FourLitres*",
        ]
    )
    for internal in ("Traceback", "testing.py", "assertions.py", "E  "):
        assert internal not in result.stdout.str()
    page = suite.path / picture_in(result)
    assert "fill_large" in page.read_text()
    assert json.loads((page.parent / "result.json").read_text())["verdict"] == "violated"


@pytest.mark.parametrize("ci", ["", "true"])
def test_the_summary_says_a_failure_in_one_line_in_ci_too(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)  # where it is set, pytest cuts no line of its summary
    lines = run(suite, "assert_holds('mine.py')", "--junit-xml", "junit.xml").outlines
    [start] = [at for at, line in enumerate(lines) if "short test summary" in line]
    assert len(lines[start:]) == 3
    assert 'message="raftproof.testing.Failed: FourLitres' in (suite.path / "junit.xml").read_text()
    assert (suite.path / "junit.xml").read_text().count("shortest counterexample") == 2


def test_the_command_that_is_shown_finds_the_same(suite: pytest.Pytester) -> None:
    result = run(suite, "assert_holds('mine.py', only='FourLitresCannotBeMeasured', symmetry='none')")
    [command] = re.findall("^Again:  raftproof (.*)$", result.stdout.str(), re.MULTILINE)
    program = [sys.executable, "-c", "from raftproof.commands import main; main()"]
    done = subprocess.run([*program, *command.split(), "--json", "-"], capture_output=True, text=True)
    assert (done.returncode, json.loads(done.stdout)["violation"]["depth"]) == (1, 7)


def test_a_limit_is_no_pass_and_no_failed_assertion(suite: pytest.Pytester) -> None:
    line = "with pytest.raises(AssertionError): assert_holds('two_phase_commit', servers=3, max_states=10)"
    result = run(suite, line)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "Incomplete: no violation in the 10 states that were explored*",
            "Again:  raftproof check two_phase_commit --servers 3 --max-states 10",
            "Kept in .pytest_cache/*/result.txt",
            "*raftproof.testing.NoAnswer: Incomplete*",
        ]
    )
    assert (suite.path / picture_in(result)).exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("assert_holds('mine.py', max_trem=2)", "jugs has no bound max_trem; its bounds are none"),
        ("assert_holds('mine.py', only='Nothing')", "jugs has no property Nothing; *"),
        ("assert_holds('nothing.py')", "nothing.py: there is no such file"),
        ("assert_holds('figure3')", "no model is named 'figure3' (did you mean figure2?); *"),
        ("assert_conforms()", "No trace was named, so there is nothing to hold against the model."),
        ("assert_conforms('good.ndjson.gz', format='csv')", "format='csv': write auto or etcd or raftproof."),
        ("assert_conforms('mine.py')", "mine.py:*: no JSON: *"),
        ("assert_conforms('nothing.ndjson')", "nothing.ndjson: cannot be opened: *"),
    ],
)
def test_a_question_without_an_answer_is_a_sentence(suite: pytest.Pytester, line: str, sentence: str) -> None:
    result = run(suite, line)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([sentence, "*test_mine.py:6"])
    assert "Traceback" not in result.stdout.str()


def test_a_departure_reads_as_its_line_its_rule_and_its_picture(suite: pytest.Pytester) -> None:
    result = run(suite, "assert_conforms('good.ndjson.gz', 'bad.ndjson.gz')")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "bad.ndjson.gz:163: rejected: server 1*",
            "  rule       log_up_to_date: *",
            "  picture    raftproof render bad.ndjson.gz --at 163 > departure.svg",
            "See it: open .pytest_cache/*/departure.svg",
            "*test_mine.py:6",
        ]
    )
    picture = suite.path / picture_in(result)
    assert "log_up_to_date" in picture.read_text()
    assert json.loads((picture.parent / "outcome.json").read_text())["line"] == 163


def test_files_are_found_beside_the_test_that_names_them(suite: pytest.Pytester) -> None:
    inner = suite.mkdir("inner")
    for name in ("mine.py", "good.ndjson.gz"):
        (suite.path / name).rename(inner / name)
    (inner / "test_inner.py").write_text(
        f"{HEAD}def test_a():\n    assert_conforms('good.ndjson.gz')\n\n\ndef test_b():\n    assert_holds('mine.py')\n"
    )
    result = run_all(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["Again:  raftproof check inner/mine.py"])


def test_each_question_of_a_test_has_a_folder_and_a_second_run_begins_it_anew(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_mine=HEAD
        + "def test_it():\n    for _ in range(2):\n        with pytest.raises(Failed): assert_holds('mine.py')\n"
    )
    for _ in range(2):
        run_all(suite, "--raftproof-out", "shown").assert_outcomes(passed=1)
        folders = sorted(path.name for path in (suite.path / "shown").iterdir())
        assert [bool(re.search("-[0-9a-f]{6}(-2)?$", name)) for name in folders] == [True, True]
        (suite.path / "shown" / folders[0] / "old.txt").write_text("of the run before")
    run_all(suite, "--raftproof-out", "shown")
    assert not (suite.path / "shown" / folders[0] / "old.txt").exists()


def test_without_a_cache_nothing_is_kept_and_nothing_breaks(suite: pytest.Pytester) -> None:
    result = run(suite, "assert_holds('mine.py')", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    assert not (suite.path / ".pytest_cache").exists()
    result.stdout.fnmatch_lines(["See it: raftproof check mine.py --out counterexample"])


def test_a_suite_that_asks_nothing_finds_no_trace_of_the_plugin(suite: pytest.Pytester) -> None:
    result = run(suite, "assert 1 == 2")
    result.stdout.fnmatch_lines([">       assert 1 == 2"])
    assert not (suite.path / ".pytest_cache" / "d" / "raftproof").exists()
    assert "asked at" not in result.stdout.str()


def test_who_asks_for_a_native_traceback_has_it(suite: pytest.Pytester) -> None:
    result = run(suite, "assert_holds('figure3')", "--tb=native")
    result.stdout.fnmatch_lines(["Traceback (most recent call last):"])


def test_an_interrupt_of_a_search_stops_the_suite(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_mine=f"""
        import signal
        from raftproof.testing import assert_holds

        def test_it():
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            assert_holds({str(GRID)!r}, symmetry="none", broken="short", only="NobodyLied")

        def test_never_run():
            raise AssertionError
        """
    )
    result = run_all(suite, no_reraise_ctrlc=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes()


@pytest.mark.thorough
def test_workers_of_xdist_keep_their_pictures_apart(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_mine=f"{HEAD}@pytest.mark.parametrize('n', [1, 2, 3, 4])\ndef test_it(n):\n    assert_holds('mine.py')\n"
    )
    result = suite.runpytest_subprocess("-n", "2", "--raftproof-out", "shown")
    result.assert_outcomes(failed=4)
    shown = re.findall(r"^or open (\S+)$", result.stdout.str(), re.MULTILINE)
    assert len(set(shown)) == 4
    assert all((suite.path / name).exists() for name in shown)
    assert result.stdout.str().count("1. large = 4") == 4


NUMBERS = dict.fromkeys(("workers", "max_states", "max_seconds"))
NAMES = dict.fromkeys(("faults", "break", "only", "symmetry", "reduce"), "none")


def test_workers_of_xdist_share_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked("figure2", NAMES, NUMBERS, {})
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "1")
    alone = asked.question().limits.memory_bytes
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    among = asked.question()
    assert among.workers <= max(1, len(os.sched_getaffinity(0)) // 4)
    assert alone is not None
    assert among.limits.memory_bytes is not None
    assert among.limits.memory_bytes <= max(alone // 2, 2 * BASE_BYTES)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "1000000")
    assert asked.question().limits.memory_bytes == 2 * BASE_BYTES  # room for a small search, however many there are


def test_a_model_itself_is_named_as_the_command_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = NAMES | {"faults": "restart,drop", "break": ["vote_once"], "reduce": "live"}
    asked = Asked(figure2, names, NUMBERS | {"workers": 3, "max_seconds": 1.5}, {"servers": 2, "max_n": 1})
    assert asked.question().command == (
        "raftproof check figure2 --servers 2 --bound max_n=1 --faults restart,drop --break vote_once "
        "--symmetry none --reduce live --workers 3 --max-seconds 1.5"
    )


def test_without_a_test_that_asks_nothing_is_kept() -> None:
    assert NOWHERE.pictures() is None
    assert place() is not NOWHERE
    with pytest.raises(NoAnswer, match="No trace was named"):
        assert_conforms()


def test_the_plugin_imports_nothing_of_the_checker() -> None:
    code = (
        "import sys, raftproof.pytest_plugin; print([m for m in ('numba', 'numpy', 'z3', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
