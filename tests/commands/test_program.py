"""The program as a shell starts it: what keeps it from its answer is a sentence, and never looks like a verdict."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from raftproof.commands import main; main()"]
LISTED = ("check", "--list")
"""A command that answers at once."""


def run(*arguments: str, program: list[str] = PROGRAM, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *arguments], capture_output=True, text=True, env=os.environ | environment, encoding="utf-8"
    )


def test_a_terminal_without_our_signs_gets_question_marks() -> None:
    done = run("conform", "--help", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "TRACE ?" in done.stdout


def test_an_answer_that_nobody_reads_to_its_end_is_not_called_a_violation() -> None:
    with subprocess.Popen([*PROGRAM, *LISTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_an_answer_that_cannot_be_written_is_a_sentence_and_not_called_a_violation() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, *LISTED], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.stderr == "raftproof: an answer cannot be written: No space left on device\n"
    assert done.returncode == 2


def test_a_fault_of_our_own_is_not_called_a_violation() -> None:
    broken = "import raftproof.commands.kv as kv; kv.app = property(); "
    done = run("kv", program=[sys.executable, "-c", broken + PROGRAM[2]], NO_COLOR="1")
    assert "AttributeError" in done.stderr
    assert "this is a fault of raftproof itself" in done.stderr
    assert done.returncode == 70


def test_an_unknown_command_is_told_with_the_nearest() -> None:
    done = run("chekc", COLUMNS="100", TERM="dumb")
    assert done.returncode == 2
    assert "No such command 'chekc'" in done.stderr


def test_the_program_says_its_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run("--version", program=[sys.executable, "-m", "raftproof"]).stdout == f"raftproof {declared}\n"


def _imported(room: str) -> set[str]:
    found = set()
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


ELSEWHERE = {"llvmlite", "pytest", "cvc5", "hypothesis", "grpc_tools"}
"""What numba brings along, the plugin's host, a second solver that is asked for by name, makers of committed files."""


@pytest.mark.thorough
@pytest.mark.parametrize("room", ["checker", "impl", "model", "raftproof", "traces"])
def test_what_is_imported_is_declared_as_a_dependency(room: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {_plain(re.split(r"[<>=;\[ ]", line)[0]) for line in declared}
    providers = packages_distributions()
    others = _imported(room) - set(sys.stdlib_module_names) - {"raftproof", "__future__"} - ELSEWHERE
    assert {one for one in others if not names & {_plain(name) for name in providers.get(one, [one])}} == set()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
