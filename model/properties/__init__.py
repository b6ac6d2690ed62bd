"""The properties of Raft, one a file, over the fields that every model shares."""

from raftproof.model.properties.election_safety import election_safety
from raftproof.model.properties.log_matching import log_matching
from raftproof.model.properties.leader_completeness import leader_completeness
from raftproof.model.properties.state_machine_safety import state_machine_safety
from raftproof.model.properties.commit_in_log import commit_in_log
from raftproof.model.properties.leader_append_only import leader_append_only
from raftproof.model.properties.monotonic_terms import monotonic_terms
from raftproof.model.properties.witnesses import (
    entry_committed,
    leader_elected,
    log_truncated,
    two_leaders,
    votes_split,
)

INVARIANTS = (election_safety, log_matching, leader_completeness, state_machine_safety, commit_in_log)
ACTION_INVARIANTS = (leader_append_only, monotonic_terms)
WITNESSES = (leader_elected, entry_committed, log_truncated, votes_split, two_leaders)

__all__ = [
    "election_safety",
    "log_matching",
    "leader_completeness",
    "state_machine_safety",
    "commit_in_log",
    "leader_append_only",
    "monotonic_terms",
    "leader_elected",
    "entry_committed",
    "log_truncated",
    "votes_split",
    "two_leaders",
    "INVARIANTS",
    "ACTION_INVARIANTS",
    "WITNESSES",
]
