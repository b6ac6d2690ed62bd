"""Plays rounds of `raftproof.model.rounds` by hand: (leader, entries appended, {follower: the last index it is sent}).

    [("s1", 1, {"s2": 1}), ("s3", 1, {})]

A server that is not named is sent nothing. Each round is a new term, later than all before.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from searching import StepRefusedError, system_of

Round = tuple[str, int, dict[str, int]]


class Rounds:
    """Logs, and what is committed, round after round."""

    def __init__(self, module: ModuleType, servers: int, max_log: int, broken: tuple[str, ...] = ()) -> None:
        """`module` is raftproof.model.rounds, or a fresh copy of it."""
        self.module = module
        bounds = {"servers": servers, "max_log": max_log}
        self.system = system_of(module.model, bounds, broken=broken, symmetric=())
        self.state: Any = self.system.state(self.system.initial_states()[0])
        self.number = 0
        self.committed: list[list[int]] = []
        """What is committed after each round."""

    def lead(self, round_: Round) -> None:
        """One round; raises StepRefusedError, with the reason, where it cannot be."""
        self.number += 1
        s, module = self.state, self.module
        leader, appended = self._server(round_[0]), round_[1]
        if not module.can_win(s, leader):
            raise self._refused(f"{round_[0]} cannot be elected: {self._voters(leader)}. {self.logs()}")
        if not module.fits(s, leader, appended):
            raise self._refused(f"logs have room for {len(s.indexes) - 1} entries here")
        last = {j: module.matching(s, leader, j) if j != leader else 0 for j in s.servers}
        for name, index in round_[2].items():
            follower = self._server(name)
            if follower == leader or not last[follower] <= index <= len(s.log[leader]) + appended:
                raise self._refused(f"{name} cannot be sent the entries up to {index}. {self.logs()}")
            last[follower] = index
        nothing = dict.fromkeys(last, 0)
        module.lead_a_round(s, leader, appended, nothing, last, nothing)
        self.committed.append([s.committed[k] for k in range(1, len(s.committed) + 1)])

    def falls(self) -> list[str]:
        """The properties of a state that do not hold now."""
        return [p.name for p in self.module.model.invariants if not p.function(self.state)]

    def logs(self) -> str:
        """The logs, as the terms of their entries."""
        s = self.state
        told = (f"s{i + 1} {[s.log[i][k] for k in range(1, len(s.log[i]) + 1)]}" for i in s.servers)
        return f"The logs, by the terms of their entries: {', '.join(told)}."

    def can_win(self, name: str) -> bool:
        """Whether a quorum would vote for a server."""
        return bool(self.module.can_win(self.state, self._server(name)))

    def _voters(self, leader: int) -> str:
        s = self.state
        voters = [f"s{i + 1}" for i in s.servers if self.module.is_up_to_date(s, leader, i)]
        return f"of {len(s.servers)} servers only {' and '.join(voters)} would vote for it"

    def _server(self, name: str) -> int:
        names = [f"s{i + 1}" for i in self.state.servers]
        if name not in names:
            raise self._refused(f"there is no server {name!r}; there are {', '.join(names)}")
        return names.index(name)

    def _refused(self, text: str) -> StepRefusedError:
        return StepRefusedError(f"Round {self.number}: {text.rstrip('.')}.")


def played_rounds(
    module: ModuleType, rounds: Sequence[Round], servers: int, max_log: int, broken: tuple[str, ...] = ()
) -> Rounds:
    """Play these rounds; raises StepRefusedError at the first that cannot be."""
    play = Rounds(module, servers, max_log, broken)
    for round_ in rounds:
        play.lead(round_)
    return play
