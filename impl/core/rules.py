"""The rules that a test may switch off, to show that the checks notice: `Raft(…, broken=frozenset({"vote_once"}))`.

Each is one real mistake of a real system. Nothing here is reached in a server that runs: `broken` is empty there, and
the rules ask it only where they refuse something, so that the hook costs a running server nearly nothing.
"""

from __future__ import annotations

QUORUM_MAJORITY = "quorum_majority"
VOTE_ONCE = "vote_once"
VOTE_PERSISTED = "vote_persisted"
TERM_PERSISTED = "term_persisted"
REPLY_TERM = "reply_term"
TRUNCATE_ON_CONFLICT = "truncate_on_conflict"
MATCH_MONOTONIC = "match_monotonic"
LOG_UP_TO_DATE = "log_up_to_date"
COMMIT_MONOTONIC = "commit_monotonic"
ACK_MATCHED_ONLY = "ack_matched_only"
REFUSE_STALE = "refuse_stale"
PREVIOUS_ENTRY = "previous_entry"
LAST_TERM_FIRST = "last_term_first"
COMMIT_OWN_TERM = "commit_own_term"
REFUSAL_NO_MATCH = "refusal_no_match"
KEEP_VOTE_ON_STEP_DOWN = "keep_vote_on_step_down"
LOG_PERSISTED = "log_persisted"
COMMIT_UP_TO_LAST_NEW = "commit_up_to_last_new"
LEADER_APPEND_ONLY = "leader_append_only"
READ_OWN_TERM = "read_own_term"
READ_CONFIRMED = "read_confirmed"
SNAPSHOT_NOT_OLDER = "snapshot_not_older"
LEARNER_NO_VOTE = "learner_no_vote"
JOINT_MAJORITIES = "joint_majorities"
ONE_CHANGE_PENDING = "one_change_pending"

BREAKABLE: dict[str, str] = {
    QUORUM_MAJORITY: "a quorum is a majority: N/2 + 1, and not N/2 (§5.2)",
    VOTE_ONCE: "one vote a term (Figure 2, RequestVote 2)",
    VOTE_PERSISTED: "the vote is stored before it is sent (Figure 2, persistent state)",
    TERM_PERSISTED: "term and vote are stored before any answer (Figure 2, persistent state)",
    REPLY_TERM: "a vote given in an older term does not count (§5.2)",
    TRUNCATE_ON_CONFLICT: "entries are deleted only where one conflicts (Figure 2, AppendEntries 3)",
    MATCH_MONOTONIC: "match_index never falls (Figure 2, volatile state on leaders)",
    LOG_UP_TO_DATE: "a vote only for a log at least as up to date (§5.4.1)",
    COMMIT_MONOTONIC: "commit_index never falls (Figure 2, volatile state)",
    ACK_MATCHED_ONLY: "only what matched is acknowledged, not the whole log (§5.3)",
    REFUSE_STALE: "an append of an older term is refused (Figure 2, AppendEntries 1)",
    PREVIOUS_ENTRY: "the previous entry must match (Figure 2, AppendEntries 2)",
    LAST_TERM_FIRST: "logs compare by last term, then by length (§5.4.1)",
    COMMIT_OWN_TERM: "only an entry of the own term is committed by counting (§5.4.2, Figure 8)",
    REFUSAL_NO_MATCH: "a refusal moves no match_index (§5.3)",
    KEEP_VOTE_ON_STEP_DOWN: "the vote is kept when a candidate steps down in its term; harmless, and so it should be",
    LOG_PERSISTED: "an entry is stored before it is acknowledged (Figure 2, persistent state)",
    COMMIT_UP_TO_LAST_NEW: "a follower commits no further than what it knows to match (Figure 2, AppendEntries 5)",
    LEADER_APPEND_ONLY: "a leader deletes no entry of its own log (Figure 3)",
    READ_OWN_TERM: "a read waits until an entry of the own term is committed (§8)",
    READ_CONFIRMED: "a read waits until a majority has confirmed the leader (§8)",
    SNAPSHOT_NOT_OLDER: "a snapshot older than the commit index is ignored (§7)",
    LEARNER_NO_VOTE: "a learner counts in no quorum (thesis §4.2.1)",
    JOINT_MAJORITIES: "a joint configuration needs both majorities (thesis §4.3)",
    ONE_CHANGE_PENDING: "no second change of membership while one is pending (thesis §4.1)",
}


def check_names(names: frozenset[str]) -> None:
    """Refuse a rule that is not there."""
    unknown = sorted(names - BREAKABLE.keys())
    if unknown:
        raise ValueError(f"unknown rule {', '.join(unknown)}; the rules are {', '.join(BREAKABLE)}")
