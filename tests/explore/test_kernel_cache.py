"""A changed model never meets an old kernel: one file, one cache, and something else each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest

from raftproof.checker.language import Model, State, UpTo
from raftproof.checker.native import cache
from raftproof.checker.native.build import digest_of, functions_of
from raftproof.checker.native.generate import generate
from raftproof.checker.run import Question, check

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

    def kernels() -> int:
        return len(list((tmp_path / "cache").iterdir()))

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


# ------------------------------------------------------------------------------------------- two models of one file


class Counter(State):
    """A number."""

    n: Annotated[int, UpTo("max_n")]


MOST = 9


def start(s: Counter) -> None:
    """The number is 0."""


def count(s: Counter) -> bool:
    """One more."""
    s.n = s.n + 1
    return True


def is_small(s: Counter) -> bool:
    """Never reached within the bounds."""
    return s.n < 9


def is_smaller(s: Counter) -> bool:
    """Reached within the bounds."""
    return s.n < 2


def is_at_most(s: Counter) -> bool:
    """Asks a helper about a constant."""
    return not exceeds(s.n)


def exceeds(n: int) -> bool:
    """Whether a number is above the most."""
    return n > MOST


def never(n: int) -> bool:
    """Another helper that is called by its name."""
    return n < 0


def counter(invariant: Callable[[Counter], bool]) -> Question:
    """The question whether a number stays small; the models differ in nothing but the function."""
    model = Model("counter", Counter, bounds={"max_n": 3})
    model.initial(start)
    model.action()(count)
    model.invariant(invariant)
    return Question(model, symmetric=(), workers=1)


def digest(question: Question) -> str:
    """The digest of the question's kernels."""
    layout = question.layout()
    return digest_of(question.model, layout, generate(question.model, layout), functions_of(question.model))


def test_models_of_one_file_that_call_different_functions_have_different_kernels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digests = {digest(counter(invariant)) for invariant in (is_small, is_smaller, is_at_most)}
    assert len(digests) == 3
    assert digest(counter(is_small)) in digests
    monkeypatch.setattr(sys.modules[__name__], "MOST", 1)
    assert digest(counter(is_at_most)) not in digests
    monkeypatch.undo()
    assert digest(counter(is_at_most)) in digests
    monkeypatch.setattr(sys.modules[__name__], "exceeds", never)
    assert digest(counter(is_at_most)) not in digests


@pytest.mark.thorough
def test_what_changes_between_two_checks_of_one_process_is_seen_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(counter(is_small)).verdict == "holds"
    assert check(counter(is_smaller)).verdict == "violated"
    assert check(counter(is_at_most)).verdict == "holds"
    monkeypatch.setattr(sys.modules[__name__], "MOST", 1)
    assert check(counter(is_at_most)).verdict == "violated"


def test_what_was_not_used_for_longest_is_removed_where_there_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAFTPROOF_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "MOST_BYTES", 250)

    def load(digest: str) -> int:
        source = "answer = given".ljust(100)
        return int(cache.module_of("test", digest, source, lambda: {"given": 7}, lambda: first.append(digest)).answer)

    first: list[str] = []
    one, two, three, four = (letter * cache.DIGEST_LENGTH for letter in "abcd")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "of-others").write_text("x" * 1000)
    for age, digest in enumerate((one, two), start=1):
        assert load(digest) == 7
        os.utime(tmp_path / digest, (age, age))
    assert load(one) == 7  # which makes it the younger one
    assert load(three) == 7
    os.utime(tmp_path / three, (3, 3))
    assert load(four) == 7
    assert first == [one, two, three, four]
    assert sorted(path.name for path in tmp_path.iterdir()) == [one, three, four, "notes"]
    assert load(two) == 7
    assert first == [one, two, three, four, two]


def test_where_nothing_can_be_kept_it_is_kept_for_this_run_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAFTPROOF_CACHE", str(tmp_path / "file" / "kernels"))

    def load(digest: str) -> int:
        return int(cache.module_of("test", digest, "answer = 7", dict, lambda: first.append(digest)).answer)

    first: list[str] = []
    one, two = (letter * cache.DIGEST_LENGTH for letter in "ef")
    assert [load(one), load(one), load(two)] == [7, 7, 7]
    assert first == [one, two]
    said = capsys.readouterr().err
    assert said.startswith(
        f"raftproof: {tmp_path}/file/kernels: Not a directory: what is compiled is kept for this run"
    )
    assert said.count("\n") == 1
    assert not (tmp_path / "file" / "kernels").exists()
