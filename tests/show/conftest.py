"""Golden files and hand-made results for the tests of `checker/show`.

A golden file opens with the prose of its test, then a line `----`, then what the program writes. After a change that is
meant, `pytest tests/show --rewrite-golden` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="Write the golden files of tests/show anew.")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare an output with the golden file of a name; the prose is the test's own docstring."""
    prose = "\n".join(line.strip() for line in str(request.function.__doc__).strip().splitlines())

    def compare(name: str, output: str) -> None:
        path = HERE / "golden" / name
        whole = f"{prose}\n----\n{output}"
        if request.config.getoption("--rewrite-golden", default=False):
            path.write_text(whole, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == whole, f"{path} differs; see tests/show/conftest.py"

    return compare
