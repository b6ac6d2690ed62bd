"""What is asked of the answers to lesson 9: lemmas are proved by z3 for every cluster, or refuted in a small one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

from grading import BLANK, NotFilledError, part
from models.votes import THEORY, BecomeLeader, ElectionSafety, Quorum, Server

from raftproof.checker.proof.behaviors import k_induction
from raftproof.checker.proof.finite import Instance, State, Table, Values, node_of
from raftproof.checker.proof.induction import find
from raftproof.checker.proof.logic import Formula
from raftproof.checker.proof.obligations import obligations
from raftproof.checker.proof.solver import Question, ask
from raftproof.checker.proof.text import counterexample_text
from raftproof.checker.proof.theory import Lemma, Theory

QUORUMS = [set(pair) for pair in combinations(range(3), 2)]


def _instance(servers: int) -> Instance:
    quorums = [set(c) for c in combinations(range(servers), servers // 2 + 1)]
    return Instance({Server: servers, Quorum: len(quorums)}, {"member": lambda n, q: n in quorums[q]})


def _lemma(name: str, sorts: dict[str, Any], rule: Callable[..., Formula]) -> Lemma:
    return Lemma(name, "Your lemma.", "course", "", sorts, rule)


def _theory(vote_once: Callable[..., Formula], elected_by_quorum: Callable[..., Formula]) -> Theory[Any]:
    """The theory with the learner's lemmas."""
    once = _lemma("vote_once", {"n": Server, "c": Server, "d": Server}, vote_once)
    by_quorum = _lemma("elected_by_quorum", {"c": Server, "q": Quorum, "v": Server}, elected_by_quorum)
    for one in (once, by_quorum):
        if one.rule(THEORY.vocabulary(), *one.variables()) is BLANK:
            raise NotFilledError
    return replace(THEORY, lemmas=(ElectionSafety, once, by_quorum))


def _falls(theory: Theory[Any]) -> list[tuple[str, str]]:
    """The claims that are not proved, each with the step after which they are not."""
    asked = ((o, ask(Question(o.key, o.script()))) for o in obligations(theory))
    return [(o.action, o.lemma) for o, answer in asked if answer.outcome != "unsat"]


@part("why Election Safety does not prove itself")
def a_state(VOTED: list[tuple[int, int]], ELECTED: int, NEXT: int) -> str | None:
    """A state and a step of a finite instance."""
    instance = _instance(3)
    for server in (*(one for pair in VOTED for one in pair), ELECTED, NEXT):
        if server not in (1, 2, 3):
            return f"There is no server {server}; there are 1, 2 and 3."
    if ELECTED == NEXT:
        return f"Server {NEXT} is elected already; a second one has to be."
    voted = {(voter - 1, candidate - 1) for voter, candidate in VOTED}
    tables: dict[str, Table] = {
        "member": {(n, q): n in QUORUMS[q] for n in range(3) for q in range(3)},
        "voted": {(n, c): (n, c) in voted for n in range(3) for c in range(3)},
        "elected": {(c, q): (c, q) == (ELECTED - 1, 0) for c in range(3) for q in range(3)},
    }
    before, view = State(instance, tables), THEORY.vocabulary()
    variables = BecomeLeader.variables()
    step = BecomeLeader.instance(view, *variables)
    for q in range(3):
        values: Values = dict(zip(map(node_of, variables), (NEXT - 1, q), strict=True))
        if all(before.truth(guard, values) is True for guard in step.when.values()):
            after = before.after(step.then, values)
            assert after.truth(ElectionSafety.formula(view)) is False
            return None
    votes = sorted(voter + 1 for voter, candidate in voted if candidate == NEXT - 1)
    return f"BecomeLeader({NEXT}) is not enabled there: server {NEXT} has the votes of {votes or 'nobody'}, no quorum."


@part("two lemmas")
def lemmas(vote_once: Callable[..., Formula], elected_by_quorum: Callable[..., Formula]) -> str | None:
    """Each holds at first, each is kept, and with them Election Safety is."""
    theory = _theory(vote_once, elected_by_quorum)
    falls = _falls(theory)
    if not falls:
        return None
    action, claim = min(falls, key=lambda fallen: fallen[0] != "initial")
    if action == "initial":
        return f"{claim} does not even hold at first, when nobody has voted and nobody is elected."
    found = find(theory, falls, [_instance(servers) for servers in (1, 2, 3)], 10.0)
    if found is None:
        return f"z3 does not prove that {action} keeps {claim}."
    needs = "Too weak" if found.lemma == "ElectionSafety" else "Not kept"
    told = counterexample_text(theory, found)
    return f"{needs}: all three claims hold before this step, and behind it {found.lemma} does not.\n{told}"


@part("without the rule")
def without(NO_LONGER_KEPT: set[str]) -> str | None:
    """Which obligations fail, with lemmas that are right."""
    theory = _theory(
        lambda s, n, c, d: ~(s.voted(n, c) & s.voted(n, d)) | (c == d),
        lambda s, c, q, v: ~(s.elected(c, q) & s.member(v, q)) | s.voted(v, c),
    ).without_guard("Vote", "vote_once")
    fallen = {claim for _, claim in _falls(theory)}
    for name in sorted(set(NO_LONGER_KEPT) ^ fallen):
        if name not in {lemma.name for lemma in theory.lemmas}:
            return f"{name!r} is none of the three claims."
        if name in fallen:
            return f"{name} is no longer kept: a step may now do what it forbids."
        return f"{name} is still kept by every step from a state in which all three hold."
    return None


@part("k-induction")
def more_states(ENOUGH: int | None) -> str | None:
    """For each k a row of states, or none."""
    if ENOUGH is None:
        proved = [k for k in (2, 3, 4) if k_induction(THEORY, "ElectionSafety", k, _instance(3)).outcome == "proved"]
        return f"k = {proved[0]} is enough." if proved else None
    if ENOUGH not in (2, 3, 4):
        return "Choose among 2, 3, 4 and None."
    found = k_induction(THEORY, "ElectionSafety", ENOUGH, _instance(3))
    if found.behavior is None:
        return None
    steps = ", ".join(_step(name, given) for name, given in found.behavior.steps)
    return f"Not for k = {ENOUGH}: from a state with votes that nobody could have given, {steps} lead to two leaders."


def _step(name: str, given: dict[str, int]) -> str:
    """Vote(s1, s2); the quorum is left out."""
    return f"{name}({', '.join(f's{number + 1}' for parameter, number in given.items() if parameter != 'q')})"
