"""Which lemmas each obligation needs: the edges of the proof graph, computed once, kept as data, checked each time.

With every lemma as a hypothesis a solver takes ten times as long, and now and then finds no answer, on another
obligation for every seed. With the few that are needed it answers at once. Nothing rests on the stored edges: whatever
hypotheses an obligation is given are lemmas that are proved too, so a wrong edge can make a proof fail and cannot make
a false one pass.

    find     unsat core of all hypotheses ─▶ leave one out, again and again ─▶ store, with fingerprints
    use      the fingerprint of facts, conclusion and needed lemmas is as stored?  yes: these hypotheses;  no: stale,
    all
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from raftproof.checker.proof.obligations import Obligation, fingerprint
from raftproof.checker.proof.solver import Answer, Question, ask


@dataclass(frozen=True)
class Core:
    """The hypotheses that an obligation needs, and what the obligation looked like when they were found."""

    needs: tuple[str, ...]
    facts: str


@dataclass
class Cores:
    """The cores of a theory's obligations, by key, and the fingerprints of the lemmas that they name."""

    cores: dict[str, Core] = field(default_factory=dict)
    lemmas: dict[str, str] = field(default_factory=dict)

    def needed(self, obligation: Obligation) -> tuple[str, ...] | None:
        """The hypotheses to prove it with, or None where there is no core or it is stale."""
        core = self.cores.get(obligation.key)
        if core is None or core.facts != obligation.fingerprint:
            return None
        hypotheses = obligation.hypotheses
        fresh = all(n in hypotheses and self.lemmas.get(n) == fingerprint(hypotheses[n]) for n in core.needs)
        return core.needs if fresh else None

    def stale(self, obligations: Iterable[Obligation]) -> list[str]:
        """Keys of obligations whose core is missing or was found for another formula, and of cores of no obligation."""
        listed = list(obligations)
        known = {o.key for o in listed}
        return [o.key for o in listed if self.needed(o) is None] + [key for key in self.cores if key not in known]


def load(path: Path) -> Cores:
    """Read stored cores."""
    data = json.loads(path.read_text(encoding="utf-8"))
    cores = {key: Core(tuple(value["needs"]), value["facts"]) for key, value in data["cores"].items()}
    return Cores(cores, data["lemmas"])


def save(cores: Cores, path: Path) -> None:
    """Store cores, in the order of the argument, one obligation a line."""
    lines = [
        f"    {json.dumps(key, ensure_ascii=False)}: {json.dumps({'facts': core.facts, 'needs': list(core.needs)})}"
        for key, core in cores.cores.items()
    ]
    lemmas = json.dumps(cores.lemmas, indent=4).replace("\n}", "\n  }")
    path.write_text('{\n  "lemmas": ' + lemmas + ',\n  "cores": {\n' + ",\n".join(lines) + "\n  }\n}\n")


Asker = Callable[[Question], Answer]


def find(obligation: Obligation, *, ask: Asker = ask) -> Core | None:
    """A core from which no lemma can be left out, or None if the obligation is not proved with all of them."""
    needs = _first_proof(obligation, ask)
    if needs is None:
        return None
    for name in reversed(list(obligation.hypotheses)):
        if name in needs:
            fewer = [n for n in needs if n != name]
            needs = _prove_with(obligation, fewer, ask, timeout_seconds=2.0) or needs if fewer else needs
    return Core(tuple(needs), obligation.fingerprint)


def _first_proof(obligation: Obligation, ask: Asker) -> list[str] | None:
    alone = [obligation.lemma] if obligation.lemma in obligation.hypotheses else []
    for few in ([], alone):
        if ask(Question(obligation.key, obligation.script(few), timeout_seconds=2.0)).outcome == "unsat":
            return few
    for timeout in (10.0, 40.0):
        for seed in range(3):
            found = _prove_with(obligation, list(obligation.hypotheses), ask, timeout, seed)
            if found is not None:
                return found
    return None


def _prove_with(
    obligation: Obligation, names: list[str], ask: Asker, timeout_seconds: float, seed: int = 0
) -> list[str] | None:
    """The hypotheses that a proof from these used, in the order of the argument; None if there was none in time."""
    text = obligation.script(names)
    labels = (*(label for label, _ in obligation.facts), *names, "conclusion fails")
    answer = ask(Question(obligation.key, text, seed, timeout_seconds, names=labels))
    if answer.outcome != "unsat":
        return None
    return [name for name in names if name in answer.core]
