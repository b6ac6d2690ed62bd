"""The real core as a system of states and actions, so that a plain search can try every behavior of a small cluster.

    SmallCluster(servers=3, max_term=2, max_entries=1, max_in_flight=3, crashes=1)

It has what such a search asks for: `initial_states`, `actions`, `next_state`, `inside`, `violated`, `violated_step`.
A step is one event at one server with everything that follows from it, its disk included; time does not pass, a
timeout may come at any moment. A crash forgets all but what was stored. States hold cores, which are never changed
once they are in a state: a step works on a copy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

from raftproof.impl.core import Entry, HardState, Message, Raft, Role, Settings, bootstrap, events
from raftproof.impl.core.log import Log
from raftproof.impl.core.progress import Progress


class Action(NamedTuple):
    """What happens next."""

    action: str
    server: int = 0
    message: Message | None = None


class Stored(NamedTuple):
    """What is on a disk."""

    hard_state: HardState
    entries: tuple[Entry, ...]


class State:
    """A cluster at one moment. Equal if everything that matters is equal."""

    __slots__ = ("_hash", "cores", "crashes", "disks", "key", "messages")

    def __init__(
        self, cores: tuple[Raft, ...], disks: tuple[Stored, ...], messages: tuple[Message, ...], crashes: int
    ) -> None:
        """Cores and disks by server, messages in order."""
        self.cores = cores
        self.disks = disks
        self.messages = messages
        self.crashes = crashes
        self.key: Hashable = (tuple(map(_key, cores)), disks, messages, crashes)
        self._hash = hash(self.key)

    def __hash__(self) -> int:
        """Of everything that matters."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Everything that matters."""
        return isinstance(other, State) and self.key == other.key

    def __repr__(self) -> str:
        """In the order of the servers."""
        return f"State{self.key}"


class SmallCluster:
    """All behaviors of a cluster within bounds."""

    def __init__(
        self,
        servers: int,
        max_term: int,
        max_entries: int,
        max_in_flight: int,
        crashes: int = 0,
        duplicates: bool = False,
        broken: frozenset[str] = frozenset(),
    ) -> None:
        """Terms count from the founding one, 1; entries are beside the founding ones, those of new leaders included."""
        self.servers = tuple(range(1, servers + 1))
        self.max_term = max_term
        self.max_entries = max_entries
        self.max_in_flight = max_in_flight
        self.crashes = crashes
        self.duplicates = duplicates
        self.broken = broken

    def initial_states(self) -> Iterator[State]:
        """A cluster that has just been founded."""
        first = HardState(1, 0, len(self.servers))
        disks = tuple(Stored(first, ()) for _ in self.servers)
        cores = tuple(self._start(server, disk) for server, disk in zip(self.servers, disks, strict=True))
        yield State(cores, disks, (), 0)

    def actions(self, state: State) -> Iterator[Action]:
        """Timeouts, proposals, crashes; and every message is delivered, lost, or delivered and kept."""
        for server, core in zip(self.servers, state.cores, strict=True):
            yield Action("propose" if core.role is Role.LEADER else "campaign", server)
            if state.crashes < self.crashes:
                yield Action("crash", server)
        for message in dict.fromkeys(state.messages):
            yield Action("deliver", message.dest, message)
            yield Action("lose", message.dest, message)
            if self.duplicates:
                yield Action("deliver_copy", message.dest, message)

    def next_state(self, state: State, action: Action) -> State | None:
        """The state after the action; None where it does nothing."""
        messages = list(state.messages)
        if action.message is not None and action.action != "deliver_copy":
            messages.remove(action.message)
        if action.action == "lose":
            return State(state.cores, state.disks, tuple(messages), state.crashes)
        place = action.server - 1
        disk = state.disks[place]
        if action.action == "crash":
            core = self._start(action.server, disk)
        else:
            core = _copy(state.cores[place])
            core.step(_event(action))
        disk = _drain(core, disk, messages)
        cores = (*state.cores[:place], core, *state.cores[place + 1 :])
        disks = (*state.disks[:place], disk, *state.disks[place + 1 :])
        crashes = state.crashes + (action.action == "crash")
        return State(cores, disks, tuple(sorted(messages, key=repr)), crashes)

    def inside(self, state: State) -> bool:
        """Within the bounds."""
        first = len(self.servers)
        return len(state.messages) <= self.max_in_flight and all(
            core.current_term <= self.max_term and core.log.last_index <= first + self.max_entries
            for core in state.cores
        )

    def violated(self, state: State) -> Iterator[str]:
        """The properties of Figure 3 that a state can show."""
        leaders = [core for core in state.cores if core.role is Role.LEADER]
        if len({core.current_term for core in leaders}) < len(leaders):
            yield "ElectionSafety"
        if any(_part(a.log, b.log) for a, b in combinations(state.cores, 2)):
            yield "LogMatching"
        if any(_differ(a, b) for a, b in combinations(state.cores, 2)):
            yield "StateMachineSafety"
        if any(_lacks(leader, core) for leader in leaders for core in state.cores):
            yield "LeaderCompleteness"

    def violated_step(self, before: State, after: State) -> Iterator[str]:
        """What may never go back, unless the server crashed."""
        if after.crashes > before.crashes:
            return
        pairs = list(zip(before.cores, after.cores, strict=True))
        if any(new.commit_index < old.commit_index for old, new in pairs):
            yield "CommitMonotonic"
        if any(_falls(old, new) for old, new in pairs):
            yield "MatchMonotonic"

    def _start(self, server: int, disk: Stored) -> Raft:
        settings = Settings(id=server, pre_vote=False, check_quorum=False, max_append_bytes=1)
        return Raft(
            settings,
            random=_no_chance,
            snapshot=bootstrap(self.servers),
            hard_state=disk.hard_state,
            entries=disk.entries,
            broken=self.broken,
        )


def _no_chance(_: int) -> int:
    return 0


def _event(action: Action) -> events.Event:
    if action.message is not None:
        return events.Receive(action.message)
    return events.Campaign() if action.action == "campaign" else events.Propose(b"v")


def _drain(core: Raft, disk: Stored, messages: list[Message]) -> Stored:
    """Store, send, apply."""
    while (ready := core.ready()) is not None:
        messages += ready.messages_now
        if ready.must_sync:
            kept = disk.entries
            if ready.entries:
                kept = (*(e for e in kept if e.index < ready.entries[0].index), *ready.entries)
            disk = Stored(ready.hard_state or disk.hard_state, kept)
            core.stored(ready.number)
        messages += ready.messages
        if ready.committed:
            core.applied(ready.committed[-1].index)
    return disk


def _key(core: Raft) -> Hashable:
    """Everything that decides what a core does next, where no time passes and nobody reads."""
    log = core.log
    return (
        core.role,
        core.current_term,
        core.voted_for,
        core.leader,
        tuple(log.entries),
        core.commit_index,
        core.applied_index,
        tuple(sorted(core.votes.items())),
        tuple(
            (server, p.match_index, p.next_index, p.flow, p.paused, p.recent_active, tuple(p.inflight))
            for server, p in core.progress.items()
        )
        if core.role is Role.LEADER
        else (),
    )


def _copy(core: Raft) -> Raft:
    """A core that may be changed."""
    new: Any = Raft.__new__(Raft)
    for name in Raft.__slots__:
        value = getattr(core, name)
        if isinstance(value, list | dict | deque):
            value = value.copy()
        setattr(new, name, value)
    new.log = Log.__new__(Log)
    for name in Log.__slots__:
        setattr(new.log, name, getattr(core.log, name))
    new.log.entries, new.log.writes = core.log.entries.copy(), core.log.writes.copy()
    new.progress = {server: _copy_progress(progress) for server, progress in core.progress.items()}
    return new  # type: ignore[no-any-return]


def _copy_progress(progress: Progress) -> Progress:
    new = Progress(progress.match_index, progress.next_index)
    for name in Progress.__slots__:
        setattr(new, name, getattr(progress, name))
    new.inflight = progress.inflight.copy()
    return new


def _part(a: Log, b: Log) -> bool:
    """Whether two logs agree at an index and differ before it."""
    agree = [x.index for x, y in zip(a.entries, b.entries, strict=False) if x.term == y.term]
    last = max(agree, default=0)
    return any(x != y for x, y in zip(a.entries, b.entries, strict=False) if x.index <= last)


def _differ(a: Raft, b: Raft) -> bool:
    """Whether two servers have committed different entries."""
    last = min(a.commit_index, b.commit_index)
    return any(x != y for x, y in zip(a.log.entries, b.log.entries, strict=False) if x.index <= last)


def _lacks(leader: Raft, other: Raft) -> bool:
    """Whether a leader lacks what was committed, as far as this server knows, in a term before its own."""
    index = other.commit_index
    if other.current_term > leader.current_term or index <= leader.log.base_index:
        return False
    return leader.log.term(index) != other.log.term(index)


def _falls(old: Raft, new: Raft) -> bool:
    if old.role is not Role.LEADER or new.role is not Role.LEADER or old.current_term != new.current_term:
        return False
    return any(new.progress[server].match_index < known.match_index for server, known in old.progress.items())
