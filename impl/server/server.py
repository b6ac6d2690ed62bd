"""One server: it gives the core events, and does what the core asks for.

    peers ──messages──▶┐                      ┌──▶ messages to peers
    clients ──requests─▶ core: step … ready ──┼──▶ log: one record, one sync, for all that came since the last
    clock ─────ticks──▶┘                      └──▶ machine: apply ──▶ whoever waits

Everything but the sync runs in one thread and one event loop. Events are given to the core as they come; what it wants
done is collected once the loop has handled all that had arrived. One write is on its way to the disk at a time. What
clients propose is gathered, so that under load one sync and one message to each follower carry many proposals.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque

from raftproof.impl import core
from raftproof.impl.core import Message, Ready, Snapshot
from raftproof.impl.core.raft import Observer
from raftproof.impl.server import errors
from raftproof.impl.server.beginning import found_or_join, recover
from raftproof.impl.server.directory import DataDirectory
from raftproof.impl.server.errors import CannotStart, Stopped
from raftproof.impl.server.machine import Machine, Outcome, Publish
from raftproof.impl.server.mesh import Mesh
from raftproof.impl.server.requests import Requests
from raftproof.impl.server.settings import ELECTION_TICKS, TICK_SECONDS, ServerSettings
from raftproof.impl.server.tls import check_files, peer_contexts
from raftproof.impl.server.writer import Writer
from raftproof.impl.wal import LogError

log = logging.getLogger("raftproof.server")


class Server:
    """A member of a cluster; `await start()`, then `await finished`."""

    def __init__(self, settings: ServerSettings, observer: Observer | None = None) -> None:
        """Nothing is touched yet. The observer watches the core; it may raise Stopped."""
        settings.check()
        self.settings = settings
        self._observer = observer
        self.finished: asyncio.Future[None]
        """Done when the server has come to an end by itself; its exception says why."""
        self.requests: Requests
        """What clients ask, once the server has started."""

    async def start(self) -> None:
        """Recover from the data directory, listen for peers and dial them; raises CannotStart."""
        self._loop = asyncio.get_running_loop()
        self.finished = self._loop.create_future()
        check_files(self.settings.client_certificates)
        listening, dialling = peer_contexts(self.settings.peer_certificates)
        self.directory = DataDirectory(self.settings)
        try:
            self.identity = self.directory.identity() or await found_or_join(self.directory, dialling)
            self._wal, self.machine, self.raft = recover(self.directory, self.identity, self._observer)
        except CannotStart:
            self.directory.close()
            raise
        self._mesh = Mesh(self.identity, self.machine, dialling, self._receive, self._removed)
        self._reset()
        try:
            await self._mesh.start(self.settings.peer_url, listening)
        except CannotStart:
            self._close_files()
            raise
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
        self._schedule()

    def _reset(self) -> None:
        """Nothing has happened yet."""
        self._writer = Writer(self._loop, self._wal, self._written)
        self.requests = Requests(self._loop, self.raft, self._writer, self.reaches, self._schedule)
        self._arrived: list[Message] = []  # from peers, not yet given to the core
        self._ticks = 0  # of the clock, likewise
        self._unstored: deque[tuple[int, tuple[Message, ...]]] = deque()  # numbers not yet durable, and what waits
        self._stored = 0
        self._snapshot_index = self.raft.snapshot.index
        self._leader = (0, 0)  # the last that was told
        self._scheduled = self._stopping = self._published = False

    # --- events in ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
        self._ticks += 1
        self.requests.tick()
        if not self._published and self.raft.leader and self.identity.server in self.machine.members:
            self._publish()
        self._schedule()

    def _publish(self) -> None:
        """Tell all members this server's name and where clients find it, unless they know."""
        self._published = True
        publish = Publish(self.identity.server, self.identity.name, (self.settings.found_at,))
        member = self.machine.members[self.identity.server]
        if (member.name, member.client_urls) != (publish.name, publish.client_urls):
            self.requests.propose(publish).add_done_callback(self._have_published)

    def _have_published(self, future: asyncio.Future[Outcome]) -> None:
        self._published = not future.cancelled() and future.exception() is None

    def _receive(self, messages: list[Message]) -> None:
        if not self._stopping:
            self._arrived += messages
            self._schedule()

    def reaches(self, id: int) -> bool:
        """Whether there is a way to a server; to this one there always is."""
        return id == self.identity.server or self._mesh.is_up(id)

    async def transfer_leadership(self, to: int) -> None:
        """Hand over, and return when the other leads. Raises ApiError."""
        self.raft.step(core.TransferLeadership(to))
        self._schedule()
        for _ in range(2 * ELECTION_TICKS):
            await asyncio.sleep(TICK_SECONDS / 2)
            if self.raft.leader == to:
                return
        raise errors.timed_out()

    def _schedule(self) -> None:
        """Have the core's wishes done once the loop has handled everything that is here already."""
        if not self._scheduled and not self._stopping:
            self._scheduled = True
            self._loop.call_soon(self._work)

    # --- effects out --------------------------------------------------------------------------------------------

    def _work(self) -> None:
        self._scheduled = False
        if self._stopping:
            return
        try:
            for _ in range(self._ticks):
                self.raft.tick()
            self._ticks = 0
            for message in self._arrived:
                self.raft.receive(message)
            self._arrived.clear()
            self.requests.offer()
            while (ready := self.raft.ready()) is not None:
                self._do(ready)
                self.requests.offer()
            self._write()
            self._tell_leader()
        except (LogError, Stopped) as error:
            self._end(Stopped(str(error)))
        except Exception as error:  # a broken invariant: what this server would do next cannot be trusted
            log.exception("the server stops because of a defect")
            self._end(Stopped(f"a defect in the server: {error or type(error).__name__}"))

    def _tell_leader(self) -> None:
        raft = self.raft
        if raft.leader and (raft.leader, raft.current_term) != self._leader:
            self._leader = (raft.leader, raft.current_term)
            member = self.machine.members.get(raft.leader)
            name = member.name if member is not None and member.name else "a server"
            log.info("%s (%x) leads term %d", name, raft.leader, raft.current_term)

    def _do(self, ready: Ready) -> None:
        """Send, write, apply. What must wait for the disk waits in `_unstored`; a sync that is on its way does not hold
        up the next Ready, whose writes go together into the next sync."""
        if ready.messages_now:
            self._send(ready.messages_now)
        if ready.snapshot is not None:
            self._install(ready)
            return
        if ready.must_sync:
            self._wal.stage(ready.hard_state, ready.entries)
        if ready.number > self._stored and (ready.must_sync or ready.messages):
            self._unstored.append((ready.number, ready.messages))
        elif ready.messages:
            self._send(ready.messages)
        self._finish(ready)

    def _install(self, ready: Ready) -> None:
        """A snapshot from the leader, in one go: it is rare, and nothing else is to be done meanwhile."""
        assert ready.snapshot is not None
        self._writer.wait()
        self._wal.stage(ready.hard_state)
        self._wal.install_snapshot(ready.snapshot)
        self._load(ready.snapshot)
        self._wal.stage(None, ready.entries)
        self._wal.commit()
        self._unstored.append((ready.number, ready.messages))
        self._have_stored(ready.number)
        self._finish(ready)

    def _write(self) -> None:
        """Begin to write what is staged, unless a write is on its way: then what gathers meanwhile shares the next."""
        if self._unstored and not self._writer.is_busy:
            number = self._unstored[-1][0]
            batch = self._wal.prepare()
            if batch is None:
                self._have_stored(number)
            else:
                self._writer.write(batch, number)

    def _have_stored(self, number: int) -> None:
        """Every write up to `number` is durable: say so to the core, and send what waited for it."""
        self._stored = number
        self.raft.stored(number)
        while self._unstored and self._unstored[0][0] <= number:
            self._send(self._unstored.popleft()[1])

    def _written(self, number: int, failure: LogError | None) -> None:
        """The writer's answer."""
        if self._stopping:
            return
        if failure is not None:
            self._end(Stopped(str(failure)))
            return
        if number > self._stored:  # a snapshot may have overtaken it
            self._have_stored(number)
        self._work()

    def _finish(self, ready: Ready) -> None:
        if ready.committed:
            self._apply(ready)
        self.requests.answered(ready)

    def _send(self, messages: tuple[Message, ...]) -> None:
        for unreachable in self._mesh.send(messages):
            self.raft.step(core.Unreachable(unreachable))

    def _apply(self, ready: Ready) -> None:
        machine, resolve = self.machine, self.requests.resolve
        changed = False
        for entry in ready.committed:
            applied = machine.apply(entry)
            changed = changed or bool(entry.kind)
            if applied is not None:
                resolve(*applied)
        index = ready.committed[-1].index
        self.raft.applied(index)
        if changed:
            self._members_changed()
        if index - self._snapshot_index >= self.settings.snapshot_entries:
            self._take_snapshot(index)

    # --- snapshots and members ----------------------------------------------------------------------------------

    def _take_snapshot(self, index: int) -> None:
        """Of everything applied; the log keeps a little behind it, for followers that lag."""
        raft = self.raft
        snapshot = Snapshot(index, raft.log.term(index), raft.configuration, self.machine.image())
        self._writer.wait()
        self._wal.save_snapshot(snapshot)
        self._snapshot_index = index
        raft.step(core.Compact(snapshot, max(index - self.settings.catch_up_entries, raft.log.base_index)))

    def _load(self, snapshot: Snapshot) -> None:
        """The leader's snapshot takes the place of what this server had applied."""
        self.machine = Machine.from_image(snapshot.data)
        self._snapshot_index = snapshot.index
        log.info("loaded a snapshot of index %d from the leader", snapshot.index)
        self._members_changed()

    def _members_changed(self) -> None:
        self._mesh.follow(self.machine)
        if self.identity.server in self.machine.removed:
            # a little later, so that the others learn that the removal is committed
            self._loop.call_later(ELECTION_TICKS * TICK_SECONDS, self._removed)

    def _removed(self) -> None:
        self._end(Stopped(f"server {self.identity.name} was removed from the cluster; its data is of no more use"))

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, reason: Stopped) -> None:
        """The server cannot go on. Nothing more is sent, answered or written."""
        if self._stopping:
            return
        self._stopping = True
        self.requests.stop()
        self.finished.set_exception(reason)

    async def stop(self) -> None:
        """Hand leadership over where there is someone to, and close everything."""
        if self.raft.leader == self.raft.id and not self._stopping:
            await self._hand_over()
        self._stopping = True
        self._timer.cancel()
        self.requests.stop()
        await self._mesh.stop()
        self._close_files()

    async def _hand_over(self) -> None:
        """To the voter that has most of the log, so that it takes least time."""
        raft = self.raft
        others = [id for id in raft.configuration.voters if id != raft.id and self.reaches(id)]
        if others:
            successor = max(others, key=lambda id: (raft.progress[id].match_index, id))
            with contextlib.suppress(errors.ApiError):
                await self.transfer_leadership(successor)

    def _close_files(self) -> None:
        self._writer.stop()
        self._wal.close()
        self.directory.close()
