"""A changed model never meets an old kernel: one file, one cache, and something else each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TEXT = """
from typing import Annotated
from raftproof.checker.language import Model, State, UpTo
from enum import IntEnum
from constants import MOST

class Rule(IntEnum):
    CAREFUL = 0

class Counter(State):
    n: Annotated[int, UpTo("max_n")]

model = Model("counter", Counter, bounds={"max_n": 9}, rules=Rule)

@model.initial
def init(s: Counter) -> None:
    s.n = 0

def step(n: int) -> int:
    return n + 1

@model.action()
def count(s: Counter) -> bool:
    if s.upholds(Rule.CAREFUL) and s.n >= MOST:
        return False
    s.n = step(s.n)
    return True
"""


def checked(folder: Path, *options: str) -> dict[str, Any]:
    """The JSON of a check in a process of its own."""
    command = [sys.executable, "-c", "from raftproof.commands import main; main()", "check", "mine.py", "--json", "-"]
    environment = os.environ | {"RAFTPROOF_CACHE": str(folder / "cache"), "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, "--symmetry", "none", *options], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_what_changes_between_two_runs_is_seen_by_the_second(tmp_path: Path) -> None:
    model, constants = tmp_path / "mine.py", tmp_path / "constants.py"
    model.write_text(TEXT)
    constants.write_text("MOST = 4\n")
    kernels = lambda: len(list((tmp_path / "cache").iterdir()))  # noqa: E731 -- a name for a count
    assert checked(tmp_path)["distinct"] == 5
    assert kernels() == 1
    # A rule that is off is no new kernel, and no old answer.
    assert checked(tmp_path, "--break", "careful")["distinct"] == 10
    assert kernels() == 1
    # A bound.
    assert checked(tmp_path, "--bound", "max_n=3")["distinct"] == 4
    # A constant of another module.
    constants.write_text("MOST = 7\n")
    assert checked(tmp_path)["distinct"] == 8
    # A line of a helper.
    model.write_text(TEXT.replace("return n + 1", "return n + 2"))
    assert checked(tmp_path)["distinct"] == 5
    # And back to what was there at first, under its old kernel.
    model.write_text(TEXT)
    constants.write_text("MOST = 4\n")
    again = checked(tmp_path)
    assert (again["distinct"], kernels()) == (5, 4)
    assert again["setup_seconds"] < 3
