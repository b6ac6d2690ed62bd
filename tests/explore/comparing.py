"""Holds the compiled search against the plain one, state for state."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raftproof.checker.explore.compiled import Outcome, Search
from raftproof.checker.explore.reference import Exploration, search
from raftproof.checker.language import Interpreter
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.native.build import Kernels, build, from_words
from raftproof.checker.replay import find_violation
from raftproof.checker.run import Question


@dataclass
class Run:
    """A compiled search and the states of its levels."""

    outcome: Outcome
    search: Search
    generated: int
    states: list[set[int]]


def compiled_run(kernels: Kernels, system: Interpreter, workers: int = 1, watch: frozenset[str] | None = None) -> Run:
    """Search, and read every level's states back."""
    with tempfile.TemporaryFile() as keep:
        found = Search(kernels, system, workers, watch=watch, keep=keep)
        outcome = found.run()
        levels: list[set[int]] = []
        for pieces in outcome.levels:
            level: set[int] = set()
            for offset, count in pieces:
                keep.seek(offset * 8)
                words = np.frombuffer(keep.read(count * kernels.words * 8), dtype=np.uint64)
                level |= {from_words(words[k * kernels.words : (k + 1) * kernels.words]) for k in range(count)}
            levels.append(level)
    return Run(outcome, found, outcome.generated, levels)


class Unwatched:
    """A model without its properties: every state is reached."""

    def __init__(self, system: Interpreter) -> None:
        self.system = system
        self.initial_states, self.actions, self.inside = system.initial_states, system.actions, system.inside
        self.next_state = system.next_state
        self.witnessed, self.witnessed_step = system.witnessed, system.witnessed_step


def plain_levels(system: Interpreter) -> list[set[int]]:
    """The states of each level, one of each class under symmetry and reductions."""
    same = system.canonical
    level = {same(s) for s in system.initial_states() if system.inside(s)}
    levels, seen = [], set(level)
    while level:
        levels.append(level)
        tried = (system.next_state(s, choice) for s in level for choice in system.actions(s))
        level = {same(s) for s in tried if s is not None and system.inside(s)} - seen
        seen |= level
    return levels


def compare(question: Question, workers: int = 1) -> Run:
    """Assert that both searches agree, with the properties unwatched and watched; the compiled run of all states."""
    everything = compare_unwatched(question, workers)
    layout = question.layout()
    system = question.interpreter(layout)
    watched: Exploration[int, Choice] = search(system, system.canonical)
    run = compiled_run(build(question.model, layout), system, workers)
    assert (run.outcome.worst is None) == (watched.violated is None)
    assert_same_counts(run, watched)
    assert run.outcome.witnesses == watched.witnesses
    if run.outcome.worst is not None:
        violation = find_violation(run.search, run.outcome)
        assert violation.depth == len(watched.path)
    return everything


def compare_unwatched(question: Question, workers: int = 1) -> Run:
    """Assert that both searches find the same states; the compiled run.

    Where reductions are in force that nobody vouches for, states that are taken for the same may show different things:
    witnesses are then not compared.
    """
    layout = question.layout()
    system = question.interpreter(layout)
    same = system.canonical
    everything = compiled_run(build(question.model, layout), system, workers, watch=frozenset())
    plain: Exploration[int, Choice] = search(Unwatched(system), same)
    levels = [{same(state) for state in level} for level in everything.states]
    assert levels == plain_levels(system)
    assert [len(level) for level in levels] == [len(level) for level in everything.states]
    assert_same_counts(everything, plain)
    assert question.reduce or everything.outcome.witnesses == plain.witnesses
    return everything


def assert_same_counts(run: Run, plain: Exploration[int, Choice]) -> None:
    """Generated and distinct states, depth, and how often each action fired."""
    outcome = run.outcome
    assert (outcome.generated, outcome.distinct) == (plain.generated, plain.distinct)
    assert {name: count for name, count in outcome.actions.items() if count} == dict(plain.actions)
    if outcome.worst is None:
        assert outcome.depth == plain.depth


def question_of(path: Path, symmetric: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> Question:
    """All faults of a model in a file."""
    from raftproof.commands.models import find_model

    model = find_model(str(path))
    return Question(model, faults=tuple(model.faults()), symmetric=symmetric, broken=broken)
