"""Ctrl-C while solvers think: it ends the whole, and is lost nowhere.

Four would lose it. z3 takes it for the end of one question, and goes on to the next. ctypes, through which Python
speaks to z3, calls it a wrong argument if it comes while one is converted. Python forgets it where it is raised while
an object is freed, and z3's objects are freed by the thousand. Processes that were started hear it too, and each would
tell of it at length.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_SAID_BY_Z3 = "interrupted from keyboard"


def raise_if_interrupted(reason: str) -> None:
    """Raise KeyboardInterrupt if that is why z3 does not know."""
    if reason == _SAID_BY_Z3:
        raise KeyboardInterrupt


@contextmanager
def unheard() -> Iterator[None]:
    """Processes that are started here do not hear Ctrl-C: it is for the one that started them, which ends them."""
    resource_tracker.ensure_running()  # or the first process starts it, and that lets the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def remembered() -> Iterator[None]:
    """Ctrl-C ends the block as Ctrl-C, whatever was made of it; forgotten while an object was freed, it comes again."""
    before = sys.unraisablehook

    def again(told: sys.UnraisableHookArgs) -> None:
        if _is_ctrl_c(told.exc_value):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            before(told)

    sys.unraisablehook = again
    try:
        yield
    except ctypes.ArgumentError as fault:
        if _is_ctrl_c(fault):
            raise KeyboardInterrupt from None
        raise
    finally:
        sys.unraisablehook = before


def _is_ctrl_c(fault: BaseException | None) -> bool:
    """Whether this is Ctrl-C, or ctypes' word for it: "argument 2: KeyboardInterrupt: "."""
    return isinstance(fault, KeyboardInterrupt) or (
        isinstance(fault, ctypes.ArgumentError) and KeyboardInterrupt.__name__ in str(fault)
    )
