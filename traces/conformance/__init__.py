"""Hold a trace against the model: `conform(path)` reads a file, `follow(items)` takes events that are at hand.

The first line that no step explains is the departure; `docs/conformance.md` says how lines are mapped to steps.
"""

from raftproof.traces.conformance.following import conform, conform_together, follow, written_by_us
from raftproof.traces.conformance.outcome import Outcome, rule_text

__all__ = ["Outcome", "conform", "conform_together", "follow", "rule_text", "written_by_us"]
