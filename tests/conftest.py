"""Which tests are left out, and why: said aloud, and an error where REQUIRE_ALL=1.

A test is left out where a real part is missing that it needs, or because it is thorough: it takes a minute, and runs
only where all are required.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections import defaultdict
from pathlib import Path

import pytest

os.environ.setdefault("RAFTPROOF_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "kernels"))
"""Compiled kernels are shared by all tests, workers and runs of a checkout."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what is in its background deaf to Ctrl-C

_REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
_MISSING = "is not on this machine"
_THOROUGH = "thorough tests run where REQUIRE_ALL=1"
_left_out: dict[str, set[str]] = defaultdict(set)


def _is_here(part: str) -> bool:
    """A real part is a program on the PATH, a Python module, or the folder of traces that are not committed."""
    if part == "traces":
        return os.path.isdir(os.environ.get("RAFTPROOF_TRACES", ""))
    if part.startswith("python:"):
        return importlib.util.find_spec(part.removeprefix("python:")) is not None
    return shutil.which(part) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not _REQUIRE_ALL and item.get_closest_marker("thorough"):
            item.add_marker(pytest.mark.skip(reason=_THOROUGH))
        for marker in item.iter_markers("real"):
            for part in (p for p in marker.args if not _is_here(p)):
                item.add_marker(pytest.mark.skip(reason=f"{part} {_MISSING}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gathers what was left out, from all workers."""
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason == _THOROUGH or reason.endswith(_MISSING):
            _left_out[reason].add(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, tests in sorted(_left_out.items()):
        terminalreporter.section(f"LEFT OUT: {reason}", yellow=True)
        terminalreporter.write_line("\n".join(sorted(tests)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _left_out and _REQUIRE_ALL:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
