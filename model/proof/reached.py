"""Whether a state that a counterexample to induction begins with can be reached, asked of the explorer.

It need not be: the lemmas hold in it, and that is all that is known. So the loose protocol is explored at the size of
the counterexample, without the rule that is broken, and two things are looked for: the state itself, and a state in
which the lemma fails that the step broke.

The explorer of a size is compiled once, which takes longer than all else. Where the size can be guessed, a process of
its own compiles while the counterexample is still being looked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from multiprocessing import get_context

import numpy as np

from raftproof.checker.explore.compiled import Limits
from raftproof.checker.native.build import build
from raftproof.checker.proof.bits import Bit, all_of, any_of, equal, same_truth
from raftproof.checker.proof.finite import Instance, State
from raftproof.checker.proof.induction import Counterexample
from raftproof.checker.proof.interrupts import unheard
from raftproof.checker.proof.many import failing, rows_of
from raftproof.checker.run import Question
from raftproof.checker.states import Found, every_state
from raftproof.model import loose
from raftproof.model.proof import RAFT
from raftproof.model.proof.explored import Reading
from raftproof.model.proof.vocabulary import Index, Server, Term, Value

SWITCHES = {"commit_last_new": "commit_up_to_last_new"}
"""What a wrong rule is called in the model, where that differs."""
FREE = {"voters", "commit_quorum", "basis", "commit_basis", "leader_of", "sent"}
"""What is chosen in more than one way, or compared apart."""


@dataclass(frozen=True)
class Reached:
    """What the explorer found."""

    size: str
    switched_off: str
    """The rule that was off; empty if all were on."""
    no_switch: str
    """The rule that was to be off, where the model has no switch for it."""
    states: int
    is_all: bool
    """Whether these are all states of this size."""
    before: int | None
    """The level of the state before; none if it was not found."""
    fails: int | None
    """The level of the first state in which the lemma fails; none if it holds in all."""

    def sentences(self, lemma: str) -> Iterator[str]:
        """The answer in words."""
        all_but = f" without {self.switched_off}" if self.switched_off else ""
        which = f"{'all' if self.is_all else 'the first'} {self.states:,} states{all_but} of {self.size}"
        if self.no_switch:
            which += f" (with every rule in force: the model has no switch for {self.no_switch})"
        if self.before is None:
            yield f"The state before is none of {which}."
        else:
            yield f"The state before is reached, in {_steps(self.before - 1)}: it is one of {which}."
        if self.fails is not None:
            yield f"{lemma} does fail among them, after {_steps(self.fails - 1)}."
        else:
            yield f"{lemma} holds in each of them."


class Ahead:
    """While it is open, a process compiles the explorer for clusters of an instance's size; for none, nothing does."""

    def __init__(self, instance: Instance | None) -> None:
        self._bounds = _bounds_of(instance) if instance is not None else None
        self._process = get_context("spawn").Process(target=_compile, args=(self._bounds,), daemon=True)

    def __enter__(self) -> Ahead:
        if self._bounds is not None:
            with unheard():
                self._process.start()
        return self

    def wait(self, instance: Instance) -> None:
        """Wait until that size is compiled, if it is the one."""
        if self._bounds == _bounds_of(instance):
            self._process.join()

    def __exit__(self, *_: object) -> None:
        if self._process.is_alive():
            self._process.kill()


def _compile(bounds: Mapping[str, int]) -> None:
    with contextlib.suppress(Exception):  # what fails here fails again where it is needed, and is told there
        build(loose.model, Question(loose.model, bounds).layout())


def _bounds_of(instance: Instance) -> dict[str, int]:
    sizes = instance.sizes
    return {
        "servers": sizes[Server],
        "max_term": max(sizes[Term] - 1, 1),
        "max_log": max(sizes[Index] - 1, 1),
        "values": sizes[Value],
    }


def look_for(found: Counterexample, rule: str = "", most: int = 300_000) -> Reached:
    """Explore the counterexample's size, as far as so many states, and look for the state before it and for what it
    breaks."""
    bounds = _bounds_of(found.instance)
    off = SWITCHES.get(rule, rule)
    switches = {known.name.lower() for known in loose.model.breakable()}
    broken = (off,) if off in switches else ()
    # One worker, and no limit on time: the answer is the same on every machine.
    question = Question(loose.model, bounds, broken=broken, workers=1, limits=Limits(states=most))
    states, reading = every_state(question), Reading(question.layout())
    read = reading.states(states.words)
    same = any_of(_same(reading, read, found.before, names) for names in permutations(range(bounds["servers"])))
    lemma = RAFT.claim(found.lemma)
    wrong = failing(RAFT, lemma, read, len(states)) if lemma.kind == "lemma" or lemma.kind == "goal" else np.array([])
    size = f"{bounds['servers']} servers, term <= {bounds['max_term']}, log <= {bounds['max_log']}"
    return Reached(
        size=size.replace("1 servers", "1 server"),
        switched_off=off if broken else "",
        no_switch="" if broken else rule,
        states=len(states),
        is_all=states.is_all,
        before=_first(states, rows_of(same, len(states))),
        fails=_first(states, wrong),
    )


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _first(states: Found, rows: np.ndarray) -> int | None:
    return states.depth(int(rows[0])) if len(rows) else None


def _same(reading: Reading, read: State, before: State, names: tuple[int, ...]) -> Bit:
    """Whether the states read are the state before, after its servers were renamed."""
    return all_of([*_facts(read, before, names), *_message(reading, read, before, names)])


def _facts(read: State, before: State, names: tuple[int, ...]) -> Iterator[Bit]:
    for name, entry in RAFT.vocabulary.declared().items():
        if entry.nature == "fixed" or name in FREE:
            continue
        for key, value in before.tables[name].items():
            if name == "acked" and key[2] == 0:
                continue  # that a server stores nothing is told to nobody
            renamed = tuple(names[k] if sort is Server else k for k, sort in zip(key, entry.symbol.takes, strict=True))
            there = read.tables[name][renamed]
            yield same_truth(there, value) if entry.symbol.gives is None else equal(there, value)
    for (t,), started in before.tables["started"].items():
        if started:
            yield equal(read.tables["leader_of"][(t,)], names[before.tables["leader_of"][(t,)]])


def _message(reading: Reading, read: State, before: State, names: tuple[int, ...]) -> Iterator[Bit]:
    """The one message of the counterexample, if it was sent; what it rests on is nobody's to see."""
    tables: Mapping[str, Mapping[tuple[int, ...], int]] = before.tables
    for (m,), sent in before.tables["sent"].items():
        if sent:
            last = tables["last_index"][(m,)]
            yield any_of(
                read.tables["sent"][(k,)]
                for k, message in enumerate(reading.messages)
                if message.source == names[tables["source"][(m,)]]
                and message.term == tables["term_of"][(m,)]
                and (message.prev, message.prev_term) == (tables["prev_log_index"][(m,)], tables["prev_log_term"][(m,)])
                and (message.last, message.commit) == (last, tables["leader_commit"][(m,)])
                and all(
                    tables["carries"][(m, i, term)] and tables["carried"][(m, i)] == value
                    for i, (term, value) in enumerate(message.entries, message.prev + 1)
                )
            )
