"""Where a rule of Raft is, in places that do not cite it by its name; and why it is not where one may look for it.

What cites a rule itself is found by `making.paper_map`: the actions of the models, the functions of the core that ask
whether it is switched off, the wrong rules of the proof, the gallery. A test sees that every name here exists, that no
cell of the map is empty, and that no reason is left for a cell that has come to be filled.
"""

from __future__ import annotations

IMPLEMENTED = {
    "log_persisted": "raft.Raft.send",
    "vote_older_term": "terms._admit_older",
    "append_new_entries": "replication._take",
    "apply_committed": "raft.Raft._bundle",
    "higher_term_steps_down": "terms._admit_newer",
    "followers_respond": "election.request_vote",
    "election_timeout": "election.time_out",
    "increment_term": "election.campaign",
    "vote_for_self": "election.campaign",
    "reset_election_timer": "raft.Raft.restart_election_timer",
    "request_votes": "election.campaign",
    "yield_to_leader": "replication.follow",
    "timeout_starts_new_election": "election.time_out",
    "heartbeats": "replication.send_heartbeats",
    "client_request": "replication.append_as_leader",
    "send_entries": "replication.send_append",
    "success_advances": "replication._matched",
    "refusal_steps_back": "replication._refused",
    "commit_quorum": "replication.advance_commit",
    "request_persisted": "raft.Raft.send",
    "change_before_campaign": "election.may_campaign",
}
"""Functions of `impl/core`, for rules that it has no switch for."""

_SECTION_5 = "impl/core/test_section_5.py::test_"
_MEMBERSHIP = "impl/core/test_membership.py::test_"
_READS = "impl/core/test_reads_and_transfer.py::test_"
_SNAPSHOTS = "impl/core/test_snapshots_and_flow.py::test_"

TESTED = {
    "term_persisted": _SECTION_5 + "a_vote_is_stored_before_it_is_sent_and_known_after_a_restart",
    "vote_persisted": _SECTION_5 + "a_vote_is_stored_before_it_is_sent_and_known_after_a_restart",
    "log_persisted": _SECTION_5 + "the_leaders_disk_and_its_followers_work_in_parallel",
    "vote_older_term": _SECTION_5 + "a_request_with_a_stale_term_is_rejected",
    "vote_once": _SECTION_5 + "each_server_votes_for_at_most_one_candidate_a_term",
    "log_up_to_date": _SECTION_5 + "a_vote_goes_only_to_a_log_at_least_as_up_to_date",
    "last_term_first": _SECTION_5 + "a_vote_goes_only_to_a_log_at_least_as_up_to_date",
    "refuse_stale": _SECTION_5 + "a_request_with_a_stale_term_is_rejected",
    "previous_entry": _SECTION_5 + "a_follower_refuses_entries_whose_previous_entry_it_lacks",
    "truncate_on_conflict": _SECTION_5 + "conflicting_entries_are_deleted_and_only_those",
    "append_new_entries": _SECTION_5 + "a_leader_forces_the_logs_of_figure_7_to_duplicate_its_own",
    "commit_up_to_last_new": "impl/sim/test_world.py::test_every_rule_that_can_be_broken_is_looked_for_or_says_why_not",
    "apply_committed": _SECTION_5 + "followers_apply_what_they_learn_is_committed_in_log_order",
    "higher_term_steps_down": _SECTION_5 + "a_server_with_a_smaller_term_updates_it_and_becomes_a_follower",
    "followers_respond": _SECTION_5 + "safety_does_not_depend_on_timing",
    "election_timeout": _SECTION_5 + "an_election_starts_when_no_leader_is_heard_of",
    "increment_term": _SECTION_5 + "an_election_starts_when_no_leader_is_heard_of",
    "vote_for_self": _SECTION_5 + "a_candidates_own_vote_counts_only_when_it_is_stored",
    "reset_election_timer": _SECTION_5 + "election_timeouts_are_random_from_a_fixed_interval",
    "request_votes": _SECTION_5 + "an_election_starts_when_no_leader_is_heard_of",
    "reply_term": _SECTION_5 + "a_request_with_a_stale_term_is_rejected",
    "quorum_majority": _SECTION_5 + "a_candidate_wins_with_the_votes_of_a_majority",
    "yield_to_leader": _SECTION_5 + "a_candidate_that_hears_a_leader_of_its_term_returns_to_follower",
    "timeout_starts_new_election": _SECTION_5 + "an_election_starts_when_no_leader_is_heard_of",
    "heartbeats": _SECTION_5 + "leaders_send_heartbeats_to_all_followers",
    "client_request": _SECTION_5 + "a_leader_appends_a_command_and_sends_it_to_every_other_server",
    "send_entries": _SECTION_5 + "a_leader_appends_a_command_and_sends_it_to_every_other_server",
    "ack_matched_only": "impl/sim/test_world.py::test_every_rule_that_can_be_broken_is_looked_for_or_says_why_not",
    "success_advances": _SECTION_5 + "an_entry_is_committed_once_a_majority_has_stored_it",
    "refusal_steps_back": _SECTION_5 + "a_refusal_is_answered_by_skipping_every_entry_that_cannot_match",
    "commit_quorum": _SECTION_5 + "an_entry_is_committed_once_a_majority_has_stored_it",
    "commit_own_term": _SECTION_5 + "a_leader_never_commits_an_old_term_by_counting",
    "leader_append_only": _SECTION_5 + "a_leader_never_overwrites_or_deletes_its_own_entries",
    "match_monotonic": "impl/sim/test_exhaustive.py::test_a_planted_bug_is_found_by_a_shortest_behavior",
    "commit_monotonic": _SECTION_5 + "an_append_received_twice_changes_nothing",
    "refusal_no_match": _SECTION_5 + "a_refusal_is_answered_by_skipping_every_entry_that_cannot_match",
    "keep_vote_on_step_down": "impl/sim/test_world.py::"
    "test_every_rule_that_can_be_broken_is_looked_for_or_says_why_not",
    "request_persisted": _SECTION_5 + "a_candidates_own_vote_counts_only_when_it_is_stored",
    "one_change_pending": _MEMBERSHIP + "a_second_change_waits_until_the_first_is_applied",
    "change_before_campaign": _MEMBERSHIP + "a_server_with_an_unapplied_change_does_not_campaign",
    "joint_majorities": _MEMBERSHIP + "a_joint_configuration_needs_both_majorities",
    "learner_no_vote": _MEMBERSHIP + "a_learner_receives_entries_and_does_not_vote",
    "snapshot_not_older": _SNAPSHOTS + "an_old_snapshot_is_ignored_and_its_commit_acknowledged",
    "read_own_term": _READS + "a_new_leader_reads_only_after_an_entry_of_its_term_is_committed",
    "read_confirmed": _READS + "a_read_waits_until_a_majority_has_confirmed_the_leader",
}
"""The test of the implementation that shows the rule kept; those of the models are the rows of `tests/model`."""

PROVED_AS = {
    "vote_older_term": "GrantVote",
    "append_new_entries": "Append",
    "higher_term_steps_down": "ObserveTerm",
    "election_timeout": "Timeout",
    "increment_term": "Timeout",
    "request_votes": "RequestVote",
    "yield_to_leader": "StepDown",
    "timeout_starts_new_election": "Timeout",
    "client_request": "ClientRequest",
    "send_entries": "SendAppend",
    "success_advances": "Acknowledge",
    "commit_quorum": "LeaderCommit",
    "commit_monotonic": "ForgetCommit",
    "leader_append_only": "ClientRequest",
}
"""The step of the proof that the rule is, or that stands for its absence, for rules that it has no wrong form of."""

_TIME = "time is not in the proof: a timeout may come at any moment"
_FIXED = "the proof assumes that membership does not change"

NOT_PROVED = {
    "vote_persisted": "a vote is a record of its own there, so that a forgotten one is `vote_once`",
    "apply_committed": "no state machine is in the proof: StateMachineSafety speaks of what it would be given",
    "followers_respond": "a server may be silent: that is safe, and makes no progress",
    "vote_for_self": "a candidate asks itself, as it asks all others",
    "reset_election_timer": _TIME,
    "heartbeats": "an append without entries is an append",
    "refusal_steps_back": "a leader may send any part of its log at any time",
    "match_monotonic": "acknowledgments are a set there, and a set that grows has no old value",
    "keep_vote_on_step_down": "to forget a vote then is harmless, and the proof keeps all votes",
    "request_persisted": "every step of the proof is on the disk when it is taken",
    "one_change_pending": _FIXED,
    "change_before_campaign": _FIXED,
    "joint_majorities": "that joint majorities share a server is a theorem of its own (proof/quorums.md)",
    "learner_no_vote": _FIXED,
    "snapshot_not_older": "the proof has no snapshots",
    "read_own_term": "the proof has no reads",
    "read_confirmed": "the proof has no reads",
}

_PROGRESS = "without it nothing wrong happens, and nothing else either: it is a rule of progress"
_HANDLERS = "every handler begins with it; a trace of an etcd in which a leader ignores it is rejected by its name"

NOT_SHOWN = {
    "vote_older_term": "an answer of the voter's newer term is no vote; `reply_term` shows a vote that comes late",
    "apply_committed": "the order of applying is the store's; the simulator compares the stores",
    "higher_term_steps_down": _HANDLERS,
    "followers_respond": _PROGRESS,
    "election_timeout": _PROGRESS,
    "increment_term": "an election in the old term needs second votes, which is `vote_once`",
    "vote_for_self": "a candidate that does not vote for itself needs one vote more",
    "reset_election_timer": _PROGRESS,
    "request_votes": _PROGRESS,
    "yield_to_leader": "its term has a leader, and so the candidate cannot win any more",
    "timeout_starts_new_election": _PROGRESS,
    "heartbeats": _PROGRESS,
    "client_request": _PROGRESS,
    "success_advances": _PROGRESS,
    "refusal_steps_back": _PROGRESS,
    "commit_quorum": "a smaller quorum is `quorum_majority`",
}
"""Rules that the gallery has no page for: why nobody shows what falls without them."""

NOT_DEPLOYED = {
    "reset_election_timer": "time is choice: an election timeout may come at any moment",
    "refusal_steps_back": "there is no next_index: a leader may send any part of its log (docs/adr/deployed.md)",
}
"""Rules that no action of the deployed models cites."""

NOT_IN_THE_CORE: dict[str, str] = {}
"""Rules that the implementation does not have."""
