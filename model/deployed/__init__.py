"""Raft as etcd and `impl` run it, in the language of the published specification; `docs/adr/deployed.md` is the map."""

from raftproof.model.deployed.state import Deployed, everything
from raftproof.model.deployed.reads import Reading, catalogue
from raftproof.model.deployed.models import (
    check_quorum,
    heartbeats,
    joint,
    linearizable_reads,
    model,
    pre_vote,
    removals,
    single,
    snapshots,
)

__all__ = [
    "Deployed",
    "everything",
    "Reading",
    "catalogue",
    "model",
    "heartbeats",
    "pre_vote",
    "check_quorum",
    "snapshots",
    "single",
    "joint",
    "removals",
    "linearizable_reads",
]
