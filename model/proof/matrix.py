"""What falls first without each lemma, each guard and each rule: `python -m raftproof.model.proof.matrix` (a quarter of
an hour).

The answer is kept as data in matrix.json, and shown in the documentation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from raftproof.checker.proof.breaking import falls
from raftproof.checker.proof.finite import Instance
from raftproof.model.proof import RAFT
from raftproof.model.proof.cores import stored
from raftproof.model.proof.instances import GROWING
from raftproof.model.proof.wrong import WRONG_RULES, rule

STORED = Path(__file__).parent / "matrix.json"


class Row(msgspec.Struct, frozen=True):
    """What was taken away, and what came of it."""

    name: str
    verdict: str
    """Refuted: `falls` falls. Proved: it is redundant. Unknown: neither a proof nor a small counterexample."""
    action: str
    falls: str
    cluster: str
    unknown: list[str]


def rows() -> list[Row]:
    """The rows, as last found."""
    return msgspec.json.decode(STORED.read_bytes(), type=list[Row])


def likely(name: str, instances: Sequence[Instance]) -> Instance | None:
    """The instance in which something fell when this was last taken away."""
    return next((i for row in rows() if row.name == name for i in instances if str(i) == row.cluster), None)


def names() -> list[str]:
    """Everything that can be taken away: rules, lemmas, guards."""
    guards = (f"{action}.{guard}" for action, guard in RAFT.guards())
    return [*(wrong.name for wrong in WRONG_RULES), *(lemma.name for lemma in RAFT.lemmas), *guards]


def find(name: str) -> Row:
    """Take one of them away."""
    if any(lemma.name == name for lemma in RAFT.lemmas):
        outcome = falls(RAFT.without_lemma(name), stored(), GROWING, workers=2)
    else:
        wrong = rule(name)
        outcome = falls(wrong.change(RAFT), stored(), wrong.instances, workers=2)
    found = outcome.counterexample
    if found is None:
        return Row(name, outcome.verdict, "", "", "", outcome.unknown)
    return Row(name, outcome.verdict, found.action, found.lemma, str(found.instance), [])


def main() -> int:
    """Find all rows, and store them."""
    lines = []
    for name in names():
        row = find(name)
        print(row.name, row.verdict, row.falls, file=sys.stderr)
        lines.append("  " + json.dumps(msgspec.to_builtins(row), ensure_ascii=False))
    STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
