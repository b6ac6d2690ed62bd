"""What falls in deployed Raft when a rule is switched off. The counterexamples are kept in `deployed_broken.json`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from raftproof.model import deployed
from raftproof.model.gallery import Asked, Exhibit

GOLDEN = Path(__file__).with_suffix(".json")

T3 = {"max_term": 3}
T3_LOG2 = {"max_term": 3, "max_log": 2}
T4_LOG2 = {"max_term": 4, "max_log": 2}
T5_LOG2 = {"max_term": 5, "max_log": 2}
LOG2_TWO = {"max_log": 2, "max_in_flight": 2}
RESTART = ("restart",)

CORE = (
    Asked(deployed.model, "quorum_majority", T3),
    Asked(deployed.model, "quorum_majority", T3, only="ElectionSafety"),
    Asked(deployed.model, "vote_once", T3),
    Asked(deployed.model, "vote_persisted", T3, RESTART),
    Asked(deployed.model, "term_persisted", T3, RESTART, "ElectionSafety"),
    Asked(deployed.model, "term_persisted", T3, RESTART),
    Asked(deployed.model, "reply_term", T3),
    Asked(deployed.model, "log_up_to_date", T3),
    Asked(deployed.model, "log_persisted", T3, RESTART),
    Asked(deployed.model, "commit_up_to_last_new", T3),
    Asked(deployed.model, "previous_entry", T3),
    Asked(deployed.model, "refuse_stale", T3),
    Asked(deployed.model, "ack_matched_only", T3),
    Asked(deployed.model, "refusal_no_match", T3),
)
"""Found by one kernel in a few seconds."""

LONGER = (
    Asked(deployed.model, "request_persisted", T3, RESTART),
    Asked(deployed.model, "leader_append_only", T3_LOG2),
    Asked(deployed.model, "last_term_first", T4_LOG2),
    Asked(deployed.snapshots, "snapshot_not_older", LOG2_TWO),
    Asked(deployed.snapshots, "match_monotonic", LOG2_TWO),
    Asked(deployed.snapshots, "commit_monotonic", LOG2_TWO),
    Asked(deployed.snapshots, "truncate_on_conflict", LOG2_TWO),
    Asked(deployed.joint, "joint_majorities", T3),
    Asked(deployed.removals, "change_before_campaign", {"max_log": 4}),
    Asked(deployed.linearizable_reads, "read_own_term"),
    Asked(deployed.linearizable_reads, "read_confirmed"),
)
"""These need other bounds, or longer searches."""

ASKED = CORE + LONGER

BY_HAND = (
    Asked(deployed.model, "commit_own_term", T5_LOG2),
    Asked(deployed.removals, "one_change_pending", {"max_log": 4}),
)
"""Their counterexamples are kept and taken again like the others, but no search has counted what is shorter."""

HARMLESS = {
    "keep_vote_on_step_down": "who steps down in its term follows the leader of it, and that term has no other",
    "send_entries": "what is sent again is known already; which part of a log is sent is a matter of speed",
}
"""Rules whose absence breaks nothing; with three terms each was searched to the end."""

NEED_MORE = {
    "learner_no_vote": "five servers: with fewer, majorities with learners and without them share a voter",
}
"""Rules that nothing within a minute's search of three servers needs."""


@cache
def exhibits() -> dict[str, Exhibit]:
    """The kept counterexamples by the commands that find them."""
    return {one.command: one for one in msgspec.json.decode(GOLDEN.read_bytes(), type=list[Exhibit])}


def table() -> list[str]:
    """The rows as docs/counts.md prints them."""
    lines = []
    for asked in ASKED:
        found = exhibits()[asked.command]
        numbers = ", ".join(str(found.bounds[name]) for name in ("max_term", "max_log", "max_in_flight"))
        falls = f"{found.property} (`--only`)" if asked.only else found.property
        faults = ", ".join(asked.faults) or "none"
        counts = f"{found.generated:,} | {found.distinct:,}"
        lines.append(
            f"| in {asked.model.name} | `{asked.rule}` | {falls} | {found.depth} | {numbers} | {faults} | {counts} |"
        )
    return lines
