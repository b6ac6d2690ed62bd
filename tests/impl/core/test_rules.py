"""The rules that can be switched off have one name, in the model and in the implementation."""

from __future__ import annotations

import pytest

from raftproof.impl.core import Raft, Settings, bootstrap
from raftproof.impl.core.rules import BREAKABLE
from raftproof.model import figure2


def test_every_rule_that_the_model_can_break_the_implementation_can_break_too() -> None:
    assert {rule.name.lower() for rule in figure2.model.breakable()} <= set(BREAKABLE)


def test_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown rule gravity"):
        Raft(
            Settings(id=1),
            random=lambda _: 0,
            snapshot=bootstrap((1, 2, 3)),
            broken=frozenset({"gravity"}),
        )
