"""The proof is checked whole, and everything that checks it is shown to be able to fail."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from raftproof.checker.proof.cores import Core, Cores
from raftproof.checker.proof.logic import Element, Formula, Function, Ordered, Relation, every, implies, some
from raftproof.checker.proof.obligations import obligations
from raftproof.checker.proof.prover import prove
from raftproof.checker.proof.solver import Question, ask
from raftproof.checker.proof.stratification import NotStratified, require_stratified
from raftproof.checker.proof.theory import Vocabulary, state
from raftproof.model.proof import RAFT
from raftproof.model.proof.cores import stored


def raftproof(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from raftproof.commands import main; main()", "prove", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_every_obligation_is_proved() -> None:
    proof = prove(RAFT, stored())
    assert (proof.verdict, proof.failed, proof.unknown) == ("proved", [], [])
    assert len(proof.asked) == 697
    assert set(proof.claims.values()) == {"proved"}
    assert proof.cpu_seconds < 30


def test_no_stored_edge_is_stale() -> None:
    assert stored().stale(obligations(RAFT)) == []


def test_a_changed_guard_makes_edges_stale() -> None:
    stale = stored().stale(obligations(RAFT.without_guard("GrantVote", "vote_once")))
    assert {"GrantVote → VoteOnce", "GrantVote → VoterPassesOn"} <= set(stale)
    assert all(key.startswith("GrantVote") for key in stale)


def test_an_edge_to_a_changed_lemma_is_stale() -> None:
    cores = stored()
    cores.lemmas["ElectedByQuorum"] = "another formula"
    assert "⊢ ElectionSafety" in cores.stale(obligations(RAFT))


def test_an_edge_of_no_obligation_is_stale() -> None:
    assert Cores({"Sleep → VoteOnce": Core((), "")}).stale([]) == ["Sleep → VoteOnce"]


def test_every_obligation_is_effectively_propositional_whatever_its_hypotheses() -> None:
    for obligation in obligations(RAFT):
        require_stratified(obligation.key, (formula for _, formula in obligation.formulas()))


class Server(Element):
    """A server."""


class Quorum(Element):
    """A quorum."""


class Index(Ordered):
    """An index."""

    constant = "zero"


class Lengths(Vocabulary):
    """A log's length as a function, which the proof does without."""

    member: Relation[Server, Quorum] = state("in the quorum")
    length: Function[Index, Server] = state("a log's length")
    quorum_of: Function[Quorum, Index] = state("who stores an index")


def test_a_cycle_of_sorts_is_refused_and_shown() -> None:
    s = Lengths()
    share = every(Quorum, lambda p: every(Quorum, lambda q: some(Server, lambda n: s.member(n, p) & s.member(n, q))))
    longest = every(Server, lambda n: s.member(n, s.quorum_of(s.length(n))))
    require_stratified("one alone", [share])
    with pytest.raises(NotStratified, match="the function length"):
        require_stratified("both", [share, longest])


def test_a_variable_that_a_formula_does_not_mention_breeds_no_instances() -> None:
    """Skolem functions depend on what is free in their formula: a member of q that depends on q, and not on n."""
    s = Lengths()
    inner = every(
        Quorum, lambda q: implies(every(Server, lambda v: s.member(v, q)), every(Server, lambda n: s.member(n, q)))
    )
    require_stratified("inner", [inner])


def test_a_time_out_is_unknown_and_never_a_proof() -> None:
    hard = next(o for o in obligations(RAFT) if o.key == "BecomeLeader → LeaderLog")
    assert ask(Question(hard.key, hard.script(), timeout_seconds=0.01)).outcome == "unknown"


def test_a_claim_whose_cone_is_not_proved_is_not_proved() -> None:
    cores, key = stored(), "BecomeLeader → ElectedByQuorum"
    cores.cores[key] = Core((), cores.cores[key].facts)
    proof = prove(RAFT, cores, ["ElectionSafety"])
    assert (proof.verdict, proof.failed) == ("refuted", [key])
    assert proof.claims["ElectedByQuorum"] == "refuted"
    assert proof.claims["ElectionSafety"] == "unknown"


@pytest.mark.slow
def test_a_false_lemma_is_not_proved() -> None:
    def nobody_votes(s: Any, n: Any, t: Any, c: Any) -> Formula:
        return ~s.voted(n, t, c)

    false = dataclasses.replace(RAFT.claim("VotePast"), name="NobodyVotes", rule=nobody_votes)
    theory = dataclasses.replace(RAFT, lemmas=(*RAFT.lemmas, false))
    proof = prove(theory, stored(), ["NobodyVotes"], timeout_seconds=2.0)
    assert proof.claims["NobodyVotes"] != "proved"
    assert "GrantVote → NobodyVotes" in [*proof.failed, *proof.unknown]


def test_election_safety_rests_on_few_lemmas() -> None:
    proof = prove(RAFT, stored(), ["ElectionSafety"])
    assert proof.claims["ElectionSafety"] == "proved"
    assert len(proof.claims) < 12


@pytest.mark.slow
@pytest.mark.real("python:cvc5")
def test_cvc5_agrees_about_election_safety() -> None:
    proof = prove(RAFT, stored(), ["ElectionSafety"], solver="cvc5")
    assert proof.verdict == "proved"


@pytest.mark.thorough
@pytest.mark.real("python:cvc5")
def test_cvc5_agrees_about_every_obligation() -> None:
    proof = prove(RAFT, stored(), solver="cvc5", timeout_seconds=60.0)
    assert (proof.verdict, proof.failed, proof.unknown) == ("proved", [], [])


@pytest.mark.slow
def test_the_command_says_what_is_proved_and_what_is_assumed(tmp_path: Path) -> None:
    answer = raftproof("ElectionSafety", "--json", str(tmp_path / "proof.json"), "--out", str(tmp_path))
    assert answer.returncode == 0, answer.stderr
    assert "membership does not change" in answer.stdout
    report = json.loads((tmp_path / "proof.json").read_text())
    assert report["goals"] == {"ElectionSafety": "proved"}
    assert report["proved"] == report["obligations"]
    assert (tmp_path / "proof-graph.svg").exists() or (tmp_path / "proof-graph.dot").exists()


@pytest.mark.slow
def test_the_command_shows_a_counterexample_and_exits_with_1(tmp_path: Path) -> None:
    answer = raftproof("--break", "vote_once", "--out", str(tmp_path))
    assert answer.returncode == 1, answer.stderr
    assert "and VoteOnce fails" in answer.stdout
    assert "● voted for" in (tmp_path / "vote_once.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--without", "Nothing"], "no such lemma"),
        (["--break", "nothing"], "no such rule"),
        (["NoGoal"], "no such lemma"),
        (["--solver", "coq"], "write z3 or cvc5"),
        (["--without", "VoteOnce", "--break", "vote_once"], "two different questions"),
        (["--without", "VoteOnce", "--solver", "cvc5"], "with z3 alone"),
        (["--break", "GrantVote.vote_onc"], "did you mean GrantVote.vote_once?"),
    ],
)
def test_an_unknown_name_is_a_usage_error_in_one_sentence(arguments: list[str], sentence: str) -> None:
    answer = raftproof(*arguments)
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
