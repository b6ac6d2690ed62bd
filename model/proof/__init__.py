"""Raft's safety, argued for every cluster: any servers, terms, indexes and values, any quorums of which two share a
server.

Read in this order: `vocabulary` (what a state is made of), `protocol` (the steps), `lemmas/` (what every state keeps),
`goals` (Figure 3, derived from the lemmas), `quorums` (why majorities may be taken for the quorums), `wrong` (rules
that fail, and what they take with them).
"""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, every, some
from raftproof.checker.proof.theory import Axiom, Theory
from raftproof.model.proof.goals import GOALS, STEPS, WITNESSES
from raftproof.model.proof.instances import TIDY
from raftproof.model.proof.lemmas import LEMMAS
from raftproof.model.proof.protocol import ACTIONS, initial
from raftproof.model.proof.vocabulary import Quorum, Raft, Server

__all__ = ["RAFT"]


def _quorums_intersect(s: Raft) -> Formula:
    return every(Quorum, lambda p: every(Quorum, lambda q: some(Server, lambda n: s.member(n, p) & s.member(n, q))))


RAFT = Theory(
    vocabulary=Raft,
    axioms=(
        Axiom(
            "quorum_majority", "Any two quorums share a server (proved of majorities in `quorums`).", _quorums_intersect
        ),
    ),
    initial=initial,
    actions=ACTIONS,
    lemmas=LEMMAS,
    goals=GOALS,
    steps=STEPS,
    witnesses=WITNESSES,
    tidy=TIDY,
    assumptions=(
        "membership does not change",
        "what a server persisted (term, votes, log) it still has after a restart: no disk loses or corrupts it",
        "servers follow the rules and messages are not forged; the network may lose, duplicate, delay and reorder them",
        "any two quorums share a server, which is proved of majorities, joint majorities and flexible quorums",
    ),
)
