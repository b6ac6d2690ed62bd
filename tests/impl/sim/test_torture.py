"""`raftproof torture` from outside: what it prints, writes and returns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from raftproof.commands.torture_runs import LINEARIZABILITY, judge, shrunk
from raftproof.impl.sim import parse, plan

TORTURE = [sys.executable, "-c", "from raftproof.commands import main; main()", "torture"]
JSON_KEYS = {
    "verdict", "runs", "steps", "steps_per_cpu_second", "acknowledged_writes", "elections", "faults", "failure",
}  # fmt: skip


def torture(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TORTURE, *words], capture_output=True, text=True, cwd=cwd)


def test_runs_without_a_violation_are_none_found_and_print_what_happened(tmp_path: Path) -> None:
    done = torture("--seeds", "3", "--steps", "800", "--json", "out.json", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("NO VIOLATION FOUND in 3 random runs")
    assert "again: raftproof torture --seeds 3 --seed 0 --steps 800 --faults all" in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())
    assert set(found) >= JSON_KEYS
    assert (found["verdict"], found["runs"], found["failure"]) == ("none_found", 3, None)


def test_the_json_alone_goes_to_standard_output_and_is_the_same_twice(tmp_path: Path) -> None:
    def run() -> dict[str, Any]:
        done = torture("--seeds", "2", "--steps", "500", "--json", "-", cwd=tmp_path)
        found: dict[str, Any] = json.loads(done.stdout)
        del found["steps_per_cpu_second"]
        return found

    assert run() == run()


@pytest.mark.slow
def test_a_planted_bug_is_made_small_and_drawn(tmp_path: Path) -> None:
    done = torture("--seeds", "20", "--break", "log_up_to_date", "--json", "out.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "LeaderCompleteness" in done.stdout
    failure = json.loads((tmp_path / "out.json").read_text())["failure"]
    assert failure["property"] == "LeaderCompleteness"
    assert failure["steps"][-1]["action"] == "fails"
    assert set(failure["steps"][0]) == {"action", "parameters", "changes", "fault"}
    picture = ET.parse(tmp_path / "torture" / "spacetime.svg").getroot()
    assert picture.tag.endswith("svg")


@pytest.mark.slow
def test_a_history_that_is_not_linearizable_is_drawn_too(tmp_path: Path) -> None:
    done = torture("--seed", "14", "--seeds", "60", "--break", "read_confirmed", "--out", "pictures", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "pictures" / "history.svg").exists() is (LINEARIZABILITY in done.stdout)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--faults", "thunder"], "unknown fault thunder"),
        (["--break", "nothing"], "unknown rule nothing"),
    ],
)
def test_unknown_names_are_a_usage_error(words: list[str], sentence: str, tmp_path: Path) -> None:
    done = torture(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.thorough
def test_pictures_that_cannot_be_written_take_nothing_from_the_answer(tmp_path: Path) -> None:
    (tmp_path / "torture").touch()
    done = torture("--seeds", "1", "--seed", "0", "--steps", "800", "--break", "quorum_majority", cwd=tmp_path)
    assert done.returncode == 1
    assert "raftproof torture: torture: File exists; there are no pictures" in done.stderr
    assert done.stdout.startswith("VIOLATED in run 1")


def test_a_result_that_cannot_be_written_is_known_before_the_first_run(tmp_path: Path) -> None:
    done = torture("--seeds", "100000", "--json", "nowhere/out.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "raftproof: nowhere/out.json: No such file or directory; nothing can be written there\n"


def test_an_interrupt_says_that_the_search_is_incomplete(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*TORTURE, "--seeds", "100000", "--json", "out.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.startswith("INCOMPLETE after")
    assert "Traceback" not in err
    assert json.loads((tmp_path / "out.json").read_text())["verdict"] == "incomplete"


@pytest.mark.slow
def test_a_failing_run_is_made_smaller_and_still_fails_in_the_same_way() -> None:
    broken = frozenset({"log_up_to_date"})
    failing = next(
        judged
        for judged in (judge(plan(seed, 3000, parse("all"), broken)) for seed in range(300))
        if judged.violation is not None
    )
    began = time.process_time()
    small = shrunk(failing)
    assert failing.violation is not None
    assert small.violation.name == failing.violation.name
    assert small.length <= failing.outcome.steps
    assert len(small.judged.plan.skip) > 0
    assert time.process_time() - began < 30
    again = judge(small.judged.plan)
    assert again.outcome.digest == small.judged.outcome.digest
