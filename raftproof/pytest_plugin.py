"""The pytest plugin: shows what `raftproof.testing` raises without a traceback, and keeps the pictures.

The pictures of a test that fails are kept below `--raftproof-out DIR`, or else in pytest's cache, in a folder of the
test's own; so workers of pytest-xdist do not meet there. Nothing of the checker is imported until a test asks.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from raftproof.testing import Failed, NoAnswer, Place, asked_from

_LONGEST_NAME = 80


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--raftproof-out DIR`."""
    parser.getgroup("raftproof").addoption(
        "--raftproof-out",
        metavar="DIR",
        help="Keep the counterexamples of failing tests below this folder [default: in pytest's cache].",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test asks from its own place."""
    made: list[Path] = []

    def pictures() -> Path | None:
        """The test's folder; a second question of the same test has a second one."""
        base = _base(item.config)
        if base is None:
            return None
        made.append(base / _name(item.nodeid, len(made) + 1))
        shutil.rmtree(made[-1], ignore_errors=True)
        made[-1].mkdir(parents=True)
        return made[-1]

    with asked_from(Place(item.path.parent, pictures)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure of ours reads as its own text, and then the line that asked."""
    report = yield
    style = item.config.getoption("tbstyle", "auto")
    is_plain = style in ("auto", "long", "short") and not item.config.getoption("fulltrace", False)
    if report.failed and is_plain and call.excinfo is not None and call.excinfo.errisinstance((Failed, NoAnswer)):
        shown = call.excinfo.getrepr(style="value")
        crash = shown.reprcrash
        if crash is not None:
            shown.addsection("asked at", f"{crash.path}:{crash.lineno}")
            # Where CI is set, pytest's summary prints a message whole, and JUnit files always do: once is enough.
            crash.message = crash.message.splitlines()[0]
        report.longrepr = shown
    return report


def _base(config: pytest.Config) -> Path | None:
    """The folder below which pictures are kept."""
    given = config.getoption("--raftproof-out")
    if given is not None:
        return config.invocation_params.dir / str(given)
    cache = getattr(config, "cache", None)  # pytest may run without it
    return None if cache is None else cache.mkdir("raftproof")


def _name(test: str, number: int) -> str:
    """A folder's name that tells the test, and is no other's."""
    words = re.sub(r"[^\w.]+", "-", test).strip("-")[-_LONGEST_NAME:]
    mark = hashlib.blake2s(test.encode(), digest_size=3).hexdigest()
    return f"{words}-{mark}" + (f"-{number}" if number > 1 else "")
