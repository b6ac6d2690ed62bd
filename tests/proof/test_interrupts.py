"""Ctrl-C ends a proof, whenever it comes, and is lost nowhere."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raftproof.checker.proof.interrupts import remembered
from raftproof.checker.proof.obligations import obligations
from raftproof.checker.proof.solver import Question, ask
from raftproof.model.proof import RAFT


@contextmanager
def ctrl_c(after: float) -> Iterator[None]:
    """This process is sent what Ctrl-C sends, unless the block ends before."""
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_a_solver_that_is_interrupted_does_not_go_on_to_the_next_question() -> None:
    hard = next(o for o in obligations(RAFT.without_lemma("PrefixOfLeader")) if o.key == "⊢ LogMatching")
    with ctrl_c(after=0.5), pytest.raises(KeyboardInterrupt):
        ask(Question(hard.key, hard.script(), timeout_seconds=20.0))


class Converted(ctypes.c_void_p):
    """An argument of a C function, with Ctrl-C while it is converted."""

    def from_param(self: object) -> object:
        raise KeyboardInterrupt


def give_an_argument() -> None:
    """To a function of C that takes none in truth, and is never called."""
    ctypes.PYFUNCTYPE(ctypes.c_int, Converted)(("Py_IsInitialized", ctypes.pythonapi))(0)


def press() -> None:
    """Nothing stands between."""
    raise KeyboardInterrupt


class Freed:
    """Something that is being freed when Ctrl-C comes."""

    def __init__(self, comes: Callable[[], None]) -> None:
        self.comes = comes

    def __del__(self) -> None:
        self.comes()


def free_something_and_go_on(comes: Callable[[], None], seconds: float) -> None:
    """As a search does that loses Ctrl-C."""
    Freed(comes)
    time.sleep(seconds)


@pytest.mark.parametrize("comes", [press, give_an_argument])
def test_what_python_forgets_while_it_frees_an_object_comes_again(comes: Callable[[], None]) -> None:
    begun = time.perf_counter()
    with remembered(), pytest.raises(KeyboardInterrupt):
        free_something_and_go_on(comes, seconds=10)
    assert time.perf_counter() - begun < 10


def test_what_ctypes_calls_a_wrong_argument_is_ctrl_c_again() -> None:
    with pytest.raises(ctypes.ArgumentError, match="KeyboardInterrupt"):
        give_an_argument()
    with pytest.raises(KeyboardInterrupt), remembered():
        give_an_argument()


def test_a_wrong_argument_stays_one() -> None:
    with pytest.raises(ctypes.ArgumentError), remembered():
        ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int)(("Py_IsInitialized", ctypes.pythonapi))("no number")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("--without", "LeftDown")], ids=str)
def test_ctrl_c_ends_all_its_processes_and_the_command_with_130(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from raftproof.commands import main; main()", "prove", *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "RAFTPROOF_CACHE": str(tmp_path)},
    )
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)  # which waits for all that may write there
    assert process.returncode == 130
    assert "Traceback" not in told
