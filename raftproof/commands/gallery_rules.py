"""All that is known of each broken rule, joined from the rooms: models, proof, implementation, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from raftproof.impl.core.rules import BREAKABLE
from raftproof.model.gallery import HAPPENED, HARMLESS, Asked, Exhibit, Incident, exhibits
from raftproof.model.proof import matrix
from raftproof.model.proof.wrong import WRONG_RULES
from raftproof.model.rules import RULES, Rule

SEEDS = Path(__file__).parent / "gallery_seeds.json"
_PROOF_NAMES = {"commit_last_new": "commit_up_to_last_new"}
"""Rules that the proof calls otherwise."""


class Seed(msgspec.Struct, frozen=True):
    """The first simulated run in which the implementation without a rule breaks a property."""

    rule: str
    runs: int
    """How many runs were tried, the failing one included."""
    seed: int | None = None
    falls: str = ""
    """The property that the run breaks."""

    @property
    def command(self) -> str:
        """The command that runs it again."""
        return f"raftproof torture --seeds 1 --seed {self.seed} --break {self.rule}"


@dataclass(frozen=True)
class Shown:
    """A rule of the gallery."""

    name: str
    place: str
    sentence: str
    exhibits: list[tuple[Asked, Exhibit]]
    lemma: matrix.Row | None
    """What falls first in the proof."""
    seed: Seed | None
    happened: tuple[Incident, ...]
    harmless: str
    """Why nothing falls, where nothing does."""

    @property
    def lemma_command(self) -> str:
        """The command that shows the lemma fall; for a rule that the proof has."""
        return f"raftproof prove --break {self.lemma.name}" if self.lemma else ""


def names() -> list[str]:
    """Every rule of the gallery: what some model, the proof or the implementation can switch off."""
    known = {asked.rule for asked in exhibits()} | BREAKABLE.keys() | HARMLESS.keys() | _lemmas().keys()
    in_order = [rule.name.lower() for rule in Rule]
    return sorted(known, key=lambda name: (in_order.index(name) if name in in_order else len(in_order), name))


def shown(name: str) -> Shown:
    """All that is known of a rule; raises KeyError for a name that the gallery does not have."""
    if name not in names():
        raise KeyError(name)
    place, sentence = _text(name)
    found = [(asked, exhibit) for asked, exhibit in exhibits().items() if asked.rule == name]
    happened = HAPPENED.get(name, ())
    return Shown(name, place, sentence, found, _lemmas().get(name), seeds().get(name), happened, HARMLESS.get(name, ""))


def as_json(rule: Shown) -> dict[str, Any]:
    """The machine-readable form."""
    return {
        "rule": rule.name,
        "place": rule.place,
        "sentence": rule.sentence,
        "exhibits": [_exhibit_json(asked, exhibit) for asked, exhibit in rule.exhibits],
        "lemma": rule.lemma and {"falls": rule.lemma.falls, "action": rule.lemma.action, "command": rule.lemma_command},
        "torture": rule.seed and _seed_json(rule.seed),
        "happened": [{"system": i.system, "link": i.link, "story": i.story} for i in rule.happened],
        "harmless": rule.harmless,
    }


def _exhibit_json(asked: Asked, exhibit: Exhibit) -> dict[str, Any]:
    return {
        "model": asked.model.name,
        "verdict": "violated" if exhibit.property else "holds",
        "property": exhibit.property or None,
        "depth": exhibit.depth,
        "bounds": exhibit.bounds,
        "faults": exhibit.faults,
        "generated": exhibit.generated,
        "distinct": exhibit.distinct,
        "command": exhibit.command,
    }


def _seed_json(seed: Seed) -> dict[str, Any]:
    found = {"seed": seed.seed, "property": seed.falls or None, "runs": seed.runs}
    return found if seed.seed is None else found | {"command": seed.command}


def _text(name: str) -> tuple[str, str]:
    """Where a rule stands in the paper, and what it says."""
    if name.upper() in Rule.__members__:
        return RULES[Rule[name.upper()]]
    sentence, _, place = BREAKABLE[name].removesuffix(")").rpartition(" (")
    return place, sentence


@cache
def seeds() -> dict[str, Seed]:
    """The torture seeds, as last found."""
    return {one.rule: one for one in msgspec.json.decode(SEEDS.read_bytes(), type=list[Seed])}


@cache
def _lemmas() -> dict[str, matrix.Row]:
    wrong = {rule.name for rule in WRONG_RULES}
    return {_PROOF_NAMES.get(row.name, row.name): row for row in matrix.rows() if row.name in wrong}
