"""What the gallery asks: for a rule of a model, under which bounds it is switched off, and which property is watched.

A shortest counterexample belongs to its bounds, so these are the smallest under which the rule's absence shows. A new
row, and `python -m raftproof.model.gallery.search RULE`, is all that a new exhibit needs.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from raftproof.checker.language import Model
from raftproof.checker.run import Question
from raftproof.model import abstract, deployed, figure2, rounds

OPTIONS = ("servers", "values", "max_term", "max_log", "max_in_flight", "max_copies")
"""The bounds that are options of `raftproof check`; the others are given by --bound."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A rule that is switched off in a model, and what is asked then."""

    model: Model
    rule: str
    bounds: Mapping[str, int] = field(default_factory=dict)
    """Bounds that differ from the model's defaults."""
    faults: tuple[str, ...] = ()
    only: str = ""
    """The one property that is watched, where another falls sooner; all if empty."""

    def question(self, workers: int = 1) -> Question:
        """The same for the checker."""
        watched = (self.only,) if self.only else None
        return Question(self.model, self.bounds, self.faults, (self.rule,), only=watched, workers=workers)

    @property
    def command(self) -> str:
        """The command line that asks it."""
        words = ["raftproof", "check", self.model.name, "--break", self.rule]
        for name, bound in self.bounds.items():
            words += [f"--{name.replace('_', '-')}", str(bound)] if name in OPTIONS else ["--bound", f"{name}={bound}"]
        words += ["--faults", ",".join(self.faults)] if self.faults else []
        words += ["--only", self.only] if self.only else []
        return shlex.join(words)


_T3 = {"max_term": 3}
_T4 = {"max_term": 4}
_T5 = {"max_term": 5}
_T3_LOG2 = {"max_term": 3, "max_log": 2}
_T4_LOG2 = {"max_term": 4, "max_log": 2}
_T3_TWO = {"max_term": 3, "max_in_flight": 2}
_LOG2_TWO = {"max_log": 2, "max_in_flight": 2}
_RESTART = ("restart",)

_FIGURE2 = (
    Asked(figure2.model, "quorum_majority"),
    Asked(figure2.model, "vote_once"),
    Asked(figure2.model, "vote_persisted", faults=_RESTART),
    Asked(figure2.model, "term_persisted", faults=_RESTART, only="ElectionSafety"),
    Asked(figure2.model, "term_persisted", faults=_RESTART),
    Asked(figure2.model, "reply_term", _T3),
    Asked(figure2.model, "log_up_to_date", _T3),
    Asked(figure2.model, "log_up_to_date", _T3, only="StateMachineSafety"),
    Asked(figure2.model, "log_persisted", _T3, _RESTART),
    Asked(figure2.model, "log_persisted", _T3, _RESTART, "StateMachineSafety"),
    Asked(figure2.model, "leader_append_only", _T3),
    Asked(figure2.model, "commit_up_to_last_new", {"max_log": 2}),
    Asked(figure2.model, "previous_entry", _T3_LOG2, only="LogMatching"),
    Asked(figure2.model, "previous_entry", _T3),
    Asked(figure2.model, "refuse_stale", _T3),
    Asked(figure2.model, "truncate_on_conflict", _T3_TWO),
    Asked(figure2.model, "ack_matched_only", _T4),
    Asked(figure2.model, "last_term_first", _T4_LOG2),
    Asked(figure2.model, "commit_own_term", _T5),
)

_ABSTRACT = (
    Asked(abstract.model, "quorum_majority"),
    Asked(abstract.model, "vote_once"),
    Asked(abstract.model, "log_up_to_date"),
    Asked(abstract.model, "log_persisted", faults=_RESTART),
    Asked(abstract.model, "commit_up_to_last_new"),
    Asked(abstract.model, "previous_entry"),
    Asked(abstract.model, "refuse_stale"),
    Asked(abstract.model, "truncate_on_conflict"),
    Asked(abstract.model, "append_new_entries", _T3),
    Asked(abstract.model, "ack_matched_only", _T3),
    Asked(abstract.model, "last_term_first", _T3_LOG2),
)
_ROUNDS = (
    Asked(rounds.model, "log_up_to_date"),
    Asked(rounds.model, "last_term_first"),
    Asked(rounds.model, "previous_entry"),
    Asked(rounds.model, "truncate_on_conflict"),
    Asked(rounds.model, "append_new_entries"),
    Asked(rounds.model, "ack_matched_only"),
    Asked(rounds.model, "commit_own_term"),
)
_DEPLOYED = (
    Asked(deployed.model, "quorum_majority", _T3, only="ElectionSafety"),
    Asked(deployed.model, "quorum_majority", _T3),
    Asked(deployed.model, "vote_once", _T3),
    Asked(deployed.model, "vote_persisted", _T3, _RESTART),
    Asked(deployed.model, "term_persisted", _T3, _RESTART, "ElectionSafety"),
    Asked(deployed.model, "term_persisted", _T3, _RESTART),
    Asked(deployed.model, "reply_term", _T3),
    Asked(deployed.model, "log_up_to_date", _T3),
    Asked(deployed.model, "log_persisted", _T3, _RESTART),
    Asked(deployed.model, "commit_up_to_last_new", _T3),
    Asked(deployed.model, "previous_entry", _T3),
    Asked(deployed.model, "refuse_stale", _T3),
    Asked(deployed.model, "ack_matched_only", _T3),
    Asked(deployed.model, "refusal_no_match", _T3),
    Asked(deployed.model, "request_persisted", _T3, _RESTART),
    Asked(deployed.model, "leader_append_only", _T3_LOG2),
    Asked(deployed.model, "last_term_first", _T4_LOG2),
    Asked(deployed.snapshots, "snapshot_not_older", _LOG2_TWO),
    Asked(deployed.snapshots, "match_monotonic", _LOG2_TWO),
    Asked(deployed.snapshots, "commit_monotonic", _LOG2_TWO),
    Asked(deployed.snapshots, "truncate_on_conflict", _LOG2_TWO),
    Asked(deployed.joint, "joint_majorities", _T3),
    Asked(deployed.removals, "change_before_campaign", {"max_log": 4}),
    Asked(deployed.linearizable_reads, "read_own_term"),
    Asked(deployed.linearizable_reads, "read_confirmed"),
    Asked(deployed.model, "keep_vote_on_step_down", _T3),
    Asked(deployed.model, "send_entries", _T3),
)

QUESTIONS: tuple[Asked, ...] = (*_FIGURE2, *_DEPLOYED, *_ABSTRACT, *_ROUNDS)
"""Everything that is asked; of a rule the row to show first stands first."""

HARMLESS: dict[str, str] = {
    "send_entries": "What a leader sends again is known to its follower already: from where on it sends is a matter of "
    "speed.",
    "keep_vote_on_step_down": "A candidate steps down within its term only when that term has a leader, elected by a "
    "majority; a second vote comes too late to make another. It must be a real candidate: who leaves a pre-election "
    "may have voted in a term that has no leader yet.",
}
"""Rules whose absence breaks nothing, each with the reason."""
