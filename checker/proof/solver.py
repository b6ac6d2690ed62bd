"""Questions to a solver: z3, or cvc5 as a second opinion. A question is SMT-LIB text, an answer is one of three words.

"unsat" proves, "sat" refutes, and everything else (a time-out, a solver that gives up) is "unknown": never a proof.
Each question gets a solver and a context of its own, so an answer depends on the text and the seed alone, not on what
was asked before it or in which process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Literal

from raftproof.checker.proof.interrupts import raise_if_interrupted, unheard

Outcome = Literal["unsat", "sat", "unknown"]
SOLVERS = ("z3", "cvc5")
_WORTH_A_PROCESS = 40


@dataclass(frozen=True)
class Question:
    """A text, and how long a solver may think about it."""

    key: str
    text: str
    seed: int = 0
    timeout_seconds: float = 20.0
    solver: str = "z3"
    names: tuple[str, ...] = ()
    """Names of the text's last assertions, if the answer shall say which of them a refutation used (z3 alone does)."""


@dataclass(frozen=True)
class Answer:
    """What the solver said, after how much CPU time, and which of the named assertions a refutation used."""

    key: str
    outcome: Outcome
    cpu_seconds: float
    core: tuple[str, ...] = ()
    reason: str = ""


class MissingSolver(Exception):
    """The solver is not installed; the message says how to install it."""


def require(solver: str) -> None:
    """Raise MissingSolver if the solver cannot be used."""
    try:
        __import__({"z3": "z3", "cvc5": "cvc5"}[solver])
    except ImportError:
        package = {"z3": "z3-solver", "cvc5": "'raftproof[cvc5]'"}[solver]
        raise MissingSolver(f"the solver {solver} is not installed: pip install {package}") from None


def ask(question: Question) -> Answer:
    """One question, in this process."""
    start = time.process_time()
    outcome, core, reason = _BACKENDS[question.solver](question)
    return Answer(question.key, outcome, time.process_time() - start, core, reason)


def ask_all(questions: Iterable[Question], workers: int) -> Iterator[Answer]:
    """Many questions, in this many processes (a few are asked here); answers come in the order of the questions."""
    listed = list(questions)
    if workers == 1 or len(listed) < _WORTH_A_PROCESS:
        yield from map(ask, listed)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            with unheard():
                answers = pool.map(ask, listed)
            yield from answers
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ask_z3(question: Question) -> tuple[Outcome, tuple[str, ...], str]:
    import z3

    solver = z3.Solver(ctx=z3.Context())
    solver.set("timeout", max(1, int(question.timeout_seconds * 1000)))
    solver.set("random_seed", question.seed)
    assertions = list(z3.parse_smt2_string(question.text, ctx=solver.ctx))
    unnamed = len(assertions) - len(question.names)
    solver.add(assertions[:unnamed])
    for name, assertion in zip(question.names, assertions[unnamed:], strict=True):
        solver.assert_and_track(assertion, name)
    outcome = str(solver.check())
    if outcome == "unsat":
        return "unsat", tuple(str(name).strip("|") for name in solver.unsat_core()), ""
    if outcome == "sat":
        return "sat", (), ""
    raise_if_interrupted(solver.reason_unknown())
    return "unknown", (), solver.reason_unknown()


def _ask_cvc5(question: Question) -> tuple[Outcome, tuple[str, ...], str]:
    import cvc5

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("tlimit-per", str(int(question.timeout_seconds * 1000)))
    solver.setOption("seed", str(question.seed))
    solver.setOption("finite-model-find", "true")  # decides what is effectively propositional
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, question.text, question.key)
    symbols, said = parser.getSymbolManager(), ""
    while not (command := parser.nextCommand()).isNull():
        said += command.invoke(solver, symbols)
    answer = said.strip().splitlines()[-1] if said.strip() else ""
    if answer == "unsat":
        return "unsat", (), ""
    if answer == "sat":
        return "sat", (), ""
    return "unknown", (), answer or "no answer"


_BACKENDS: dict[str, Callable[[Question], tuple[Outcome, tuple[str, ...], str]]] = {
    "z3": _ask_z3,
    "cvc5": _ask_cvc5,
}
