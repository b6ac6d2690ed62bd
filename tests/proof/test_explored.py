"""The model that is explored and the theory that is proved are the same protocol: the same steps, and every lemma holds
in every state that was found."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from raftproof.checker.explore import reference
from raftproof.checker.language import Interpreter as Explorer
from raftproof.checker.native.build import to_words
from raftproof.checker.proof import concrete
from raftproof.checker.proof.finite import State
from raftproof.checker.proof.many import failing
from raftproof.checker.run import Question
from raftproof.checker.states import every_state
from raftproof.model import abstract, loose
from raftproof.model.proof import RAFT
from raftproof.model.proof.explored import CLAIMS, Reading, failures
from raftproof.model.proof.matrix import rows

FREE = {"voters", "commit_quorum", "basis", "leader_of"}
"""Ghosts that may be chosen in more than one way (`leader_of` in terms that have not started)."""


class Pair:
    """`loose` under bounds, and the theory over the instance of the same size."""

    def __init__(self, servers: int, terms: int, log: int, values: int = 1) -> None:
        bounds = {"servers": servers, "max_term": terms, "max_log": log, "values": values}
        question = Question(loose.model, bounds, workers=1)
        self.layout = question.layout()
        self.explorer: Explorer = question.interpreter(self.layout)
        self.reading = Reading(self.layout)
        self.theory = concrete.Interpreter(RAFT, self.reading.instance)

    def read(self, state: int) -> State:
        return self.reading.states(to_words(state, self.layout.words))

    def explored(self, state: int) -> dict[tuple[object, ...], set[str]]:
        """What follows in the explored model, and by which actions."""
        found: dict[tuple[object, ...], set[str]] = {}
        for choice in self.explorer.actions(state):
            after = self.explorer.next_state(state, choice)
            if after is not None and self.explorer.inside(after):
                name = choice.action.name.replace("_", " ").title().replace(" ", "")
                found.setdefault(self.seen(self.read(after)), set()).add(name)
        return found

    def proved(self, state: int) -> dict[tuple[object, ...], set[str]]:
        """What follows in the theory, and by which actions."""
        found: dict[tuple[object, ...], set[str]] = {}
        for taken in self.theory.successors(self.read(state)):
            found.setdefault(self.seen(taken.state), set()).add(taken.action)
        return found

    def same(self, state: int) -> set[str]:
        """The actions of both that lead to another state, after asserting that they lead to the same states."""
        here = self.seen(self.read(state))
        ours, theirs = self.explored(state), self.proved(state)
        ours.pop(here, None)
        theirs.pop(here, None)
        assert ours == theirs, self.layout.show(self.explorer.state(state))
        return set().union(*ours.values()) if ours else set()

    def seen(self, state: State) -> tuple[object, ...]:
        """A state without free ghosts, and of its network what each last index was sent with."""
        return (*self._tables(state), *self._leaders(state), *self._network(state))

    def _tables(self, state: State) -> Iterator[object]:
        for name, entry in RAFT.vocabulary.declared().items():
            if entry.nature != "fixed" and name not in FREE | {"sent", "acked"}:
                yield from state.tables[name].values()
        yield from (told for (_, _, index), told in state.tables["acked"].items() if index > 0)

    def _leaders(self, state: State) -> Iterator[object]:
        for key, started in state.tables["started"].items():
            yield state.tables["leader_of"][key] if started else None

    def _network(self, state: State) -> Iterator[object]:
        told: dict[tuple[int, int], int] = {}
        for m, message in enumerate(self.reading.messages):
            if state.tables["sent"][(m,)]:
                place = message.term, message.last
                told[place] = max(told.get(place, 0), message.commit)
        yield tuple(sorted(told.items()))

    def take(self, state: int, action: str, **arguments: int) -> int:
        """One step of the explored model."""
        (choice,) = (
            choice
            for choice in self.explorer.actions(state)
            if choice.action.name == action and choice.arguments == tuple(arguments.values())
        )
        after = self.explorer.next_state(state, choice)
        assert after is not None, f"{action} {arguments}"
        return after


def elect(pair: Pair, state: int, n: int, voter: int, t: int) -> int:
    """Server n is elected in term t by itself and the voter."""
    state = pair.take(state, "timeout", n=n, t=t)
    state = pair.take(state, "request_vote", n=n)
    state = pair.take(state, "observe_term", n=voter, t=t)
    for v in (n, voter):
        state = pair.take(state, "grant_vote", n=v, c=n)
    return pair.take(state, "become_leader", n=n)


def two_leaders(pair: Pair) -> Iterator[int]:
    """Two leaders, one after the other, append; the first learns of the second, whose entry conflicts."""
    (state,) = pair.explorer.initial_states()
    for n, voter, t in ((0, 2, 1), (1, 2, 2)):
        state = elect(pair, state, n, voter, t)
        state = pair.take(state, "client_request", n=n, v=0)
        yield state
    state = pair.take(state, "send_append", n=1, last=1, commit=0)
    state = pair.take(state, "observe_term", n=0, t=2)
    yield state
    state = pair.take(state, "truncate", n=0, t=2, prev=0, last=1, i=1, end=0)
    yield state
    state = pair.take(state, "append", n=0, t=2, prev=0, last=1, i=1)
    yield state
    state = pair.take(state, "acknowledge", n=0, t=2, prev=0, last=1, commit=0)
    yield state
    state = pair.take(state, "acknowledge_own", n=1, i=1)
    yield state
    state = pair.take(state, "leader_commit", n=1, i=1)
    yield pair.take(state, "send_append", n=1, last=1, commit=1)


@pytest.mark.slow
def test_all_states_of_a_small_cluster_have_the_same_successors_in_both() -> None:
    pair = Pair(2, 1, 1)
    found: set[int] = set()

    class Noting:
        """The explorer, which notes the states that it expands."""

        initial_states, next_state = pair.explorer.initial_states, pair.explorer.next_state
        inside = pair.explorer.inside

        def actions(self, state: int) -> Iterator[object]:
            found.add(state)
            return pair.explorer.actions(state)

    reference.search(Noting(), pair.explorer.canonical)
    assert len(found) == 255
    taken = set().union(*map(pair.same, found))
    assert {action.name for action in RAFT.actions} - taken == {"Truncate"}


@pytest.mark.parametrize("size", [(3, 2, 1), (2, 2, 1, 2), (2, 2, 2)], ids=str)
def test_states_along_random_behaviors_have_the_same_successors_in_both(size: tuple[int, ...]) -> None:
    pair, chance = Pair(*size), random.Random(f"{size}")
    (state,) = pair.explorer.initial_states()
    for _ in range(12):
        for _ in range(3):
            successors = (pair.explorer.next_state(state, choice) for choice in pair.explorer.actions(state))
            inside = [s for s in successors if s not in (None, state) and pair.explorer.inside(s)]
            state = chance.choice(inside) if inside else state
        pair.same(state)


def test_two_leaders_and_a_truncation_have_the_same_successors_in_both() -> None:
    pair = Pair(3, 2, 1)
    taken = set().union(*map(pair.same, two_leaders(pair)))
    assert {"Truncate", "Append", "Acknowledge", "LeaderCommit", "ForgetCommit"} <= taken


def test_a_guard_that_only_one_of_them_has_is_noticed() -> None:
    pair = Pair(3, 2, 1)
    pair.theory = concrete.Interpreter(RAFT.without_guard("Truncate", "truncate_on_conflict"), pair.reading.instance)
    with pytest.raises(AssertionError):
        set().union(*map(pair.same, two_leaders(pair)))


THREE_TERMS = {"max_term": 3, "max_log": 1}


@pytest.mark.slow
def test_every_lemma_holds_in_every_state_of_three_servers_and_three_terms_with_restarts() -> None:
    question = Question(abstract.model, THREE_TERMS, ("restart",))
    found = every_state(question)
    assert found.is_all
    assert len(found) == 1_116_068
    assert failures(Reading(question.layout()), found.words) == dict.fromkeys((claim.name for claim in CLAIMS), 0)


FALLEN = {
    "quorum_majority": "ElectedByQuorum",
    "vote_once": "VoteOnce",
    "log_up_to_date": "VoterPassesOn",
    "ack_matched_only": "AckPast",
    "truncate_on_conflict": "AckKept",
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", FALLEN)
def test_without_a_rule_the_lemma_that_the_matrix_names_fails_in_a_state_that_is_reached(rule: str) -> None:
    assert FALLEN[rule] == next(row.falls for row in rows() if row.name == rule)
    question = Question(abstract.model, THREE_TERMS, (), (rule,), workers=1)
    assert failures(Reading(question.layout()), every_state(question).words)[FALLEN[rule]] > 0


@pytest.mark.slow
def test_many_states_read_at_once_fail_where_each_alone_does() -> None:
    question = Question(abstract.model, THREE_TERMS, (), ("log_up_to_date",), workers=1)
    layout = question.layout()
    reading, words = Reading(layout), every_state(question).words.reshape(-1, layout.words)
    run, state = concrete.Interpreter(RAFT, reading.instance), reading.states(words)
    claims = [RAFT.claim(name) for name in ("VoterPassesOn", "ChoosableKept", "CommitBasis", "MsgSlice")]
    wrong = {claim.name: set(failing(RAFT, claim, state, len(words)).tolist()) for claim in claims}
    chosen = {*random.Random(7).sample(range(len(words)), 4), *sorted(wrong["VoterPassesOn"])[:3]}
    for k in chosen:
        alone = reading.states(words[k])
        for claim in claims:
            assert (next(run.failures(claim, alone), None) is not None) == (k in wrong[claim.name]), (claim.name, k)
    assert wrong["VoterPassesOn"]
    assert not wrong["MsgSlice"]


def test_a_state_alone_is_known_in_full() -> None:
    pair = Pair(2, 2, 1)
    (state,) = pair.explorer.initial_states()
    values = [value for table in pair.read(state).tables.values() for value in table.values()]
    assert all(isinstance(value, bool | int | np.bool_) for value in values)
