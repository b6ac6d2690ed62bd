"""What came of a trace: a verdict, and for a departure everything that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from raftproof.model.rules import RULES, Rule
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.events import Placed

CAUSES = {
    "implementation": "This looks like a fault of the implementation.",
    "missing": "This looks like an event that is missing from the trace, or like a fault of the implementation.",
    "malformed": "This looks like a malformed line.",
    "safety": "Every line so far is a step of the model, and yet a property of Raft is broken.",
}
OTHER_RULES = {
    "network": "the network delivers only what was sent, to whom it was sent (thesis §3.2)",
    "apply_change": "a configuration is what the committed changes of membership make of it (§6, thesis chapter 4)",
    "founding": "all founding servers begin with the same voters",
    "commit_monotonic": "the commit index never falls (Figure 2, volatile state)",
    "match_monotonic": "match_index never falls (Figure 2, volatile state on leaders)",
    "keep_vote_on_step_down": "a candidate that steps down within its term keeps its vote (§5.2)",
    "refusal_no_match": "a refusal moves no match_index (§5.3)",
    "snapshot_not_older": "a snapshot older than the commit index is ignored (§7)",
    "learner_no_vote": "a learner counts in no quorum (thesis §4.2.1)",
    "joint_majorities": "a joint configuration needs both majorities (thesis §4.3)",
    "one_change_pending": "no second change of membership while one is pending (thesis §4.1)",
    "change_before_campaign": "before it campaigns, a server applies the changes of membership that are committed",
    "log_matching": "logs with an entry of the same index and term are identical up to it (Figure 3)",
    "ElectionSafety": "at most one leader is elected in a term (Figure 3, §5.2)",
    "LeaderCompleteness": "a committed entry is in the logs of the leaders of all later terms (Figure 3, §5.4)",
    "StateMachineSafety": "no two servers apply different entries at the same index (Figure 3, §5.4.3)",
    "ReadIndexCurrent": "a read is answered from an index at least as high as what was committed when it was asked "
    "(thesis §6.4)",
    "JointConsensus": "a change of membership is entered in the same way by all servers (thesis §4.3)",
}
"""Rules that are not of Figure 2, with their places."""


def rule_text(rule: str) -> str:
    """A rule in words, with its place in the paper."""
    if rule in OTHER_RULES:
        return OTHER_RULES[rule]
    known = Rule.__members__.get(rule.upper())
    return f"{RULES[known].sentence} ({RULES[known].place})" if known is not None else rule


@dataclass
class Outcome:
    """What came of one trace."""

    file: str
    verdict: str
    """accepted, rejected, malformed or undetermined."""
    events: int
    seconds: float = 0.0
    line: int | None = None
    place: str | None = None
    """The file of the line, where there are several."""
    reason: str = ""
    """Why it is malformed or undetermined."""
    settings: dict[str, str] = field(default_factory=dict)
    """What was inferred of pre-vote, check-quorum and asynchronous storage."""
    departure: Departure | None = None
    recent: Sequence[Placed] = ()
    """The lines up to the one that departs."""

    def json(self) -> dict[str, Any]:
        """The machine-readable form."""
        departure = self.departure
        return {
            "file": self.file,
            "verdict": self.verdict,
            "events": self.events,
            "line": self.line,
            "event": self.recent[-1].event.name if departure and self.recent else None,
            "rule": departure.rule if departure else None,
            "expected": departure.expected if departure else None,
            "observed": departure.observed if departure else None,
            "explanation": self.explanation(),
            "settings": self.settings,
            "seconds": round(self.seconds, 3),
        }

    def explanation(self) -> str:
        """One sentence, or nothing if the trace is accepted."""
        if self.departure:
            return f"{self.departure.condition} [{self.departure.rule}: {rule_text(self.departure.rule)}]"
        return self.reason
