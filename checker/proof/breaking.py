"""What falls when something is taken away: a lemma, a guard, a rule.

Most obligations do not notice: their facts are as they were, or the same few hypotheses still prove them. For the rest
a counterexample is sought in small instances; where there is none, the solver is given every hypothesis that is left.
If it proves all that way, what was taken away was not needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    verdict: Verdict
    """Proved: not needed. Refuted: something falls. Unknown: no counterexample was found, and no proof."""
    counterexample: Counterexample | None
    open: list[str]
    """Obligations that are no longer proved as they were."""
    unknown: list[str]
    """Of these, the ones for which there is neither a proof nor a counterexample."""
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
    theory, fallen_goals = _without_fallen_goals(broken, cores, seed)
    noticed = [o for o in cone(obligations(theory), cores, claims) if cores.needed(o) is None]
    asked = [
        Question(o.key, o.script(n for n in _stored(o, cores) if n in o.hypotheses), seed, timeout_seconds=1.0)
        for o in noticed
    ]
    answers = ask_all(asked, workers)
    still_open = [o for o, answer in zip(noticed, answers, strict=True) if answer.outcome != "unsat"]
    pairs = [_pair(o) for o in still_open] + [("", goal) for goal in fallen_goals if not claims or goal in claims]
    after_a_step = [(action.name, claim) for claim in claims for action in theory.actions if _is_goal(broken, claim)]
    found = find(broken, after_a_step, instances, search_seconds) or find(broken, pairs, instances, search_seconds)
    keys = [o.key for o in still_open] + [f"⊢ {goal}" for goal in fallen_goals]
    if found is not None or not pairs:
        return Outcome("refuted" if found else "proved", found, keys, [], time.monotonic() - start)
    unproved = _unproved(still_open, seed, timeout_seconds, workers) + [f"⊢ {goal}" for goal in fallen_goals]
    return Outcome("unknown" if unproved else "proved", None, keys, unproved, time.monotonic() - start)


def _unproved(asked: list[Obligation], seed: int, timeout_seconds: float, workers: int) -> list[str]:
    """Which are not proved from every hypothesis, by any of a few seeds: with so many hypotheses chance decides whether
    an answer takes a moment or an hour."""
    for attempt in range(SEEDS):
        questions = [Question(o.key, o.script(), seed + attempt, timeout_seconds) for o in asked]
        answers = zip(asked, ask_all(questions, workers), strict=True)
        asked = [o for o, answer in answers if answer.outcome != "unsat"]
    return [o.key for o in asked]


def _without_fallen_goals(broken: Theory[Any], cores: Cores, seed: int) -> tuple[Theory[Any], list[str]]:
    """The theory without the goals that no longer follow from its lemmas, since nothing may be concluded from those."""
    theory, fallen = broken, list[str]()
    for goal in broken.goals:
        obligation = next(o for o in obligations(theory) if o.kind == "goal" and o.lemma == goal.name)
        if cores.needed(obligation) is None:
            (answer,) = ask_all([Question(obligation.key, obligation.script(), seed, 5.0)], 1)
            if answer.outcome != "unsat":
                fallen.append(goal.name)
                theory = replace(theory, goals=tuple(g for g in theory.goals if g is not goal))
    return theory, fallen


def _stored(obligation: Obligation, cores: Cores) -> tuple[str, ...]:
    core = cores.cores.get(obligation.key)
    return core.needs if core is not None else ()


def _pair(obligation: Obligation) -> Pair:
    return obligation.action, obligation.lemma


def _is_goal(theory: Theory[Any], name: str) -> bool:
    return any(goal.name == name for goal in theory.goals)
