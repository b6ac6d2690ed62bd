"""The settings of a run that no line shows: pre-vote, check-quorum, asynchronous storage. Lines narrow them.

A line departs from the model when no setting explains it together with all lines before.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

from raftproof.traces.conformance.departure import Departure


class Mode(NamedTuple):
    """One setting of all servers."""

    pre_vote: bool
    check_quorum: bool


class Modes:
    """The settings that explain all lines so far."""

    def __init__(self) -> None:
        self.possible = [Mode(*flags) for flags in product((False, True), repeat=2)]
        self.asynchronous = False
        """Whether a restart was seen that only asynchronous storage writes explain."""
        self.why: list[str] = []

    def allow(self, condition: Callable[[Mode], bool]) -> bool:
        """Whether some setting fulfils a condition."""
        return any(condition(mode) for mode in self.possible)

    def ruled_out(self, setting: str) -> str:
        """Why a setting is the only one left."""
        return f"{setting}, as earlier lines show: {'; '.join(self.why)}"

    def demand(self, condition: Callable[[Mode], bool], rule: str, because: str) -> None:
        """Keep the settings that fulfil a condition; a departure if none does."""
        kept = [mode for mode in self.possible if condition(mode)]
        if not kept:
            raise Departure(
                rule,
                f"{because}; but earlier lines rule that out: {'; '.join(self.why)}",
                cause="implementation",
            )
        if len(kept) < len(self.possible):
            self.possible = kept
            self.why.append(because)

    def words(self) -> dict[str, str]:
        """What is known of each setting."""

        def known(values: set[bool]) -> str:
            return "unknown" if len(values) == 2 else "on" if True in values else "off"

        return {
            "pre-vote": known({mode.pre_vote for mode in self.possible}),
            "check-quorum": known({mode.check_quorum for mode in self.possible}),
            "asynchronous storage": "on" if self.asynchronous else "not needed",
        }


def answers_stale(mode: Mode) -> bool:
    """Whether a leader of an older term is told the newer one, so that it steps down."""
    return mode.pre_vote or mode.check_quorum


def has_pre_vote(mode: Mode) -> bool:
    """Whether servers ask before they campaign (thesis §9.6)."""
    return mode.pre_vote


def has_check_quorum(mode: Mode) -> bool:
    """Whether a leader steps down that hears from no majority, and followers keep to a live leader (thesis §6.2)."""
    return mode.check_quorum
