"""The steps of the picture of rounds happen in both orders, and end the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from raftproof.model.reordering import AS_IT_HAPPENED, SORTED, end_of, picture

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "rounds.svg"


def test_steps_sorted_by_terms_end_in_the_same_state() -> None:
    happened = tuple(range(len(AS_IT_HAPPENED)))
    assert happened != SORTED
    assert end_of(SORTED) == end_of(happened)


def test_no_server_sees_its_own_steps_in_another_order() -> None:
    for server in range(3):
        own = [k for k in SORTED if AS_IT_HAPPENED[k].server == server]
        assert all(a < b for a, b in pairwise(own))


def test_an_order_that_reads_before_it_is_sent_is_refused() -> None:
    with pytest.raises(AssertionError, match="is not enabled"):
        end_of((1, 0))


def test_the_picture_is_fresh() -> None:
    assert PICTURE.read_text() == picture(), "python -m raftproof.model.reordering > docs/images/rounds.svg"
