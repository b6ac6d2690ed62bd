"""The exit code and the JSON of each verdict, through the program itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
GRID = str(ROOT / "tests" / "explore" / "grid.py")
PROGRAM = [sys.executable, "-c", "from raftproof.commands import main; main()"]
UNFITTING = """
from typing import Annotated, NamedTuple
from raftproof.checker.language import Model, State, Within


class Pair(NamedTuple):
    a: bool
    b: bool


class S(State):
    pair: Pair


model = Model("unfitting", S, bounds={})


@model.initial
def init(s: S) -> None:
    s.pair = Pair(False, False)


@model.action()
def act(s: S) -> bool:
    s.pair = 3
    return True
"""


def run(*arguments: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, cwd=ROOT, env=environment)


def answer_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON on stdout, which holds nothing else."""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_what_holds_ends_with_0() -> None:
    done = run("check", GRID, "--symmetry", "none", "--json", "-")
    assert done.returncode == 0, done.stderr
    answer = answer_of(done)
    assert (answer["verdict"], answer["distinct"], answer["violation"]) == ("holds", 1848, None)
    assert answer["never_enabled"] == ["leap", "share", "count_for_nobody", "look_beyond", "tread", "lie", "fall"]
    assert answer["witnesses"] == {"TurnKept": 2, "TotalOfFour": 5, "ThirdStep": 4}


@pytest.mark.slow
def test_what_is_violated_ends_with_1_and_is_the_same_for_all_workers_and_hash_seeds() -> None:
    seen = []
    for workers, seed in (("1", "0"), ("2", "1")):
        done = run(
            "check", GRID, "--symmetry", "none", "--break", "honest", "--workers", workers, "--json", "-", seed=seed
        )
        assert done.returncode == 1, done.stderr
        answer = answer_of(done)
        seen.append(
            json.dumps([answer[k] for k in ("violation", "generated", "distinct", "depth", "actions", "graph")])
        )
    assert seen[0] == seen[1]


def test_a_limit_ends_with_3_and_full_statistics(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    done = run("check", GRID, "--symmetry", "none", "--break", "short", "--max-states", "1000", "--json", str(file))
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    answer = json.loads(file.read_text())
    assert (answer["verdict"], answer["reason"]) == ("incomplete", "states")
    assert answer["distinct"] >= 1000
    assert answer["generated"] == answer["actions"]["up"]["generated"] + 2
    assert done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "simulate"])
def test_ctrl_c_ends_with_130_and_the_answer_so_far(command: str, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    options = {
        "check": ["--symmetry", "none", "--max-memory", "3GB", "--junit", str(tmp_path / "junit.xml")],
        "simulate": ["--behaviors", "100000000"],
    }[command]
    bounds = ["--servers", "8", "--break", "short", "--json", str(file)]
    process = subprocess.Popen(
        [*PROGRAM, command, GRID, *options, *bounds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    patience = time.monotonic() + 120
    while not file.exists() and time.monotonic() < patience:
        time.sleep(0.05)
    # The file is made when the question is understood; the kernel is compiled or loaded next.
    warm = run("simulate", GRID, "--servers", "8", "--behaviors", "1")
    assert warm.returncode == 0, warm.stderr
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    answer = json.loads(file.read_text())
    assert (answer["verdict"], answer["reason"]) == ("incomplete", "interrupted")
    assert answer["generated"] > 1000
    assert out
    if command == "check":
        cases = list(ElementTree.parse(tmp_path / "junit.xml").iter("testcase"))
        assert [case[0].tag for case in cases] == ["error"] * 3


@pytest.mark.slow
def test_what_cannot_be_compiled_is_a_sentence_and_exit_4(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(UNFITTING)
    done = run("check", str(path))
    assert done.returncode == 4
    last = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert f"{path}:" in last


def test_a_step_that_leaves_its_range_ends_with_4() -> None:
    done = run("check", GRID, "--symmetry", "none", "--break", "in_range")
    assert done.returncode == 4
    assert "leap(s" in done.stderr
    assert "is outside its declared range 0..10" in done.stderr
    assert "Traceback" not in done.stderr


def test_simulate_walks_the_same_behaviors_from_the_same_seed() -> None:
    answers = []
    for _ in range(2):
        done = run("simulate", GRID, "--behaviors", "20", "--seed", "7", "--break", "honest", "--json", "-")
        assert done.returncode == 1, done.stderr
        answers.append(answer_of(done)["violation"])
    assert answers[0] == answers[1]
