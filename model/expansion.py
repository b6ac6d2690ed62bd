"""A counterexample of `rounds` told in ordinary steps: each round as the timeouts, votes and messages of `abstract`.

Every step is taken by the interpreted model, so that what is shown did happen there. It ends with the first step that
breaks a property of `abstract`. A server that led the newest term cannot ask for votes before it has heard of a later
one; then another server asks first, in vain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from raftproof.checker.language import Interpreter
from raftproof.checker.language.containers import contents
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.language.model import Property
from raftproof.checker.replay import Path, ReplayError, as_violation
from raftproof.checker.result import Step, Told, Violation
from raftproof.checker.run import Question, shape_of
from raftproof.model import abstract
from raftproof.model.vocabulary import Role


def expand(bounds: Mapping[str, int], broken: Sequence[str], violation: Violation) -> Told | None:
    """The counterexample in steps of `abstract`, or None where that model cannot switch off what is broken."""
    if not {rule.name.lower() for rule in abstract.model.breakable()} >= set(broken):
        return None
    telling = _tell_all(bounds, broken, violation, max_term=2 * len(violation.steps) + 2)
    telling = _tell_all(bounds, broken, violation, max_term=telling.newest_term())
    if telling.broken is None:
        return None
    told = as_violation(telling.system, Path(telling.initial, telling.steps), telling.broken)
    return Told(abstract.model.name, shape_of(abstract.model, telling.system.layout), told)


def _tell_all(bounds: Mapping[str, int], broken: Sequence[str], violation: Violation, max_term: int) -> Telling:
    """All rounds, and the election that shows what is lost, with as many terms as that may take."""
    limits = {"servers": bounds["servers"], "max_term": max_term, "max_log": bounds["max_log"] + len(violation.steps)}
    question = Question(abstract.model, limits, broken=tuple(broken), symmetric=())
    telling = Telling(question.interpreter(question.layout()))
    for step in violation.steps:
        telling.tell(step)
    if telling.broken is None:
        telling.tell_what_follows()
    return telling


class Telling:
    """A behavior of `abstract` that grows; nothing is added once a property is broken."""

    def __init__(self, system: Interpreter) -> None:
        self.system = system
        self.initial = self.now = system.initial_states()[0]
        self.steps: list[tuple[Choice, int]] = []
        self.broken: Property | None = None
        self.servers = range(system.layout.bounds["servers"])
        self._actions = {action.name: action for action in system.model.actions}

    @property
    def state(self) -> Any:
        """The cluster as it is."""
        return self.system.state(self.now)

    def tell(self, step: Step) -> None:
        """Tell a round: its election, its entries, what reaches the followers, what is committed."""
        given = step.parameters
        leader = self._number(given["leader"])
        self.elect(leader)
        for _ in range(given["appended"]):
            self._take("client_request", leader, 0)
        commits = "committed" in step.changes
        term = self.state.current_term[leader]
        for name, prev in given["prev"].items():
            for last in (given["last"][name], given["late"][name]):
                if name != given["leader"] and self.broken is None:
                    self._deliver(self._number(name), term, prev, max(prev, last), commits)
        if commits:
            if not given["appended"]:
                # A leader of `abstract` counts itself once it has appended an entry.
                self._take("client_request", leader, 0)
            self._take("advance_commit_index", leader, len(step.changes["committed"][1]))

    def _deliver(self, follower: int, term: int, prev: int, last: int, commits: bool) -> None:
        """Let a follower receive entries, unless nothing comes of it."""
        after = self._after("receive_append_entries", follower, term, prev, last, 0)
        if after is None:
            return
        before, s = self.state, self.system.state(after)
        log, stored = contents(before.log[follower]), before.acked[follower][term]
        if contents(s.log[follower]) != log or (commits and s.acked[follower][term] > stored):
            self._take("receive_append_entries", follower, term, prev, last, 0)

    def elect(self, leader: int) -> None:
        """Let a server lead a new term."""
        s = self.state
        if s.role[leader] == Role.LEADER and s.current_term[leader] == self.newest_term():
            other = next(i for i in self.servers if i != leader)
            self._stand(other)
        self._stand(leader)
        term = self.state.current_term[leader]
        for voter in self.servers:
            votes = sum(1 for v in self.servers if leader in self.state.voted[v][term])
            if 2 * votes <= len(self.servers) and self._would_vote(voter, leader, term):
                self._take("receive_request_vote", voter, leader, term)
        self._take("become_leader", leader)

    def tell_what_follows(self) -> None:
        """Where what is committed is stored by no quorum, a server is elected without it."""
        s = self.state
        knowing = max(self.servers, key=lambda i: s.commit_index[i])
        committed = contents(s.log[knowing])[: s.commit_index[knowing]]
        for candidate in self.servers:
            votes = sum(1 for voter in self.servers if _log_end(s, voter) <= _log_end(s, candidate))
            if contents(s.log[candidate])[: len(committed)] != committed and 2 * votes > len(self.servers):
                self.elect(candidate)
                return

    def _stand(self, server: int) -> None:
        """Let a server become a candidate of a new term."""
        newest = self.newest_term()
        s = self.state
        if s.current_term[server] < newest:
            ahead = next(i for i in self.servers if s.current_term[i] == newest)
            self._take("observe_term", server, ahead)
        self._take("timeout", server, newest + 1)

    def newest_term(self) -> int:
        """The highest term that a server has reached."""
        s = self.state
        return max(int(s.current_term[i]) for i in self.servers)

    def _would_vote(self, voter: int, candidate: int, term: int) -> bool:
        after = self._after("receive_request_vote", voter, candidate, term)
        return after is not None and candidate in self.system.state(after).voted[voter][term]

    def _after(self, name: str, *arguments: int) -> int | None:
        return self.system.next_state(self.now, Choice(self._actions[name], arguments))

    def _take(self, name: str, *arguments: int) -> None:
        if self.broken is not None:
            return
        choice = Choice(self._actions[name], arguments)
        after = self.system.next_state(self.now, choice)
        if after is None:
            raise ReplayError(f"no step of abstract follows the round: {self.system.describe(choice)} is not enabled")
        self.steps.append((choice, after))
        wrong = [*self.system.violated(after), *self.system.violated_step(self.now, after)]
        self.broken = wrong[0] if wrong else None
        self.now = after

    def _number(self, name: str) -> int:
        return int(name.removeprefix("s")) - 1


def _log_end(s: Any, i: int) -> tuple[int, int]:
    """What logs are compared by (§5.4.1)."""
    length = len(s.log[i])
    return (s.log[i][length].term if length else 0), length
