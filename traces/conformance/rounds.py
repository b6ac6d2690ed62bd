"""What a leader remembers of the reads that it was asked for (thesis §6.4)."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from raftproof.traces.events import Id, Message

Read: TypeAlias = tuple[Id, int]
"""The server that was asked, and the name by which it knows the read."""


class Round(NamedTuple):
    """A round of heartbeats that confirms reads."""

    number: int
    noted: int
    """The commit index when it began."""
    floor: int
    """What any server knew to be committed then."""
    reads: frozenset[Read]


class Reads:
    """The reads of one server, as far as it leads."""

    __slots__ = ("asked", "heard", "rounds", "term")

    def __init__(self) -> None:
        self.term = 0  # in which the rest is known
        self.asked: set[Read] = set()  # wait for a round to begin
        self.rounds: list[Round] = []  # in order; those before the one that was answered last are forgotten
        self.heard: tuple[Message | None, int] = None, 0  # the last heartbeat that carried a round, and which

    def in_term(self, term: int) -> Reads:
        """The same; empty if what is known is of another term."""
        if self.term != term:
            self.term = term
            self.asked.clear()
            self.rounds.clear()
        return self
