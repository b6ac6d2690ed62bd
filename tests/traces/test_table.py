"""The mapping of lines to actions: complete, of actions that there are, and shown in the docs as it is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from raftproof.model.deployed import catalogue
from raftproof.traces.conformance.table import FOLLOW, TABLE, as_markdown
from raftproof.traces.events import Name

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


def test_every_event_has_its_row() -> None:
    assert [row.event for row in TABLE] == list(FOLLOW)
    assert set(FOLLOW) == set(get_args(Name))


def test_rows_name_actions_of_the_model() -> None:
    actions = {action.name for action in catalogue.actions}
    assert {name for row in TABLE for name in row.actions} <= actions


def test_the_page_shows_the_table_as_it_is() -> None:
    assert as_markdown() in PAGE.read_text()
