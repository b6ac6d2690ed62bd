"""Every rule of Figure 2 and every property of Figure 3 of the Raft paper, as data.

Actions cite the rules that they implement. A rule that an action asks about by `s.upholds(Rule.NAME)` can be switched
off (`--break name`), to see what falls without it. The names of rules that can be broken are those of the gallery.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple


class Rule(IntEnum):
    """A rule of Raft, named by what it demands."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return count

    TERM_PERSISTED = auto()
    VOTE_PERSISTED = auto()
    LOG_PERSISTED = auto()
    VOTE_OLDER_TERM = auto()
    VOTE_ONCE = auto()
    LOG_UP_TO_DATE = auto()
    LAST_TERM_FIRST = auto()
    REFUSE_STALE = auto()
    PREVIOUS_ENTRY = auto()
    TRUNCATE_ON_CONFLICT = auto()
    APPEND_NEW_ENTRIES = auto()
    COMMIT_UP_TO_LAST_NEW = auto()
    APPLY_COMMITTED = auto()
    HIGHER_TERM_STEPS_DOWN = auto()
    FOLLOWERS_RESPOND = auto()
    ELECTION_TIMEOUT = auto()
    INCREMENT_TERM = auto()
    VOTE_FOR_SELF = auto()
    RESET_ELECTION_TIMER = auto()
    REQUEST_VOTES = auto()
    REPLY_TERM = auto()
    QUORUM_MAJORITY = auto()
    YIELD_TO_LEADER = auto()
    TIMEOUT_STARTS_NEW_ELECTION = auto()
    HEARTBEATS = auto()
    CLIENT_REQUEST = auto()
    SEND_ENTRIES = auto()
    ACK_MATCHED_ONLY = auto()
    SUCCESS_ADVANCES = auto()
    REFUSAL_STEPS_BACK = auto()
    COMMIT_QUORUM = auto()
    COMMIT_OWN_TERM = auto()
    LEADER_APPEND_ONLY = auto()
    MATCH_MONOTONIC = auto()
    COMMIT_MONOTONIC = auto()
    REFUSAL_NO_MATCH = auto()
    KEEP_VOTE_ON_STEP_DOWN = auto()
    REQUEST_PERSISTED = auto()
    ONE_CHANGE_PENDING = auto()
    CHANGE_BEFORE_CAMPAIGN = auto()
    JOINT_MAJORITIES = auto()
    LEARNER_NO_VOTE = auto()
    SNAPSHOT_NOT_OLDER = auto()
    READ_OWN_TERM = auto()
    READ_CONFIRMED = auto()


class Text(NamedTuple):
    """Where a rule stands in the paper, and what it says in our words."""

    place: str
    sentence: str


RULES: dict[Rule, Text] = {
    Rule.TERM_PERSISTED: Text("Figure 2, State", "currentTerm is on stable storage before a server answers"),
    Rule.VOTE_PERSISTED: Text("Figure 2, State", "votedFor is on stable storage before a server answers"),
    Rule.LOG_PERSISTED: Text("Figure 2, State", "the log is on stable storage before a server answers"),
    Rule.VOTE_OLDER_TERM: Text("Figure 2, RequestVote 1", "a request of an older term gets no vote"),
    Rule.VOTE_ONCE: Text("Figure 2, RequestVote 2", "a server votes for one candidate a term"),
    Rule.LOG_UP_TO_DATE: Text("Figure 2, RequestVote 2; §5.4.1", "only a log as up to date as the voter's gets a vote"),
    Rule.LAST_TERM_FIRST: Text("§5.4.1", "to compare logs, the last terms are compared before the lengths"),
    Rule.REFUSE_STALE: Text("Figure 2, AppendEntries 1", "a leader of an older term is refused"),
    Rule.PREVIOUS_ENTRY: Text("Figure 2, AppendEntries 2", "a log without the previous entry refuses what follows it"),
    Rule.TRUNCATE_ON_CONFLICT: Text("Figure 2, AppendEntries 3", "an entry is deleted only where a new one conflicts"),
    Rule.APPEND_NEW_ENTRIES: Text("Figure 2, AppendEntries 4", "entries not already in the log are appended"),
    Rule.COMMIT_UP_TO_LAST_NEW: Text(
        "Figure 2, AppendEntries 5",
        "a follower commits no further than the last entry that it knows to be the leader's",
    ),
    Rule.APPLY_COMMITTED: Text("Figure 2, All servers", "committed entries are applied in order"),
    Rule.HIGHER_TERM_STEPS_DOWN: Text("Figure 2, All servers; §5.1", "whoever sees a higher term takes it and follows"),
    Rule.FOLLOWERS_RESPOND: Text("Figure 2, Followers; §5.2", "followers answer candidates and leaders"),
    Rule.ELECTION_TIMEOUT: Text("Figure 2, Followers; §5.2", "a follower that hears nothing becomes a candidate"),
    Rule.INCREMENT_TERM: Text("Figure 2, Candidates", "a new election has a new term"),
    Rule.VOTE_FOR_SELF: Text("Figure 2, Candidates", "a candidate votes for itself"),
    Rule.RESET_ELECTION_TIMER: Text("Figure 2, Candidates", "a new election resets the timer"),
    Rule.REQUEST_VOTES: Text("Figure 2, Candidates", "a candidate asks all servers for their votes"),
    Rule.REPLY_TERM: Text(
        "Figure 2, Candidates; §5.1", "only answers of its own term count for a candidate or a leader"
    ),
    Rule.QUORUM_MAJORITY: Text("Figure 2, Candidates; §5.2", "votes of a majority make a leader"),
    Rule.YIELD_TO_LEADER: Text("Figure 2, Candidates", "a candidate follows the leader of its term"),
    Rule.TIMEOUT_STARTS_NEW_ELECTION: Text(
        "Figure 2, Candidates", "a candidate whose election takes too long starts anew"
    ),
    Rule.HEARTBEATS: Text("Figure 2, Leaders", "a leader sends AppendEntries without entries when it is idle"),
    Rule.CLIENT_REQUEST: Text("Figure 2, Leaders; §5.3", "a leader appends what a client asks for to its own log"),
    Rule.SEND_ENTRIES: Text("Figure 2, Leaders; §5.3", "a leader sends each follower the entries from next_index on"),
    Rule.ACK_MATCHED_ONLY: Text("§5.3", "a follower acknowledges no more than what the request made sure of"),
    Rule.SUCCESS_ADVANCES: Text("Figure 2, Leaders; §5.3", "a success moves next_index and match_index"),
    Rule.REFUSAL_STEPS_BACK: Text(
        "Figure 2, Leaders; §5.3", "a refusal moves next_index back, and the leader tries again"
    ),
    Rule.COMMIT_QUORUM: Text("Figure 2, Leaders; §5.3", "an entry on a majority is committed"),
    Rule.COMMIT_OWN_TERM: Text("Figure 2, Leaders; §5.4.2", "only entries of the leader's own term commit by counting"),
    Rule.LEADER_APPEND_ONLY: Text("Figure 3; §5.3", "a leader never overwrites or deletes entries of its own log"),
    Rule.MATCH_MONOTONIC: Text("Figure 2, State", "match_index never falls"),
    Rule.COMMIT_MONOTONIC: Text("Figure 2, State", "commit_index never falls"),
    Rule.REFUSAL_NO_MATCH: Text("Figure 2, Leaders; §5.3", "a refusal moves no match_index"),
    Rule.KEEP_VOTE_ON_STEP_DOWN: Text("Figure 2, State", "who steps down within a term keeps its vote"),
    Rule.REQUEST_PERSISTED: Text("Figure 2, State", "a candidate's term is on stable storage before it asks for votes"),
    Rule.ONE_CHANGE_PENDING: Text("§6; thesis §4.1", "a change of membership waits until the one before it is applied"),
    Rule.CHANGE_BEFORE_CAMPAIGN: Text(
        "§6; thesis §4.1",
        "a server applies the changes of membership that it knows to be committed before it campaigns",
    ),
    Rule.JOINT_MAJORITIES: Text("§6; thesis §4.3", "a joint configuration agrees by both its majorities"),
    Rule.LEARNER_NO_VOTE: Text("§6; thesis §4.2.1", "a server that only learns counts in no majority"),
    Rule.SNAPSHOT_NOT_OLDER: Text("§7", "a snapshot of no more than what is committed here is ignored"),
    Rule.READ_OWN_TERM: Text("§8; thesis §6.4", "a leader reads once it has committed an entry of its own term"),
    Rule.READ_CONFIRMED: Text(
        "§8; thesis §6.4", "a read waits until a majority has answered a heartbeat that its leader sent afterwards"
    ),
}

NOT_MODELLED: dict[Rule, str] = {
    Rule.APPLY_COMMITTED: "no state machine is attached; StateMachineSafety speaks of what it would be given",
    Rule.RESET_ELECTION_TIMER: "time is not modelled: an election timeout may come at any moment",
    Rule.VOTE_FOR_SELF: "the published specification lets a candidate ask itself by a message like all others",
    Rule.MATCH_MONOTONIC: "in the published specification match_index may fall",
    Rule.COMMIT_MONOTONIC: "in the published specification commit_index may fall",
    Rule.REFUSAL_NO_MATCH: "a refusal says match 0 there, and its receiver looks at next_index alone",
    Rule.KEEP_VOTE_ON_STEP_DOWN: "a step down within a term keeps the vote there, and to forget it is harmless",
    Rule.REQUEST_PERSISTED: "the published specification persists with every step",
    Rule.ONE_CHANGE_PENDING: "the published specification has no changes of membership",
    Rule.CHANGE_BEFORE_CAMPAIGN: "the published specification has no changes of membership",
    Rule.JOINT_MAJORITIES: "the published specification has no changes of membership",
    Rule.LEARNER_NO_VOTE: "the published specification has no learners",
    Rule.SNAPSHOT_NOT_OLDER: "the published specification has no snapshots",
    Rule.READ_OWN_TERM: "the published specification has no reads",
    Rule.READ_CONFIRMED: "the published specification has no reads",
}
"""Rules that no action of `figure2` cites, each with the reason."""

FIGURE_3 = {
    "ElectionSafety": "at most one leader can be elected in a given term (§5.2)",
    "LeaderAppendOnly": "a leader never overwrites or deletes entries in its log (§5.3)",
    "LogMatching": "logs with an entry of the same index and term are identical up to it (§5.3)",
    "LeaderCompleteness": "a committed entry is in the logs of the leaders of all later terms (§5.4)",
    "StateMachineSafety": "no two servers apply different entries at the same index (§5.4.3)",
}
"""The properties of Figure 3, by the names under which `--only` knows them."""
