"""Write down the last steps of a run, in words and as states, so that a failure can be read and drawn.

A state is plain JSON: each server's role, term, vote, commit index and log, and the messages in flight. Long logs are
shown from a common index on, since what lies before is the same everywhere.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from raftproof.impl.core.messages import AppendEntries, Forward, InstallSnapshot, Message
from raftproof.impl.sim.world import MESSAGE, World

KEPT = 60
LONG = 24
ROLES = ("FOLLOWER", "PRE_CANDIDATE", "CANDIDATE", "LEADER")


class RecordedStep(msgspec.Struct):
    """One step, and what it changed, before and after, by place."""

    action: str
    parameters: dict[str, Any]
    changes: dict[str, tuple[Any, Any]]
    fault: str = ""


class Record:
    """Given to a World as `on_step`; holds the last steps."""

    def __init__(self, kept: int = KEPT) -> None:
        """Nothing has happened."""
        self.steps: deque[tuple[str, dict[str, Any], str, dict[str, Any]]] = deque(maxlen=kept + 1)
        self.logs_from = 0

    def __call__(self, world: World, action: str, who: int, what: Any) -> None:
        """A step has been taken."""
        parameters: dict[str, Any] = {}
        fault = ""
        if action == "lost":
            fault, parameters = "drop", {"message": _message(what)}
        elif what is not None and action == "receive":
            parameters = {"message": _message(what)}
        elif action == "fault":
            parameters = {"name": what}
        elif action == "call":
            parameters = {"client": f"c{who}"}
        elif who:
            parameters = {"server": f"s{who}"}
            fault = "restart" if action == "restart" else ""
        self.steps.append((action, parameters, fault, self._state(world)))

    def finish(self, world: World) -> None:
        """The step that failed did not come to its end: note the state it left."""
        self.steps.append(("fails", {"server": f"s{world.acting}"}, "", self._state(world)))

    def initial(self) -> dict[str, Any]:
        """The state before the recorded steps."""
        return _cut(self.steps[0][3], self._start(), self.servers())

    def servers(self) -> list[str]:
        """Every server that takes part in the recorded steps."""
        return sorted(self.steps[-1][3]["role"])

    def recorded(self) -> list[RecordedStep]:
        """The steps, each with what it changed."""
        start, servers = self._start(), self.servers()
        found = []
        before = _cut(self.steps[0][3], start, servers)
        for action, parameters, fault, state in list(self.steps)[1:]:
            after = _cut(state, start, servers)
            found.append(RecordedStep(action, parameters, _changes(before, after), fault))
            before = after
        return found

    def _start(self) -> int:
        """The entries that every server had committed before the first recorded step, if the logs are long."""
        first = self.steps[0][3]
        longest = max((len(log) for state in self.steps for log in state[3]["log"].values()), default=0)
        if longest <= LONG:
            return 0
        self.logs_from = max(0, min(first["commit_index"].values(), default=0) - 2)
        return self.logs_from

    def _state(self, world: World) -> dict[str, Any]:
        state: dict[str, Any] = {"role": {}, "current_term": {}, "voted_for": {}, "commit_index": {}, "log": {}}
        for machine in world.machines.values():
            name = f"s{machine.id}"
            if not machine.started:
                continue
            raft = machine.raft
            state["role"][name] = ROLES[raft.role] if machine.alive else "DOWN"
            state["current_term"][name] = raft.current_term
            state["voted_for"][name] = f"s{raft.voted_for}" if raft.voted_for else None
            state["commit_index"][name] = raft.commit_index
            base = raft.log.base_index
            terms = [_committed_term(world, index) for index in range(1, base + 1)]
            state["log"][name] = [{"term": t} for t in [*terms, *(entry.term for entry in raft.log.entries)]]
        state["messages"] = [_message(m) for _, _, kind, m, _ in sorted(world.queue, key=_order) if kind == MESSAGE]
        return state


def _order(event: tuple[int, int, int, Any, int]) -> tuple[int, int]:
    return event[0], event[1]


def _committed_term(world: World, index: int) -> int:
    """The term of an entry that lies behind a snapshot."""
    place = index - world.checks.first - 1
    history = world.checks.history
    return history[place].term if 0 <= place < len(history) else 1


def _message(message: Message) -> dict[str, Any]:
    """A message as a record of its kind."""
    record: dict[str, Any] = {"kind": type(message).__name__}
    for field in message.__struct_fields__:
        value = getattr(message, field)
        if field in ("source", "dest"):
            value = f"s{value}"
        elif field == "entries" and isinstance(message, AppendEntries):
            value = [{"term": entry.term} for entry in message.entries]
        elif field == "entries" and isinstance(message, Forward):
            value = len(message.entries)
        elif field == "snapshot" and isinstance(message, InstallSnapshot):
            value = message.snapshot.index
        elif field == "number":
            continue
        record[field] = value
    return record


def _cut(state: dict[str, Any], start: int, servers: list[str]) -> dict[str, Any]:
    """The state with the first `start` entries of every log left out, and with servers that are still to come."""
    cut = {field: dict(value) if field != "messages" else value for field, value in state.items()}
    for name in servers:
        if name not in cut["role"]:
            cut["role"][name], cut["voted_for"][name] = "DOWN", None
            cut["current_term"][name] = cut["commit_index"][name] = 0
            cut["log"][name] = []
        elif start:
            cut["log"][name] = cut["log"][name][start:]
            cut["commit_index"][name] = max(0, cut["commit_index"][name] - start)
    return cut


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, by place."""
    found: dict[str, tuple[Any, Any]] = {}
    for field, value in after.items():
        if field == "messages":
            if value != before[field]:
                found[field] = (before[field], value)
            continue
        for name, now in value.items():
            if before[field][name] != now:
                found[f"{field}[{name}]"] = (before[field][name], now)
    return found
