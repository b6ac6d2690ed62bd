"""The rules of the house, as tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_help_starts_without_the_heavy_libraries() -> None:
    heavy = "numba,z3,numpy,grpc,graphviz"
    script = f"import sys, raftproof.commands; print([m for m in '{heavy}'.split(',') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_four_rooms_are_links_into_the_import_package() -> None:
    for room in ("model", "checker", "impl", "traces"):
        assert (ROOT / "raftproof" / room).is_symlink()
        assert (ROOT / "raftproof" / room).resolve() == ROOT / room
