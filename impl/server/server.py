"""One server: it gives the core events, and does what the core asks for.

    peers ──messages──▶┐                      ┌──▶ messages to peers
    clients ─proposals─▶ core: step … ready ──┼──▶ log: one record, one sync, for all that came since the last
    clock ─────ticks──▶┘                      └──▶ machine: apply ──▶ whoever waits

Everything but the sync runs in one thread and one event loop. Events are given to the core as they come; what it wants
done is collected once the loop has handled all that had arrived. One write is on its way to the disk at a time. What
clients propose is gathered, so that under load one sync and one message to each follower carry many proposals.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections import defaultdict, deque

import msgspec

from raftproof.impl import core
from raftproof.impl.core import Message, Ready, Snapshot
from raftproof.impl.core.raft import Observer
from raftproof.impl.kv import Command
from raftproof.impl.server import errors
from raftproof.impl.server.beginning import found_or_join, judge, recover
from raftproof.impl.server.directory import DataDirectory
from raftproof.impl.server.errors import CannotStart, Stopped
from raftproof.impl.server.gathering import Gathering
from raftproof.impl.server.machine import Machine, Member, MemberChange, Outcome, Proposal, Publish, encode_proposal
from raftproof.impl.server.peers import PROTOCOL, Answer, Hello, Link, Listener, Refusal
from raftproof.impl.server.reads import Reads
from raftproof.impl.server.settings import ELECTION_TICKS, TICK_SECONDS, ServerSettings
from raftproof.impl.server.tls import check_files, peer_contexts
from raftproof.impl.server.waiting import Waiting
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

    async def start(self) -> None:
        """Recover from the data directory, listen for peers and dial them; raises CannotStart."""
        self._loop = asyncio.get_running_loop()
        self.finished = self._loop.create_future()
        check_files(self.settings.client_certificates)
        listening, self._dialling = peer_contexts(self.settings.peer_certificates)
        self.directory = DataDirectory(self.settings)
        try:
            self.identity = self.directory.identity() or await found_or_join(self.directory, self._dialling)
            self._wal, self.machine, self.raft = recover(self.directory, self.identity, self._observer)
        except CannotStart:
            self.directory.close()
            raise
        self._reset()
        try:
            await self._listener.start(self.settings.peer_url, listening)
        except CannotStart:
            self._close_files()
            raise
        self._link_members()
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
        self._schedule()

    def _reset(self) -> None:
        """Nothing has happened yet."""
        self._listener = Listener(self._judge, self._answer, self._receive)
        self._links: dict[int, Link] = {}
        self._arrived: list[Message] = []  # from peers, not yet given to the core
        self._ticks = 0  # of the clock, likewise
        self._ids = itertools.count(secrets.randbits(47) << 16)
        self._proposals: Waiting[Outcome] = Waiting(self._loop)
        self._held = Gathering(self._loop, self._schedule)
        self._reads = Reads(self._loop)
        self._writer = Writer(self._loop, self._wal, self._written)
        self._unstored: deque[tuple[int, tuple[Message, ...]]] = deque()  # numbers not yet durable, and what waits
        self._stored = 0
        self._snapshot_index = self.raft.snapshot.index
        self._leader = (0, 0)  # as of the last turn: the leader and its term
        self._scheduled = self._stopping = self._published = self._is_caught_up = False

    def _link_members(self) -> None:
        """Dial exactly the other members."""
        wanted = {id: member.peer_urls[0] for id, member in self._members().items() if id != self.identity.server}
        for id, link in list(self._links.items()):
            if wanted.get(id) != link.url:
                self._links.pop(id).stop()
        for id, url in wanted.items():
            if id not in self._links:
                hello = Hello(PROTOCOL, self.identity.cluster, self.identity.server, id)
                self._links[id] = Link(url, hello, self._dialling, self._refused)

    # --- events in ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)
        self._ticks += 1
        has_leader = bool(self.raft.leader)
        self._proposals.expire(() if self._reaches_leader() else self._held.ids())
        self._reads.tick(has_leader)
        if has_leader and not self._is_caught_up and not self._reads.waiting:
            self.read_barrier()
        if not self._published and has_leader and self.identity.server in self.machine.members:
            self._published = True
            publish = Publish(self.identity.server, self.identity.name, (self.settings.client_url,))
            member = self.machine.members[self.identity.server]
            if (member.name, member.client_urls) != (publish.name, publish.client_urls):
                self._propose_publish(publish)
        self._schedule()

    def _propose_publish(self, publish: Publish) -> None:
        id = next(self._ids)

        def again(future: asyncio.Future[Outcome]) -> None:
            self._published = not future.cancelled() and future.exception() is None

        self._proposals.add(id).add_done_callback(again)
        self._hold(id, core.Propose(encode_proposal(Proposal(id, publish)), id))

    def _receive(self, messages: list[Message]) -> None:
        if not self._stopping:
            self._arrived += messages
            self._schedule()

    async def propose(self, command: Command) -> Outcome:
        """Replicate a command; its outcome, once it is applied here. Raises ApiError."""
        id = next(self._ids)
        future = self._proposals.add(id)
        self._hold(id, core.Propose(encode_proposal(Proposal(id, command)), id))
        return await future

    async def change_members(self, kind: core.Change, member: Member) -> tuple[Member, ...]:
        """Change the membership; the members after it. Raises ApiError."""
        id = next(self._ids)
        future = self._proposals.add(id)
        context = msgspec.msgpack.encode(MemberChange(id, member))
        change = core.ConfigurationChange(((kind, member.id),), context=context)
        self._hold(id, core.ProposeChange(change, id))
        outcome = await future
        assert isinstance(outcome, tuple)
        return outcome

    def read_barrier(self) -> asyncio.Future[None]:
        """Done when what was committed at the time of the call is applied here (thesis §6.4). Raises ApiError."""
        future = self._reads.add(next(self._ids))
        future.add_done_callback(self._caught_up)
        self._schedule()
        return future

    async def local_barrier(self) -> None:
        """Return when this server shows nothing older than before it was restarted: what it had applied is not all
        durable, so it must have caught up with a leader once. Raises ApiError."""
        if not self._is_caught_up:
            await self.read_barrier()

    def _caught_up(self, future: asyncio.Future[None]) -> None:
        self._is_caught_up = self._is_caught_up or (not future.cancelled() and future.exception() is None)

    async def transfer_leadership(self, to: int) -> None:
        """Hand over, and return when the other leads. Raises ApiError."""
        self.raft.step(core.TransferLeadership(to))
        self._schedule()
        for _ in range(2 * ELECTION_TICKS):
            await asyncio.sleep(TICK_SECONDS / 2)
            if self.raft.leader == to:
                return
        raise errors.timed_out()

    def _hold(self, id: int, event: core.Propose | core.ProposeChange) -> None:
        self._held.add(id, event)
        if self._is_batch_due():
            self._schedule()

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
            self._offer()
            while (ready := self.raft.ready()) is not None:
                self._do(ready)
                self._offer()
            self._write()
        except (LogError, Stopped) as error:
            self._end(Stopped(str(error)))
        except Exception as error:  # a broken invariant: what this server would do next cannot be trusted
            log.exception("the server stops because of a defect")
            self._end(Stopped(f"a defect in the server: {error or type(error).__name__}"))

    def _offer(self) -> None:
        """Give the core a batch of what clients propose, and one question for all reads that wait."""
        raft = self.raft
        if (raft.leader, raft.current_term) != self._leader:
            self._leader_changed()
        if not self._reaches_leader() or raft.transferee:
            return
        if self._is_batch_due():
            for id, event in self._held.take():
                if id in self._proposals:  # or it was refused for want of a leader, and must not happen any more
                    raft.step(event)
        if self._reads.wants_to_ask:
            id = next(self._ids)
            self._reads.ask(id)
            raft.step(core.ReadIndex(id))

    def _is_batch_due(self) -> bool:
        """Whether it is time to give the core what clients propose; never while a write is on its way."""
        return not self._writer.is_busy and self._held.is_due(len(self._proposals) - len(self._held))

    def _reaches_leader(self) -> bool:
        """Whether what is given to the core now has a way to go; else it had better wait for the next leader."""
        leader = self.raft.leader
        return leader == self.raft.id or (leader in self._links and self._links[leader].is_up)

    def _leader_changed(self) -> None:
        raft = self.raft
        self._leader = (raft.leader, raft.current_term)
        if not raft.leader:
            return
        name = self.machine.members[raft.leader].name if raft.leader in self.machine.members else ""
        log.info("%s (%x) leads term %d", name or "a server", raft.leader, raft.current_term)
        self._proposals.leader_changed()
        for id in self._held.ids():
            self._proposals.keep(id)
        self._reads.give_up()

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
        for read in ready.reads:
            self._reads.answered(read.id, read.index)
        self._reads.release(self.raft.applied_index)
        if self._reads.wants_to_ask:
            self._schedule()
        for id in ready.dropped:
            self._dropped(id)

    def _send(self, messages: tuple[Message, ...]) -> None:
        by_server: defaultdict[int, list[Message]] = defaultdict(list)
        for message in messages:
            by_server[message.dest].append(message)
        for dest, batch in by_server.items():
            link = self._links.get(dest)
            if link is None or not link.send(batch):
                self.raft.step(core.Unreachable(dest))

    def _apply(self, ready: Ready) -> None:
        machine, resolve = self.machine, self._proposals.resolve
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

    def _dropped(self, id: int) -> None:
        """The core had no use for it: a question is asked again, a proposal is refused (too much is uncommitted)."""
        if not self._reads.give_up(id):
            self._proposals.fail(id, errors.too_many_requests())

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
        self._link_members()
        if self.identity.server in self.machine.removed:
            # a little later, so that the others learn that the removal is committed
            self._loop.call_later(ELECTION_TICKS * TICK_SECONDS, self._removed)

    def _removed(self) -> None:
        self._end(Stopped(f"server {self.identity.name} was removed from the cluster; its data is of no more use"))

    def _judge(self, hello: Hello) -> Refusal | None:
        return judge(hello, self.identity, self.machine.removed)

    def _answer(self) -> Answer:
        members = self._members()
        return Answer(self.identity.cluster, tuple(members[id] for id in sorted(members)))

    def _members(self) -> dict[int, Member]:
        """As the log tells them; a server that has just joined knows only what it was told then."""
        return self.machine.members or {member.id: member for member in self.identity.members}

    def _refused(self, answer: Answer) -> None:
        if answer.removed:
            self._removed()
        else:
            log.warning("a peer refuses this server: %s", answer.refusal)

    # --- the end ------------------------------------------------------------------------------------------------

    def _end(self, reason: Stopped) -> None:
        """The server cannot go on. Nothing more is sent, answered or written."""
        if self._stopping:
            return
        self._stopping = True
        self._proposals.fail_all(errors.stopped())
        self._reads.waiting.fail_all(errors.stopped())
        self.finished.set_exception(reason)

    async def stop(self) -> None:
        """Hand leadership over where there is someone to, and close everything."""
        raft = self.raft
        if raft.leader == raft.id and not self._stopping:
            others = [id for id in raft.configuration.voters if id in self._links and self._links[id].is_up]
            if others:
                successor = max(others, key=lambda id: (raft.progress[id].match_index, id))
                with contextlib.suppress(errors.ApiError):
                    await self.transfer_leadership(successor)
        self._stopping = True
        self._timer.cancel()
        self._held.stop()
        self._proposals.fail_all(errors.stopped())
        self._reads.waiting.fail_all(errors.stopped())
        for link in self._links.values():
            link.stop()
        await self._listener.stop()
        self._close_files()

    def _close_files(self) -> None:
        self._writer.stop()
        self._wal.close()
        self.directory.close()
