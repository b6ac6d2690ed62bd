"""Models from texts; `model_head` holds what most of them begin with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from raftproof.checker.language import Model
from raftproof.commands.models import find_model

sys.path.insert(0, str(Path(__file__).parent))

FindText = Callable[[str], Model]


@pytest.fixture
def find_text(tmp_path: Path) -> FindText:
    """The model of a text, found as a user's file is."""

    def find(text: str) -> Model:
        path = tmp_path / "mine.py"
        path.write_text(text, encoding="utf-8")
        return find_model(str(path))

    return find
