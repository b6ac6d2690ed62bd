"""Prove a theory: every obligation is put to a solver with the hypotheses that it needs, and what follows is added up.

A lemma is proved when all its obligations are, and those of every lemma that they need, and so on: its *cone*. Within
a cone the lemmas lean on each other, which is what induction over steps allows: all hold before, so each holds after.
A goal is proved when it follows from lemmas that are proved.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from raftproof.checker.proof.cores import Cores
from raftproof.checker.proof.obligations import Obligation, obligations
from raftproof.checker.proof.solver import Answer, Question, ask_all
from raftproof.checker.proof.stratification import require_stratified
from raftproof.checker.proof.theory import Theory

Verdict = Literal["proved", "refuted", "unknown"]
Progress = Callable[[int, int, str], None]
"""Called with the number of answers, the number of questions, and the obligation that was answered."""


@dataclass(frozen=True)
class Asked:
    """An obligation with the hypotheses that it was given, and the answer."""

    obligation: Obligation
    needs: tuple[str, ...]
    answer: Answer


@dataclass
class Proof:
    """What was asked, and what follows."""

    verdict: Verdict
    asked: list[Asked]
    claims: dict[str, Verdict]
    """Of each lemma, goal, property of steps and witness that was asked for, or that these need."""
    stale: list[str]
    """Obligations without a fresh core, which were given every hypothesis."""
    solver: str
    seed: int
    cpu_seconds: float = 0.0
    seconds_of: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each claim's own obligations."""
    picture: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    """Draws what needs what, as SVG."""

    def _repr_svg_(self) -> str | None:
        """What a notebook shows: the graph of what was proved; nothing where graphviz is missing."""
        return self.picture() if self.picture and shutil.which("dot") else None

    @property
    def failed(self) -> list[str]:
        """Obligations that the solver refuted: with the hypotheses that they were given, they do not follow."""
        return [a.obligation.key for a in self.asked if a.answer.outcome == "sat"]

    @property
    def unknown(self) -> list[str]:
        """Obligations without an answer."""
        return [a.obligation.key for a in self.asked if a.answer.outcome == "unknown"]


def prove(
    theory: Theory[Any],
    cores: Cores,
    goals: Sequence[str] = (),
    *,
    seed: int = 0,
    solver: str = "z3",
    workers: int = 1,
    timeout_seconds: float = 20.0,
    progress: Progress | None = None,
) -> Proof:
    """Prove these claims (or all), each with its cone."""
    everything = list(obligations(theory))
    needs = {o.key: _needs(o, cores) for o in everything}
    chosen = cone(everything, cores, [theory.claim(goal).name for goal in goals])
    questions = []
    for obligation in chosen:
        names = needs[obligation.key]
        require_stratified(obligation.key, (formula for _, formula in obligation.formulas(names)))
        questions.append(Question(obligation.key, obligation.script(names), seed, timeout_seconds, solver))
    asked = []
    for obligation, answer in zip(chosen, ask_all(questions, workers), strict=True):
        asked.append(Asked(obligation, needs[obligation.key], answer))
        if progress is not None:
            progress(len(asked), len(questions), obligation.key)
    proof = _summed_up(asked, [o.key for o in chosen if cores.needed(o) is None], solver, seed)

    def picture() -> str:
        from raftproof.checker.proof.graph import source

        return str(source(theory, cores, goals, proof.seconds_of).pipe(format="svg", encoding="utf-8"))

    return replace(proof, picture=picture)


def _needs(obligation: Obligation, cores: Cores) -> tuple[str, ...]:
    needed = cores.needed(obligation)
    return tuple(obligation.hypotheses) if needed is None else needed


def cone(everything: Iterable[Obligation], cores: Cores, claims: Sequence[str]) -> list[Obligation]:
    """The obligations of these claims and of all that they lean on; of no claims in particular, all."""
    listed = list(everything)
    if not claims:
        return listed
    leans_on: dict[str, set[str]] = {}
    for obligation in listed:
        leans_on.setdefault(obligation.lemma, set()).update(_needs(obligation, cores))
    wanted = _closure(claims, leans_on)
    return [o for o in listed if o.lemma in wanted]


def _closure(claims: Iterable[str], leans_on: dict[str, set[str]]) -> set[str]:
    found = set(claims)
    open_ = list(found)
    while open_:
        new = leans_on.get(open_.pop(), set()) - found
        found |= new
        open_ += sorted(new)
    return found


def _summed_up(asked: list[Asked], stale: list[str], solver: str, seed: int) -> Proof:
    worst: dict[str, Verdict] = {}
    leans_on: dict[str, set[str]] = {}
    seconds: dict[str, float] = {}
    for one in asked:
        claim = one.obligation.lemma
        verdict: Verdict = _VERDICTS[one.answer.outcome]
        worst[claim] = _worse(worst.get(claim, "proved"), verdict)
        leans_on.setdefault(claim, set()).update(one.needs)
        seconds[claim] = seconds.get(claim, 0.0) + one.answer.cpu_seconds
    claims = {claim: _verdict(claim, worst, leans_on) for claim in worst}
    total: Verdict = "proved"
    for verdict in claims.values():
        total = _worse(total, verdict)
    cpu_seconds = sum(one.answer.cpu_seconds for one in asked)
    return Proof(total, asked, claims, stale, solver, seed, cpu_seconds, seconds)


_VERDICTS: dict[str, Verdict] = {"unsat": "proved", "sat": "refuted", "unknown": "unknown"}


def _worse(one: Verdict, other: Verdict) -> Verdict:
    order: tuple[Verdict, ...] = ("proved", "unknown", "refuted")
    return max(one, other, key=order.index)


def _verdict(claim: str, worst: dict[str, Verdict], leans_on: dict[str, set[str]]) -> Verdict:
    """Proved if its whole cone is; refuted if it fails itself; else unknown: what it leans on is not proved."""
    if worst[claim] == "refuted":
        return "refuted"
    return "proved" if all(worst.get(name) == "proved" for name in _closure([claim], leans_on)) else "unknown"


def claims_under(claims: Iterable[str], cores: Cores) -> set[str]:
    """The claims that these lean on, directly or not, by the stored cores; themselves included."""
    leans_on: dict[str, set[str]] = {}
    for key, core in cores.cores.items():
        leans_on.setdefault(key.split()[-1], set()).update(core.needs)
    return _closure(claims, leans_on)
