"""What the sorting of steps into rounds takes for granted, asked of a step of any model with messages in flight.

`rounds` explores Raft a term at a time, because the steps of a behavior can be sorted by their terms. Two neighbouring
steps of different terms may be exchanged if neither sees what the other does. That is so if every step

    touches one server          what it changes is one server's, and messages in flight
    sends in its own round      what it sends comes from that server, and bears that server's term
    reads no later round        the message that it takes is of a term that the server has reached, with this step
    lets no term fall           so a server's steps are in the order of rounds already

A question about a later term that nobody enters, as pre-vote asks it, belongs to the round in which it is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from raftproof.checker.language import Interpreter
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.language.nodes import WORD, MapNode

ONE_SERVER_TOUCHED = "OneServerTouched"
SENT_IN_OWN_ROUND = "SentInOwnRound"
NO_LATER_ROUND_READ = "NoLaterRoundRead"
TERMS_NEVER_FALL = "TermsNeverFall"


@dataclass(frozen=True)
class Step:
    """A step that breaks a condition."""

    condition: str
    before: int
    step: str


class Conditions:
    """The conditions, for a model whose state has words for each server, and messages with a term, source and dest."""

    def __init__(
        self,
        system: Interpreter,
        current_term: str = "current_term",
        lasting_term: str = "current_term",
        questions: Iterable[str] = (),
    ) -> None:
        """`lasting_term` is the term that survives a crash; `questions` are the kinds that ask about a later term."""
        self.system, self.layout = system, system.layout
        assert self.layout.owner is not None
        assert self.layout.bag is not None
        self.servers = range(self.layout.owner.size)
        self.bag = self.layout.bag
        self.current_term, self.lasting_term = self._map(current_term), self._map(lasting_term)
        self.questions = frozenset(questions)

    def broken_from(self, state: int) -> Iterator[Step]:
        """Every condition that a step from a state breaks."""
        for choice in self.system.actions(state):
            after = self.system.next_state(state, choice)
            if after is not None:
                for condition in self.broken_by(state, choice, after):
                    yield Step(condition, state, self.system.describe(choice))

    def broken_by(self, before: int, choice: Choice, after: int) -> list[str]:
        """The conditions that a step breaks."""
        touched = [i for i in self.servers if self._words(before, i) != self._words(after, i)]
        received: list[Any] = [m for m in choice.arguments if isinstance(m, tuple) and not choice.action.fault]
        sent = [] if choice.action.fault else self._sent(before, after)
        holds = {
            ONE_SERVER_TOUCHED: len(touched) <= 1 and all(i == m.dest for m in received for i in touched),
            SENT_IN_OWN_ROUND: all(self._is_own(m, after, touched) for m in sent),
            NO_LATER_ROUND_READ: all(
                m.term <= self._term(self.current_term, after, m.dest) for m in received if not self._is_question(m)
            ),
            TERMS_NEVER_FALL: all(
                self._term(self.lasting_term, before, i) <= self._term(self.lasting_term, after, i) for i in touched
            ),
        }
        return [condition for condition, is_kept in holds.items() if not is_kept]

    def _is_own(self, message: Any, after: int, touched: list[int]) -> bool:
        is_senders = all(i == message.source for i in touched)
        own = message.term == self._term(self.current_term, after, message.source)
        return is_senders and (own or self._is_question(message))

    def _is_question(self, message: Any) -> bool:
        return type(message).__name__ in self.questions

    def _sent(self, before: int, after: int) -> list[Any]:
        """What is in flight after a step and was not, or less often, before it."""
        return [self.bag.message(code) for code in Counter(self._codes(after)) - Counter(self._codes(before))]

    def _codes(self, state: int) -> list[int]:
        slots, width = state >> self.bag.offset, self.bag.slot_bits
        codes = (slots >> k * width & (1 << width) - 1 for k in range(self.bag.slots))
        return [code for code in codes if code]

    def _words(self, state: int, server: int) -> int:
        """All that is a server's own."""
        bits = self.layout.stride * WORD
        return state >> server * bits & (1 << bits) - 1

    def _term(self, field: MapNode, state: int, server: int) -> int:
        return int(field.child.unpack(state >> field.offset + field.at(server)))

    def _map(self, name: str) -> MapNode:
        node = self.layout.fields[name]
        assert isinstance(node, MapNode)
        return node
