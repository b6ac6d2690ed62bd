"""The same description over small clusters: states, counterexamples to induction, k-induction."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from raftproof.checker.proof.behaviors import k_induction
from raftproof.checker.proof.breaking import falls
from raftproof.checker.proof.concrete import Interpreter
from raftproof.checker.proof.finite import State
from raftproof.checker.proof.induction import find, satisfiable
from raftproof.checker.proof.obligations import Obligation, obligations
from raftproof.checker.proof.text import claim_text, counterexample_text
from raftproof.model.proof import RAFT
from raftproof.model.proof.cores import stored
from raftproof.model.proof.instances import GROWING, instance
from raftproof.model.proof.picture import draw
from raftproof.model.proof.wrong import WRONG_RULES, rule


def test_every_claim_holds_along_random_behaviors() -> None:
    run, chance = Interpreter(RAFT, instance(2, 3, 2)), random.Random(5)
    state = run.initial_state()
    for _ in range(60):
        moves = [t for t in run.successors(state) if t.state.tables != state.tables]
        if not moves:
            state = run.initial_state()
            continue
        taken = chance.choice(moves)
        for claim in RAFT.steps:
            assert next(run.failures(claim, state, taken.state), None) is None, (claim.name, taken.action)
        state = taken.state
        for claim in (*RAFT.lemmas, *RAFT.goals, *RAFT.witnesses, *RAFT.tidy):
            assert next(run.failures(claim, state), None) is None, (claim.name, taken.action)


def elect(run: Interpreter, state: State, n: int, voter: int) -> State:
    """Server n is elected in term 1 by itself and the voter."""
    state = run.take(state, "Timeout", n=n, t=0, u=1)
    state = run.take(state, "RequestVote", n=n, t=1, i=0, a=0)
    for v in (n, voter):
        state = run.take(state, "GrantVote", n=v, t=1, c=n, i=0, a=0, my_i=0, my_a=0)
    return run.take(state, "BecomeLeader", n=n, t=1, q=0, i=0)


def test_a_leader_is_elected_step_by_step_and_a_second_vote_is_refused() -> None:
    run = Interpreter(RAFT, instance(3, 2, 2))
    state = run.take(run.initial_state(), "ObserveTerm", n=1, t=0, u=1)
    state = elect(run, state, 0, 1)
    assert state.tables["leads"][(0,)]
    state = run.take(state, "Timeout", n=2, t=0, u=1)
    state = run.take(state, "RequestVote", n=2, t=1, i=0, a=0)
    with pytest.raises(ValueError, match="the guard vote_once does not hold"):
        run.take(state, "GrantVote", n=1, t=1, c=2, i=0, a=0, my_i=0, my_a=0)


def test_without_the_rule_two_leaders_are_elected_and_the_lemmas_say_so() -> None:
    run = Interpreter(rule("vote_once").change(RAFT), instance(3, 2, 2))
    state = run.take(run.initial_state(), "ObserveTerm", n=1, t=0, u=1)
    state = run.take(state, "ObserveTerm", n=2, t=0, u=1)
    state = elect(run, state, 0, 1)
    assert next(run.failures(RAFT.claim("ElectionSafety"), state), None) is None
    run_on = Interpreter(rule("vote_once").change(rule("Timeout.in_term").change(RAFT)), run.instance)
    state = run_on.take(state, "Timeout", n=2, t=0, u=1)
    state = run_on.take(state, "RequestVote", n=2, t=1, i=0, a=0)
    for v in (1, 2):
        state = run_on.take(state, "GrantVote", n=v, t=1, c=2, i=0, a=0, my_i=0, my_a=0)
    assert next(run.failures(RAFT.claim("VoteOnce"), state), None) is not None
    state = run_on.take(state, "BecomeLeader", n=2, t=1, q=2, i=0)
    assert next(run.failures(RAFT.claim("ElectionSafety"), state)) == {"n": 0, "k": 2, "t": 1}


@pytest.mark.parametrize("action", [action.name for action in RAFT.actions])
def test_every_action_is_enabled_in_a_state_that_satisfies_every_lemma(action: str) -> None:
    """Else its obligations would be proved of nothing."""
    assert satisfiable(RAFT, action, GROWING) is not None


def test_no_counterexample_is_found_to_what_is_proved() -> None:
    pairs = [("BecomeLeader", "ElectedByQuorum"), ("GrantVote", "VoterPassesOn"), ("", "ElectionSafety")]
    assert find(RAFT, pairs, GROWING[:4], seconds=60) is None


FIRST_TO_FALL = {
    "quorum_majority": "ElectedByQuorum",
    "log_up_to_date": "VoterPassesOn",
    "commit_own_term": "CommitQuorum",
    "ack_matched_only": "AckPast",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FIRST_TO_FALL)
def test_a_wrong_rule_takes_a_lemma_with_it(name: str) -> None:
    wrong = rule(name)
    theory = wrong.change(RAFT)
    outcome = falls(theory, stored(), wrong.instances)
    assert outcome.counterexample is not None
    assert outcome.counterexample.lemma == FIRST_TO_FALL[name]
    text = counterexample_text(theory, outcome.counterexample)
    assert f"and {FIRST_TO_FALL[name]} fails, for" in text
    assert draw(theory, outcome.counterexample).startswith("<svg")


@pytest.mark.slow
def test_figure_8_is_found_when_leader_completeness_is_asked_for() -> None:
    wrong = rule("commit_own_term")
    outcome = falls(wrong.change(RAFT), stored(), wrong.instances, ["LeaderCompleteness"])
    assert outcome.counterexample is not None
    assert (outcome.counterexample.action, outcome.counterexample.lemma) == ("LeaderCommit", "LeaderCompleteness")


@pytest.mark.slow
def test_without_a_lemma_the_state_before_is_one_that_the_lemma_excludes() -> None:
    theory = RAFT.without_lemma("VoteRequested")
    outcome = falls(theory, stored(), GROWING)
    assert outcome.counterexample is not None
    assert outcome.counterexample.fails_before == ("VoteRequested",)


@pytest.mark.slow
def test_every_wrong_rule_changes_the_theory_and_cites_the_paper() -> None:
    before = {o.key: o.fingerprint for o in obligations_of()}
    for wrong in WRONG_RULES:
        after = {o.key: o.fingerprint for o in obligations_of(wrong.name)}
        assert after != before, wrong.name
        assert "§" in wrong.paper


def obligations_of(name: str = "") -> Iterator[Obligation]:
    return obligations(rule(name).change(RAFT) if name else RAFT)


def test_election_safety_alone_is_not_inductive_for_any_small_k() -> None:
    small = instance(3, 3, 2, 1)
    for k in (1, 5):
        answer = k_induction(RAFT, "ElectionSafety", k, small)
        assert answer.outcome == "fails"
        assert answer.behavior is not None
        assert len(answer.behavior.states) == k + 1


def test_with_two_lemmas_election_safety_is_inductive_at_once() -> None:
    answer = k_induction(RAFT, "ElectionSafety", 1, instance(3, 3, 2, 1), assuming=("VoteOnce", "ElectedByQuorum"))
    assert answer.outcome == "proved"


def test_a_formula_is_printed_as_it_is_read() -> None:
    assert claim_text(RAFT, "VoteOnce") == "∀ n t c d. voted(n, t, c) ∧ voted(n, t, d) → c = d"
