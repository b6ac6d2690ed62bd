"""Every way to end: the exit code, and for bad input one sentence that says what is wrong and what there is.

All of these end before a kernel is compiled, so they are quick; `test_answers.py` holds the others.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from raftproof.commands.check import command as check_command
from raftproof.commands.render import command as render_command
from raftproof.commands.simulate import command as simulate_command

APP = typer.Typer()
APP.command("check")(check_command)
APP.command("simulate")(simulate_command)
APP.command("render")(render_command)

EMPTY = "from raftproof.checker.language import *\n\n\nclass S(State):\n    flag: bool\n\n\n"
ONE = EMPTY + 'model = Model("one", S, bounds={})\n'


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def sentence_of(result: Result, code: int) -> str:
    """The one sentence on stderr; no traceback, nothing on stdout."""
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


USAGE = {
    "no model": ([], "name a model: figure2, "),
    "an unknown model": (["figure3"], "no model is named 'figure3' (did you mean figure2?); there are figure2"),
    "an unknown rule": (
        ["figure2", "--break", "vote_twice"],
        "has no rule vote_twice (did you mean vote_once?); its rules are",
    ),
    "a rule of a model without rules": (["jugs", "--break", "x"], "jugs has no rule x; its rules are none"),
    "an unknown property": (
        ["figure2", "--only", "Safety"],
        "has no property Safety (did you mean ElectionSafety?); its properties are ElectionSafety",
    ),
    "an unknown fault": (["figure2", "--faults", "restart,fire"], "has no fault fire; its faults are"),
    "a bound of zero": (["figure2", "--max-term", "0"], "the bound max_term is 0; it must be at least 1"),
    "a bound below zero": (["figure2", "--max-log", "-3"], "the bound max_log is -3; it must be at least 1"),
    "no server": (["figure2", "--servers", "0"], "the bound servers is 0"),
    "a bound that the model lacks": (["jugs", "--servers", "2"], "jugs has no bound servers; its bounds are none"),
    "more symmetric servers than fit": (["figure2", "--servers", "9"], "9 symmetric members of Server do not fit"),
    "more servers than fit": (["figure2", "--servers", "65", "--symmetry", "none"], "do not fit 64; fewer servers"),
    "a log that does not fit": (["figure2", "--max-term", "1000000000000000000"], "lower a bound"),
    "a bound without a value": (["jugs", "--bound", "max_n"], "--bound max_n: write NAME=N"),
    "a bound that is no number": (["jugs", "--bound", "max_n=x"], "--bound max_n=x: write NAME=N"),
    "an unknown symmetry": (["figure2", "--symmetry", "term"], "--symmetry term: term is none of server, value"),
    "no workers": (["jugs", "--workers", "0"], "--workers 0: write ALL, or a number from 1 to 256"),
    "workers that are no number": (["jugs", "--workers", "many"], "write ALL, or a number"),
    "an unknown reduction": (["jugs", "--reduce", "dead"], "jugs has no reduction dead; its reductions are none"),
    "too little memory to begin": (["jugs", "--max-memory", "1MB"], "a search needs at least 300 MiB"),
    "memory that is no number": (["jugs", "--max-memory", "lots"], "write a number of bytes such as 3GB"),
    "memory without a number": (["jugs", "--max-memory", "GB"], "write a number of bytes such as 3GB"),
    "memory below zero": (["jugs", "--max-memory", "-3GB"], "a search needs at least"),
    "endless memory": (["jugs", "--max-memory", "infGB"], "write a number of bytes"),
    "a folder that cannot be made": (["jugs", "--out", "/dev/null/out"], "nothing can be written there"),
    "a folder that takes no files": (["jugs", "--out", "/proc"], "/proc: No such file or directory; nothing can be"),
    "a file that cannot be written": (["jugs", "--json", "/dev/null/x.json"], "nothing can be written there"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_wrong_question_is_a_sentence_and_exit_2(name: str) -> None:
    arguments, answer = USAGE[name]
    assert answer in sentence_of(ask("check", *arguments), 2)


@pytest.mark.parametrize("option", ["--max-states", "--max-seconds"])
def test_a_limit_below_its_least_is_refused(option: str) -> None:
    result = ask("check", "jugs", option, "-1")
    assert result.exit_code == 2
    assert option in result.stderr


FILES = {
    "a syntax error": ("x = (\n", ":1: '(' was never closed"),
    "an exception at import": ("\n\nx = 1 // 0\n", ":3: ZeroDivisionError"),
    "an exit at import": ("raise SystemExit(3)\n", ":1: SystemExit: 3"),
    "a module that there is not": ("import nothing_of_this_name\n", ":1: ModuleNotFoundError"),
    "no model": ("x = 1\n", "holds no Model"),
    "two models": (ONE + 'other = Model("two", S, bounds={})\n', "holds 2 models (model, other); write"),
    "bytes that are no text": ("\udcff", "mine.py"),
    "a zero byte": ("x = 1\0", "mine.py"),
    "no initial state": (ONE, "has no initial state"),
    "a state that is no State": (ONE.replace("S(State)", "S"), "State"),
    "an undeclared bound": (ONE.replace("flag: bool", 'flag: Annotated[int, UpTo("n")]'), "mine.py"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_faulty_file_is_a_sentence_with_its_name_and_exit_4(name: str, tmp_path: Path) -> None:
    text, answer = FILES[name]
    path = tmp_path / "mine.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    said = sentence_of(ask("check", str(path)), 4)
    assert answer in said
    assert str(path) in said


def test_a_file_that_there_is_not(tmp_path: Path) -> None:
    assert "there is no such file" in sentence_of(ask("check", str(tmp_path / "mine.py")), 4)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").mkdir()
    assert "there is no such file" in sentence_of(ask("check", str(tmp_path / "mine.py")), 4)


def test_a_name_that_the_file_lacks(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(ONE)
    assert "holds no Model named other; it has model" in sentence_of(ask("check", f"{path}:other"), 4)


def test_a_sort_of_ones_own_is_symmetric_if_asked_and_one_is_told_so(tmp_path: Path) -> None:
    sort = 'class Client(Symmetric):\n    """One."""\n\n    bound = "clients"\n\n\n'
    text = EMPTY.replace("class S(State):", sort + "class S(State):\n    clients: Members[Client]")
    text += (
        'model = Model("mine", S, bounds={"clients": 2})\n\n\n@model.initial\ndef start(s: S) -> None:\n    """So."""\n'
    )
    path = tmp_path / "mine.py"
    path.write_text(text)
    told = "--symmetry clnt: clnt is none of server, value, client; write some of these, or none"
    assert told in sentence_of(ask("check", str(path), "--symmetry", "clnt"), 2)
    asked = ask("check", str(path), "--only", "Nothing")
    assert "count apart; --symmetry client counts them once" in asked.stderr
    assert "count apart" not in ask("check", str(path), "--symmetry", "client", "--only", "Nothing").stderr


def test_the_models_are_listed() -> None:
    result = ask("check", "--list")
    assert result.exit_code == 0
    assert {"figure2", "abstract", "two_phase_commit", "jugs"} <= {x.split()[0] for x in result.stdout.splitlines()}


@pytest.mark.parametrize("name", ["unknown model", "bound"])
def test_simulate_says_the_same(name: str) -> None:
    arguments = {"unknown model": ["figure3"], "bound": ["figure2", "--max-term", "0"]}[name]
    sentence_of(ask("simulate", *arguments), 2)


DAMAGED = {
    "nothing": "",
    "no JSON": "{",
    "another shape": '{"verdict": "holds"}',
    "a list": "[]",
    "bytes": "\udcff\udcfe",
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_result_is_a_sentence_and_exit_4(name: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(DAMAGED[name].encode("utf-8", "surrogateescape"))
    assert "result.json" in sentence_of(ask("render", str(path)), 4)
