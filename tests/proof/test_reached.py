"""Whether a state can be reached is asked of the explorer, and the answer can be either."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from raftproof.checker.native.build import build
from raftproof.checker.proof.behaviors import bounded
from raftproof.checker.proof.breaking import falls
from raftproof.checker.proof.concrete import Interpreter
from raftproof.checker.proof.finite import State
from raftproof.checker.proof.induction import Counterexample
from raftproof.checker.proof.logic import Formula
from raftproof.checker.run import Question
from raftproof.model import loose
from raftproof.model.proof import RAFT
from raftproof.model.proof.cores import stored
from raftproof.model.proof.instances import GROWING, instance
from raftproof.model.proof.matrix import likely, rows
from raftproof.model.proof.reached import Ahead, look_for
from raftproof.model.proof.vocabulary import Raft, Server, Term
from raftproof.model.proof.wrong import rule

SMALL = instance(2, 2, 2)


def candidates(*servers: int) -> State:
    """The state in which these servers are candidates of term 1."""
    run = Interpreter(RAFT, SMALL)
    state = run.initial_state()
    for n in servers:
        state = run.take(state, "Timeout", n=n, t=0, u=1)
    return state


def example(before: State) -> Counterexample:
    """A counterexample that begins so."""
    return Counterexample("Timeout", {}, "VoteOnce", {}, before, before, SMALL, (), 0.0)


@pytest.mark.slow
def test_a_state_that_is_reached_is_found_whatever_its_servers_are_called() -> None:
    for servers in ((0,), (1,)):
        found = look_for(example(candidates(*servers)))
        assert (found.before, found.fails, found.is_all) == (2, None, True)
    first = next(iter(found.sentences("VoteOnce")))
    assert first.startswith("The state before is reached, in 1 step: it is one of all ")


@pytest.mark.slow
def test_a_state_that_is_not_reached_is_not_found() -> None:
    state = candidates(0, 1)
    leader = State(SMALL, {**state.tables, "leads": {(0,): True, (1,): False}})
    found = look_for(example(leader))
    assert found.before is None
    assert found.is_all
    assert "is none of all" in next(iter(found.sentences("VoteOnce")))


@pytest.mark.slow
def test_without_a_rule_the_lemma_fails_in_a_state_that_is_reached() -> None:
    wrong = rule("vote_once")
    outcome = falls(wrong.change(RAFT), stored(), wrong.instances)
    assert outcome.counterexample is not None
    found = look_for(outcome.counterexample, "vote_once")
    assert (found.switched_off, found.fails) == ("vote_once", 7)
    assert "VoteOnce does fail among them, after 6 steps." in found.sentences("VoteOnce")


@pytest.mark.slow
def test_a_rule_that_the_model_cannot_do_without_is_named() -> None:
    found = look_for(example(candidates(0)), "reply_term")
    assert "the model has no switch for reply_term" in next(iter(found.sentences("VoteOnce")))


def test_where_something_falls_is_known_before_it_is_found() -> None:
    for row in rows():
        known = any(lemma.name == row.name for lemma in RAFT.lemmas)
        guess = likely(row.name, GROWING if known else rule(row.name).instances)
        assert str(guess or "") == row.cluster


@pytest.mark.thorough
def test_what_was_compiled_ahead_needs_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAFTPROOF_CACHE", str(tmp_path))
    with Ahead(instance(1, 2, 2)) as ahead:
        ahead.wait(instance(1, 2, 2))
    question = Question(loose.model, {"servers": 1, "max_term": 1, "max_log": 1, "values": 2})
    assert not build(loose.model, question.layout()).was_compiled


def test_nobody_waits_for_a_size_that_was_guessed_wrong() -> None:
    begun = time.perf_counter()
    with Ahead(instance(3, 5, 3)) as ahead:
        ahead.wait(SMALL)
    assert time.perf_counter() - begun < 5
    with Ahead(None) as ahead:
        ahead.wait(SMALL)


def nobody_votes(s: Raft, n: Server, t: Term, c: Server) -> Formula:
    """No server ever votes."""
    return ~s.voted(n, t, c)


def test_a_bounded_behavior_is_a_shortest_one_and_its_steps_can_be_taken() -> None:
    false = dataclasses.replace(RAFT.claim("VotePast"), name="NobodyVotes", rule=nobody_votes)
    theory, small = dataclasses.replace(RAFT, lemmas=(*RAFT.lemmas, false)), instance(1, 2, 2, 1)
    behavior = bounded(theory, "NobodyVotes", 5, small)
    assert behavior is not None
    assert [name for name, _ in behavior.steps] == ["Timeout", "RequestVote", "GrantVote"]
    run = Interpreter(theory, small)
    state = run.initial_state()
    for (name, arguments), expected in zip(behavior.steps, behavior.states[1:], strict=True):
        state = run.take(state, name, **arguments)
        assert state.tables == expected.tables
    assert next(run.failures(false, state), None) is not None


def test_within_a_few_steps_no_behavior_breaks_what_is_proved() -> None:
    assert bounded(RAFT, "ElectionSafety", 3, instance(2, 2, 2, 1)) is None
