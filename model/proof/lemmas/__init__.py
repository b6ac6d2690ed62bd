"""The lemmas, in the order in which the argument goes."""

from __future__ import annotations

from raftproof.model.proof.lemmas import commit, election, logs, messages, replication, terms

LEMMAS = (
    *terms.LEMMAS,
    *election.LEMMAS,
    *logs.LEMMAS,
    *messages.LEMMAS,
    *replication.LEMMAS,
    *commit.LEMMAS,
)
