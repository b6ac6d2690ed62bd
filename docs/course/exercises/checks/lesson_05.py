"""What is asked of the answers to lesson 5: the check is put into a model; Figure 7 is played in the published one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from figure_7 import FOLLOWERS, LEADER
from grading import BLANK, NotFilledError, part, see_that_filled
from searching import explored, fresh, reachable, system_of

from raftproof.checker.language.containers import contents
from raftproof.model import figure2
from raftproof.model.vocabulary import Entry, Role, Server, Value

ROUNDS = "raftproof.model.rounds"


def _any_request(s: Any) -> bool:
    """Leaders may begin a request anywhere, as they do where a check is needed."""
    return False


@part("the check")
def the_check(has_previous: Callable[[Any, int, int, int], bool]) -> str | None:
    """Safe in every state, and refuses nothing that matches."""
    mine = fresh(ROUNDS, has_previous=has_previous, has_right_handler=_any_request)
    found = explored(system_of(mine.model, {"max_log": 2}))
    if found.falls:
        return f"With your check {found.falls} falls: {found.says}\n{found.story()}"
    right = fresh(ROUNDS)
    for s in reachable(system_of(right.model, {"max_log": 2})):
        for leader, j in product(s.servers, s.servers):
            for prev in range(len(s.log[leader]) + 1):
                if right.has_previous(s, leader, j, prev) and not has_previous(s, leader, j, prev):
                    logs = f"the leader has {_log(s, leader)}, the follower {_log(s, j)}, prev is {prev}"
                    why = "The entry before is the same" if prev else "There is no entry before"
                    return f"Safe, but too strict: {logs}. {why}, and your check refuses."
    return None


def _log(s: Any, i: int) -> list[int]:
    return [s.log[i][k] for k in range(1, len(s.log[i]) + 1)]


@part("Log Matching")
def property_of_logs(log_matching: Callable[[list[int], list[int]], bool]) -> str | None:
    """The same as the model's property, for all short logs."""
    model = fresh(ROUNDS)
    system = system_of(model.model, {"servers": 2, "max_log": 3}, symmetric=())
    logs = [list(terms) for length in range(4) for terms in product((1, 2, 3), repeat=length) if _ordered(terms)]
    for one, other in product(logs, logs):
        s = system.state(system.initial_states()[0])
        for i, log in enumerate((one, other)):
            for term in log:
                s.log[i].append(term)
        told = log_matching(list(one), list(other))
        if told is BLANK:
            raise NotFilledError
        if bool(told) != model.log_matching(s):
            return f"Your function calls {one} and {other} {'fine' if told else 'wrong'}, and they are not."
    return None


def _ordered(terms: Sequence[int]) -> bool:
    return list(terms) == sorted(terms)


def _figure_7(follower: str) -> tuple[Any, int]:
    """A leader and one of its followers in the published model; how often it refuses before it accepts."""
    system = system_of(figure2.model, {"servers": 3, "max_term": 9, "max_log": 13})
    s = system.state(system.initial_states()[0])
    for i, log in enumerate((LEADER, FOLLOWERS[follower])):
        s.current_term[i] = 8
        for term in log:
            s.log[i].append(Entry(term, Value(0)))
    s.role[0] = Role.LEADER
    s.next_index[0][1] = len(LEADER) + 1
    refusals = 0
    while True:
        figure2.append_entries(s, Server(0), Server(1))
        for m in [m for m in _messages(s) if isinstance(m, figure2.AppendEntriesRequest)]:
            figure2.handle_append_entries_request(s, m)
        answers = [m for m in _messages(s) if isinstance(m, figure2.AppendEntriesResponse)]
        if not answers or answers[0].success:
            return s, refusals
        refusals += 1
        figure2.handle_append_entries_response(s, answers[0])


def _messages(s: Any) -> list[Any]:
    return list(contents(s.messages))


@part("Figure 7")
def figure(REFUSALS: dict[str, int]) -> str | None:
    """How often each follower refuses."""
    see_that_filled(REFUSALS, FOLLOWERS)
    for name, told in REFUSALS.items():
        s, refusals = _figure_7(name)
        if told != refusals:
            place = s.next_index[0][1] - 1
            return (
                f"Not so for {name}. Look for the last index at which its entry has the same term as the leader's, all "
                f"the way up from index 1. With {told} refusals the leader would be at index {len(LEADER) - told}; "
                f"{'it still refuses there' if told < refusals else f'it accepts before that, at {place}'}."
            )
    return None


@part("a conflict, and none")
def conflict(AFTER_TERM_3: list[int], AFTER_TERM_2: list[int]) -> str | None:
    """What the model's handler makes of it."""
    for term, told in ((3, AFTER_TERM_3), (2, AFTER_TERM_2)):
        after = _handled(term)
        if list(told) != after:
            why = (
                "conflicts: it is deleted, and all that follow it"
                if term == 3
                else "is the same entry; nothing is wrong"
            )
            return f"Not so for an entry of term {term}. What stands at index 3 {why} (Figure 2, AppendEntries RPC, 3)."
    return None


def _handled(term: int) -> list[int]:
    """The follower's log after the request."""
    rounds = fresh(ROUNDS)
    system = system_of(rounds.model, {"servers": 2, "max_log": 4}, symmetric=())
    s = system.state(system.initial_states()[0])
    for i, log in enumerate(((1, 1, term), (1, 1, 2, 2))):
        for entry in log:
            s.log[i].append(entry)
    rounds.store(s, 0, 1, 2, 3)
    return _log(s, 1)
