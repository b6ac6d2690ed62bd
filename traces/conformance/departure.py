"""The first line that no step of the model explains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


class Departure(Exception):
    """A line departs from the model: the rule, the condition that is false, and what was expected and observed."""

    def __init__(
        self,
        rule: str,
        condition: str,
        expected: Values | None = None,
        observed: Values | None = None,
        nearest: str = "",
        cause: str = "implementation",
    ) -> None:
        """`rule` is a rule's name as the gallery has it, or a property's; `cause` is one of outcome.CAUSES."""
        self.rule, self.condition = rule, condition
        self.expected, self.observed = dict(expected or {}), dict(observed or {})
        self.nearest, self.cause = nearest, cause
        self.refused: tuple[str, ...] = ()
        """The conditions in the model's source by which it refused the step, if that is how the line departs."""
        super().__init__(condition)


class Unknown(Exception):
    """The trace does not show what it would take to follow it."""


class Mixed(Exception):
    """The events are of more than one cluster."""
