"""What clients ask of the cluster, until it is answered: it waits here, and is given to the core when that has a use
for it.

    propose ──▶ held ──┬─▶ core ─▶ committed ─▶ applied here ─▶ resolve     a proposal, with others in a batch
    read    ──▶ asked ─┘   core ─▶ confirmed ─▶ applied here ─▶ release     all that want to read, by one question
               └ while there is a leader and a way to it; else they wait for the next

What was given to a leader that is gone may be lost or may yet be committed: a proposal is given a little more time and
then refused, a question is asked again.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable

import msgspec

from raftproof.impl import core
from raftproof.impl.core import Ready
from raftproof.impl.core.raft import Raft
from raftproof.impl.kv import Command
from raftproof.impl.server import errors
from raftproof.impl.server.gathering import Gathering
from raftproof.impl.server.machine import Member, MemberChange, Outcome, Proposal, Publish, encode_proposal
from raftproof.impl.server.reads import Reads
from raftproof.impl.server.waiting import Waiting
from raftproof.impl.server.writer import Writer


class Requests:
    """Everything that waits for an answer of the cluster."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        raft: Raft,
        writer: Writer,
        reaches: Callable[[int], bool],
        schedule: Callable[[], None],
    ) -> None:
        """Nobody has asked. `reaches` tells whether there is a way to a server; `schedule` is called when there is
        something that `offer` would give to the core."""
        self._raft, self._writer, self._reaches, self._schedule = raft, writer, reaches, schedule
        self._ids = itertools.count(secrets.randbits(47) << 16)
        self._proposals: Waiting[Outcome] = Waiting(loop)
        self._held = Gathering(loop, schedule)
        self._reads = Reads(loop)
        self._leader = (0, 0)  # as of the last offer: the leader and its term
        self._is_caught_up = False
        self.resolve = self._proposals.resolve
        """A proposal is applied here: its id and its outcome."""

    # --- clients ask ----------------------------------------------------------------------------------------------

    def propose(self, command: Command | Publish) -> asyncio.Future[Outcome]:
        """Replicate a command; done with its outcome, once it is applied here. Raises ApiError."""
        id = next(self._ids)
        return self._hold(id, core.Propose(encode_proposal(Proposal(id, command)), id))

    async def change_members(self, kind: core.Change, member: Member) -> tuple[Member, ...]:
        """Change the membership; the members after it. Raises ApiError."""
        id = next(self._ids)
        context = msgspec.msgpack.encode(MemberChange(id, member))
        change = core.ConfigurationChange(((kind, member.id),), context=context)
        outcome = await self._hold(id, core.ProposeChange(change, id))
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

    def _hold(self, id: int, event: core.Propose | core.ProposeChange) -> asyncio.Future[Outcome]:
        future = self._proposals.add(id)
        self._held.add(id, event)
        if self._is_batch_due():
            self._schedule()
        return future

    # --- the core is given it -------------------------------------------------------------------------------------

    def offer(self) -> None:
        """Give the core a batch of what clients propose, and one question for all reads that wait."""
        raft = self._raft
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
        return self._reaches(self._raft.leader)

    def _leader_changed(self) -> None:
        self._leader = (self._raft.leader, self._raft.current_term)
        if not self._raft.leader:
            return
        self._proposals.leader_changed()
        for id in self._held.ids():
            self._proposals.keep(id)
        self._reads.give_up()

    # --- and answers ----------------------------------------------------------------------------------------------

    def answered(self, ready: Ready) -> None:
        """Reads may be released and may be asked for; what the core had no use for is refused, or asked again."""
        for read in ready.reads:
            self._reads.answered(read.id, read.index)
        self._reads.release(self._raft.applied_index)
        if self._reads.wants_to_ask:
            self._schedule()
        for id in ready.dropped:
            if not self._reads.give_up(id):
                self._proposals.fail(id, errors.too_many_requests())  # too much is uncommitted

    def tick(self) -> None:
        """Time passes: whose time is up is told so. A server that has restarted catches up."""
        has_leader = bool(self._raft.leader)
        self._proposals.expire(() if self._reaches_leader() else self._held.ids())
        self._reads.tick(has_leader)
        if has_leader and not self._is_caught_up and not self._reads.waiting:
            self.read_barrier()

    def stop(self) -> None:
        """Nothing will be answered any more."""
        self._held.stop()
        self._proposals.fail_all(errors.stopped())
        self._reads.waiting.fail_all(errors.stopped())
