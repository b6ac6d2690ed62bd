"""What falls when something is taken away: a lemma, a guard, a rule.

Most obligations do not notice: their facts are as they were, or the same few hypotheses still prove them. For the rest
a counterexample is sought in small instances; where there is none, the solver is given every hypothesis that is left.
If it proves all that way, what was taken away was not needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from raftproof.checker.proof.cores import Cores
from raftproof.checker.proof.finite import Instance
from raftproof.checker.proof.induction import Counterexample, Pair, find
from raftproof.checker.proof.obligations import Obligation, obligations
from raftproof.checker.proof.prover import Verdict, cone
from raftproof.checker.proof.solver import Question, ask_all
from raftproof.checker.proof.theory import Theory

SEEDS = 4
"""How many seeds are tried before what is left is unknown."""


AT_A_GLANCE_SECONDS = 1.0
"""How long the solver may think about what it answers at once, if at all."""

Asking = Callable[[list[Obligation]], list[Obligation]]
"""Says which of some obligations are not proved."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    verdict: Verdict
    """Proved: not needed. Refuted: something falls. Unknown: no counterexample was found, and no proof."""
    counterexample: Counterexample | None
    unknown: list[str]
    """The obligations for which there is neither a proof nor a counterexample."""
    seconds: float


def falls(
    broken: Theory[Any],
    cores: Cores,
    instances: Sequence[Instance],
    claims: Sequence[str] = (),
    *,
    seed: int = 0,
    workers: int = 1,
    search_seconds: float = 15.0,
    timeout_seconds: float = 5.0,
) -> Outcome:
    """Which obligation of these claims' cones (or of all) falls in the broken theory, in the smallest instance."""
    start = time.monotonic()
    doubts = _Doubts(broken, cores, claims, seed, workers)
    # Nobody proves what has a counterexample: whatever else is in doubt, the first one that is found is the same.
    steps, goals = doubts.after(doubts.at_a_glance)
    pairs = [_pair(o) for o in steps] + [("", goal) for goal in goals]
    after_a_step = [(action.name, claim) for claim in claims for action in broken.actions if _is_goal(broken, claim)]
    found = find(broken, after_a_step, instances, search_seconds)
    found = found or find(broken, pairs, instances, search_seconds)
    if found is not None:
        return Outcome("refuted", found, [], time.monotonic() - start)
    steps, goals = doubts.after(partial(doubts.with_everything, timeout_seconds))
    for attempt in range(SEEDS):
        steps = doubts.with_everything(timeout_seconds, steps, attempt)
    unknown = [o.key for o in steps] + [f"⊢ {goal}" for goal in goals]
    return Outcome("unknown" if unknown else "proved", None, unknown, time.monotonic() - start)


@dataclass(frozen=True)
class _Doubts:
    """What is no longer proved as it was."""

    broken: Theory[Any]
    cores: Cores
    claims: Sequence[str]
    seed: int
    workers: int

    def after(self, asking: Asking) -> tuple[list[Obligation], list[str]]:
        """The steps and the goals that are in doubt, after goals were asked about so."""
        theory, goals = self._without_fallen_goals(asking)
        noticed = [o for o in cone(obligations(theory), self.cores, self.claims) if self.cores.needed(o) is None]
        return self.at_a_glance(noticed), [goal for goal in goals if not self.claims or goal in self.claims]

    def at_a_glance(self, asked: list[Obligation]) -> list[Obligation]:
        """Which are not proved at once from what is left of the hypotheses that they needed."""
        texts = [o.script(n for n in self._stored(o) if n in o.hypotheses) for o in asked]
        return self._unproved(asked, texts, self.seed, AT_A_GLANCE_SECONDS)

    def with_everything(self, seconds: float, asked: list[Obligation], attempt: int = 0) -> list[Obligation]:
        """Which are not proved from every hypothesis. With so many, chance decides whether an answer takes a moment or
        an hour: another attempt is another seed."""
        return self._unproved(asked, [o.script() for o in asked], self.seed + attempt, seconds)

    def _unproved(self, asked: list[Obligation], texts: list[str], seed: int, seconds: float) -> list[Obligation]:
        questions = [Question(o.key, text, seed, seconds) for o, text in zip(asked, texts, strict=True)]
        answers = zip(asked, ask_all(questions, self.workers), strict=True)
        return [o for o, answer in answers if answer.outcome != "unsat"]

    def _without_fallen_goals(self, asking: Asking) -> tuple[Theory[Any], list[str]]:
        """The theory without the goals that no longer follow from its lemmas, since nothing may be concluded from
        those."""
        theory, fallen = self.broken, list[str]()
        for goal in self.broken.goals:
            obligation = next(o for o in obligations(theory) if o.kind == "goal" and o.lemma == goal.name)
            if self.cores.needed(obligation) is None and asking([obligation]):
                fallen.append(goal.name)
                theory = replace(theory, goals=tuple(g for g in theory.goals if g is not goal))
        return theory, fallen

    def _stored(self, obligation: Obligation) -> tuple[str, ...]:
        core = self.cores.cores.get(obligation.key)
        return core.needs if core is not None else ()


def _pair(obligation: Obligation) -> Pair:
    return obligation.action, obligation.lemma


def _is_goal(theory: Theory[Any], name: str) -> bool:
    return any(goal.name == name for goal in theory.goals)
