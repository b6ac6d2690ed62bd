"""A small cluster of cores for tests: every message, disk and tick is moved by hand, nothing is left to chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from raftproof.impl.core import (
    Configuration,
    Entry,
    HardState,
    Message,
    Raft,
    Ready,
    Role,
    Settings,
    Snapshot,
    bootstrap,
    events,
)
from raftproof.impl.core.raft import Observer


class Server:
    """A core with a disk that can be held back, and the list of what it has applied."""

    def __init__(self, cluster: Cluster, settings: Settings, snapshot: Snapshot) -> None:
        self.cluster = cluster
        self.settings = settings
        self.snapshot = snapshot
        self.hard_state = HardState(snapshot.term, 0, snapshot.index)
        self.entries: list[Entry] = []
        self.held = False
        self.start()

    def start(self) -> None:
        """From what is stored."""
        first = self.snapshot.index
        self.applied: list[Entry] = []
        self.reads: list[tuple[int, int]] = []
        self.dropped: list[int] = []
        self.unstored: list[Ready] = []
        self.raft = Raft(
            self.settings,
            random=lambda below: 0,
            snapshot=self.snapshot,
            hard_state=self.hard_state,
            entries=[entry for entry in self.entries if entry.index > first],
            observer=self.cluster.observer,
            broken=self.cluster.broken,
        )
        self.drain()

    def step(self, event: events.Event) -> None:
        """An event, and what follows from it."""
        self.raft.step(event)
        self.drain()

    def drain(self) -> None:
        """Do what the core wants done; the disk only if it is not held."""
        while (ready := self.raft.ready()) is not None:
            self.cluster.network += ready.messages_now
            self.reads += [(read.id, read.index) for read in ready.reads]
            self.dropped += ready.dropped
            if ready.committed:
                self.applied += ready.committed
                self.raft.step(events.Applied(ready.committed[-1].index))
            if ready.must_sync:
                self.unstored.append(ready)
                if not self.held:
                    self.store()
            elif self.unstored:
                self.unstored.append(ready)
            else:
                self.cluster.network += ready.messages

    def store(self) -> None:
        """The disk catches up."""
        for ready in self.unstored:
            if ready.snapshot is not None:
                self.snapshot, self.entries = ready.snapshot, []
            if ready.hard_state is not None:
                self.hard_state = ready.hard_state
            if ready.entries:
                self.entries = [e for e in self.entries if e.index < ready.entries[0].index] + list(ready.entries)
        numbers = [ready.number for ready in self.unstored if ready.must_sync]
        waiting, self.unstored = self.unstored, []
        if numbers:
            self.raft.step(events.Stored(numbers[-1]))
        for ready in waiting:
            self.cluster.network += ready.messages
        self.drain()

    def compact(self, index: int) -> None:
        """A snapshot at what is applied, and the log cut up to `index`."""
        raft = self.raft
        at = raft.applied_index
        self.snapshot = Snapshot(at, raft.log.term(at), raft.configuration, b"state at %d" % at)
        self.step(events.Compact(self.snapshot, index))

    @property
    def log(self) -> list[tuple[int, int]]:
        """Index and term of every entry that it still holds."""
        return [(entry.index, entry.term) for entry in self.raft.log.entries]


class Cluster:
    """Servers and the messages between them, oldest first."""

    def __init__(
        self,
        servers: int = 3,
        *,
        observer: Observer | None = None,
        broken: frozenset[str] = frozenset(),
        election_timeout_ticks: int = 10,
        pre_vote: bool = False,
        check_quorum: bool = False,
        max_inflight: int = 256,
        max_append_bytes: int = 1 << 20,
        max_uncommitted_bytes: int = 1 << 30,
    ) -> None:
        self.observer = observer
        self.broken = broken
        self.network: list[Message] = []
        self.settings = Settings(
            id=1,
            election_timeout_ticks=election_timeout_ticks,
            pre_vote=pre_vote,
            check_quorum=check_quorum,
            max_inflight=max_inflight,
            max_append_bytes=max_append_bytes,
            max_uncommitted_bytes=max_uncommitted_bytes,
            check_invariants=not broken,
        )
        voters = tuple(range(1, servers + 1))
        self.servers: dict[int, Server] = {}
        for id in voters:
            self.add(id, bootstrap(voters))

    def add(self, id: int, snapshot: Snapshot | None = None) -> Server:
        """A server; one that joins starts with nothing."""
        fields = {name: getattr(self.settings, name) for name in self.settings.__struct_fields__}
        server = Server(self, Settings(**{**fields, "id": id}), snapshot or Snapshot())
        self.servers[id] = server
        return server

    def __getitem__(self, id: int) -> Server:
        return self.servers[id]

    def raft(self, id: int) -> Raft:
        """The core of a server."""
        return self.servers[id].raft

    def receive(self, message: Message) -> None:
        """Hand one message over."""
        if message.dest in self.servers:
            self.servers[message.dest].step(events.Receive(message))

    def deliver(self, wanted: Callable[[Message], bool] = lambda _: True, most: int = 10_000) -> int:
        """Deliver what is wanted, oldest first, until there is no more of it; how many messages that were."""
        count = 0
        while count < most:
            found = next((m for m in self.network if wanted(m)), None)
            if found is None:
                return count
            self.network.remove(found)
            self.receive(found)
            count += 1
        raise AssertionError("the messages do not come to an end")

    def take(self, kind: type, source: int = 0, dest: int = 0) -> list[Message]:
        """Take messages out of the network."""
        found = [m for m in self.network if _fits(m, kind, source, dest)]
        self.network = [m for m in self.network if m not in found]
        return found

    def drop(self, source: int = 0, dest: int = 0) -> None:
        """Lose what is on the way, by sender or receiver."""
        self.network = [m for m in self.network if not _fits(m, object, source, dest)]

    def between(self, *servers: int) -> Callable[[Message], bool]:
        """For `deliver`: only among these servers."""
        return lambda message: message.source in servers and message.dest in servers

    def campaign(self, id: int) -> None:
        """An election timeout passes at one server."""
        self.servers[id].step(events.Campaign())

    def elect(self, id: int) -> None:
        """This server wins, with everybody's help."""
        self.campaign(id)
        self.deliver()
        assert self.raft(id).role is Role.LEADER, f"server {id} was not elected"

    def tick(self, id: int, ticks: int = 1) -> None:
        """A server's clock moves."""
        for _ in range(ticks):
            self.servers[id].step(events.Tick())

    def propose(self, id: int, *data: bytes) -> None:
        """Clients of one server."""
        for one in data:
            self.servers[id].step(events.Propose(one))

    def restart(self, id: int) -> None:
        """A crash: what is not stored is lost; then it starts again."""
        self.servers[id].start()


def _fits(message: Message, kind: type, source: int, dest: int) -> bool:
    return isinstance(message, kind) and source in (0, message.source) and dest in (0, message.dest)


def entries(*terms: int, first: int = 4) -> list[Entry]:
    """Entries of these terms, after the founding ones of three servers."""
    return [Entry(term, index, b"%d" % index) for index, term in enumerate(terms, first)]


def raft_with(
    terms: Sequence[int], *, id: int = 1, term: int = 0, vote: int = 0, commit: int = 3, **settings: object
) -> Raft:
    """One server of three, with a log of these terms after the founding entries."""
    chosen = {"pre_vote": False, "check_quorum": False, **settings}
    return Raft(
        Settings(id=id, **chosen),  # type: ignore[arg-type]
        random=lambda below: 0,
        snapshot=bootstrap((1, 2, 3)),
        hard_state=HardState(max([term, 1, *terms]), vote, commit),
        entries=entries(*terms),
    )


def answers(raft: Raft) -> list[Message]:
    """What a server sends, with a disk that is at once done."""
    found: list[Message] = []
    while (ready := raft.ready()) is not None:
        found += ready.messages_now
        if ready.must_sync:
            raft.step(events.Stored(ready.number))
        found += ready.messages
        if ready.committed:
            raft.step(events.Applied(ready.committed[-1].index))
    return found


__all__ = ["Cluster", "Configuration", "Server", "answers", "entries", "raft_with"]
