"""The state of one server (Figure 2) and the door to it: `step` takes an event, `ready` gives what is to be done.

The rules are in the files by subject; each is a function of a Raft and, mostly, a message. Here are only the state, the
table that says which rule an event goes to, and the bookkeeping of what is offered to the disk and what is durable.

Messages leave by one of two ways. What a leader sends goes at once. Everything else, a vote above all, promises
something that must be durable first, and waits in its Ready for `Stored`. A server also answers itself: a candidate its
own RequestVote, a leader its own append. These answers take the second way too, so that the server's own vote and its
own match_index count only when the disk holds what they promise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec.structs

from raftproof.impl.core import (
    election,
    events,
    invariants,
    membership,
    messages,
    reads,
    replication,
    snapshots,
    terms,
    transfer,
)
from raftproof.impl.core.effects import ReadState, Ready
from raftproof.impl.core.entries import CONFIGURATION, NONE, Configuration, Entry, HardState, Snapshot
from raftproof.impl.core.log import Log
from raftproof.impl.core.messages import AppendEntries, AppendEntriesResponse, Envelope, Forward, Heartbeat, Message
from raftproof.impl.core.progress import Progress
from raftproof.impl.core.roles import FOLLOWER, LEADER, Role
from raftproof.impl.core.rules import TERM_PERSISTED, VOTE_PERSISTED, check_names
from raftproof.impl.core.settings import Settings

Observer: TypeAlias = Callable[[str, "Raft", Message | None, Any], None]
"""Called with the event's name, the server in the state after it, its message, and what the event is about."""


class Raft:
    """One server."""

    __slots__ = (
        "applied_index",
        "applying_index",
        "broken",
        "commit_index",
        "configuration",
        "current_term",
        "deciding",
        "dropped",
        "election_elapsed",
        "election_timeout",
        "heartbeat_elapsed",
        "id",
        "leader",
        "log",
        "message_number",
        "messages_after",
        "messages_now",
        "observer",
        "offered_commit",
        "offered_state",
        "own_messages",
        "pending_change_index",
        "pending_snapshot",
        "progress",
        "random",
        "read_round",
        "reads_asked",
        "reads_done",
        "reads_early",
        "reads_waiting",
        "role",
        "settings",
        "snapshot",
        "snapshot_number",
        "stored_number",
        "ticks_led",
        "transferee",
        "uncommitted_bytes",
        "unsent",
        "voted_for",
        "votes",
        "write_number",
    )

    def __init__(
        self,
        settings: Settings,
        *,
        random: Callable[[int], int],
        snapshot: Snapshot,
        hard_state: HardState | None = None,
        entries: Sequence[Entry] = (),
        observer: Observer | None = None,
        broken: frozenset[str] = frozenset(),
    ) -> None:
        """A server starts, or starts again, from what is stored; the state machine holds the snapshot.

        Without a hard state it starts for the first time: a trace then tells how the cluster was founded.
        """
        check_names(broken)
        self.settings = settings
        self.id = settings.id
        self.random = random
        self.observer = observer
        self.broken = broken

        # Figure 2, persistent state. Invariant: last term of the log <= current_term
        self.log = Log(snapshot, entries)
        first_start = hard_state is None
        hard_state = hard_state or HardState()
        self.current_term = max(hard_state.term, self.log.last_term)
        self.voted_for = hard_state.vote if hard_state.term == self.current_term else NONE
        self.snapshot = snapshot  # the latest durable one. Invariant: log.base_index <= snapshot.index

        # Figure 2, volatile state. Invariant: applied <= applying <= commit <= last_index, and applying is stored
        self.commit_index = min(max(hard_state.commit, snapshot.index), self.log.last_index)
        self.applied_index = snapshot.index  # what the state machine has applied
        self.applying_index = snapshot.index  # what it was given to apply
        self.configuration = self.deciding = Configuration()  # as of applied_index; `deciding` is who agrees on things

        # Elections (§5.2). Invariant: votes is empty unless a candidate; leader is NONE unless one of current_term
        self.role: Role = FOLLOWER
        self.leader = NONE
        self.votes: dict[int, bool] = {}
        self.election_elapsed = 0
        self.election_timeout = 0
        self.heartbeat_elapsed = 0

        # A leader's own. Invariant: meaningless for others
        self.progress: dict[int, Progress] = {}
        self.unsent = False  # entries or a commit index that followers have not been sent
        self.pending_change_index = 0  # no change of membership is proposed before this is applied
        self.uncommitted_bytes = 0
        self.transferee = NONE
        self.ticks_led = 0

        # Reads (thesis §6.4), each as (who asked, its id). Invariant: empty unless leader, but for `done`
        self.read_round = 0
        self.reads_early: list[tuple[int, int]] = []  # wait for an entry of the own term to be committed
        self.reads_asked: list[tuple[int, int]] = []  # wait for the next round of heartbeats
        self.reads_waiting: deque[tuple[int, int, list[tuple[int, int]]]] = deque()  # round, commit_index then, reads
        self.reads_done: list[ReadState] = []

        # What goes out with the next Ready
        self.messages_now: list[Message] = []
        self.messages_after: list[Message] = []
        self.own_messages: deque[tuple[int, Message]] = deque()  # to this server, and the write they wait for
        self.dropped: list[int] = []
        self.pending_snapshot: Snapshot | None = None  # from a leader, not yet given out
        self.snapshot_number = 0  # the write that stores the last one given out; 0 when it is stored
        self.offered_state = (self.current_term, self.voted_for)
        self.offered_commit = self.commit_index
        self.write_number = 0  # of the last write given out
        self.stored_number = 0  # of the last write that is durable. Invariant: <= write_number
        self.message_number = 0  # of the last message, while an observer watches; may be set apart for each life

        self.restart_election_timer()
        membership.start(self, snapshot, first_start)

    # --- in ---------------------------------------------------------------------------------------------------------

    def step(self, event: events.Event) -> None:
        """Something happened."""
        _EVENTS[type(event)](self, event)

    def tick(self) -> None:
        """One unit of time has passed."""
        if self.role is LEADER:
            replication.tick_leader(self)
            return
        self.election_elapsed += 1
        if self.election_elapsed >= self.election_timeout:
            election.time_out(self)

    def receive(self, message: Message) -> None:
        """A message has arrived."""
        if self.observer is not None:
            self.observer("Receive", self, message, None)
        kind = type(message)
        if message.term != self.current_term and not terms.admit(self, message, kind):
            return
        _MESSAGES[kind](self, message)

    def propose(self, data: bytes, id: int = 0) -> None:
        """A client's command."""
        self.propose_entries((Entry(NONE, NONE, data),), id)

    def stored(self, number: int) -> None:
        """Every write up to `number` is durable."""
        assert self.stored_number < number <= self.write_number, "a write is stored that was not given out, or twice"
        self.stored_number = number
        self.log.stored(number)
        if self.snapshot_number and self.snapshot_number <= number:
            snapshots.finish_install(self)

    def applied(self, index: int) -> None:
        """The state machine has applied every entry up to `index`."""
        assert self.applied_index <= index <= self.applying_index, "entries are applied that were not given out"
        first, self.applied_index = self.applied_index + 1, index
        membership.apply_changes(self, first, index)

    # --- out --------------------------------------------------------------------------------------------------------

    def ready(self) -> Ready | None:
        """What is to be done next, or None. Each Ready must be done; several may be in flight."""
        while self.own_messages and self.own_messages[0][0] <= self.stored_number:
            self.receive(self.own_messages.popleft()[1])
        if self.role is LEADER:
            if self.reads_asked:
                reads.start_round(self)
            if self.unsent:
                replication.broadcast(self)
        log = self.log
        committed_last = self.commit_index if self.commit_index < log.stored_index else log.stored_index
        state = (self.current_term, self.voted_for)
        must_sync = log.last_index > log.offered_index or state != self.offered_state or bool(self.pending_snapshot)
        if not (
            must_sync
            or self.messages_after
            or self.messages_now
            or (committed_last > self.applying_index and not self.snapshot_number)
            or self.reads_done
            or self.dropped
        ):
            return None
        if self.settings.check_invariants:
            invariants.check(self)
        ready = self._bundle(must_sync, state, committed_last)
        if self.observer is not None:
            self.observer("Ready", self, None, None)
        return ready

    def _bundle(self, must_sync: bool, state: tuple[int, int], committed_last: int) -> Ready:
        hard_state, snapshot = None, self.pending_snapshot
        entries: tuple[Entry, ...] = ()
        if must_sync:
            self.write_number += 1
            hard_state = self._take_hard_state(state)
            if snapshot is not None:
                self.pending_snapshot = None
                self.snapshot_number = self.write_number
            if self.log.last_index > self.log.offered_index:
                entries = self.log.take_unoffered(self.write_number)
        committed: tuple[Entry, ...] = ()
        if committed_last > self.applying_index and not self.snapshot_number:
            committed = self.log.slice(self.applying_index + 1, committed_last)
            self.applying_index = committed_last
        ready = Ready(
            self.write_number,
            must_sync,
            hard_state,
            entries,
            snapshot,
            tuple(self.messages_now),
            tuple(self.messages_after),
            committed,
            tuple(self.reads_done),
            tuple(self.dropped),
        )
        self.messages_now.clear()
        self.messages_after.clear()
        self.reads_done.clear()
        self.dropped.clear()
        return ready

    def _take_hard_state(self, state: tuple[int, int]) -> HardState | None:
        """The hard state to store with this write; a commit index goes along, but is never a reason to write."""
        if state == self.offered_state and self.commit_index == self.offered_commit:
            return None
        self.offered_state, self.offered_commit = state, self.commit_index
        if self.broken:
            if TERM_PERSISTED in self.broken:
                return None
            if VOTE_PERSISTED in self.broken:
                return HardState(self.current_term, NONE, self.commit_index)
        return HardState(self.current_term, self.voted_for, self.commit_index)

    # --- what the rules use -----------------------------------------------------------------------------------------

    def send_now(self, message: Message) -> None:
        """Send what promises nothing that is not yet durable."""
        if self.observer is not None:
            self._number(message)
            self.observer("Send", self, message, None)
        self.messages_now.append(message)

    def send(self, message: Message) -> None:
        """Send once everything so far is durable; to the server itself too."""
        if self.observer is not None:
            self._number(message)
            self.observer("Send", self, message, None)
        if message.dest == self.id:
            wait = self.write_number + self._has_unwritten()
            self.own_messages.append((wait, message))
        else:
            self.messages_after.append(message)

    def _has_unwritten(self) -> bool:
        """Whether the next Ready holds something to store."""
        return (
            self.log.last_index > self.log.offered_index
            or (self.current_term, self.voted_for) != self.offered_state
            or self.pending_snapshot is not None
        )

    def _number(self, message: Envelope) -> None:
        self.message_number += 1
        msgspec.structs.force_setattr(message, "number", self.message_number)

    def restart_election_timer(self) -> None:
        """A new random timeout (§5.2): from the election timeout to just below twice it."""
        self.election_elapsed = 0
        ticks = self.settings.election_timeout_ticks
        self.election_timeout = ticks + self.random(ticks)

    def propose_entries(self, entries: tuple[Entry, ...], id: int = 0) -> None:
        """Append as leader, pass on to the leader, or drop."""
        if self.role is LEADER:
            if not replication.append_as_leader(self, entries) and id:
                self.dropped.append(id)
        elif self.leader:
            self.send(Forward(self.current_term, self.id, self.leader, entries))
        elif id:
            self.dropped.append(id)


def _receive_forward(raft: Raft, message: Forward) -> None:
    if raft.role is LEADER:
        replication.append_as_leader(raft, message.entries)


def _propose_change(raft: Raft, event: events.ProposeChange) -> None:
    raft.propose_entries((Entry(NONE, NONE, membership.encode(event.change), CONFIGURATION),), event.id)


_EVENTS: dict[Any, Callable[[Raft, Any], None]] = {
    events.Tick: lambda raft, _: raft.tick(),
    events.Receive: lambda raft, event: raft.receive(event.message),
    events.Propose: lambda raft, event: raft.propose(event.data, event.id),
    events.ProposeChange: _propose_change,
    events.ReadIndex: lambda raft, event: reads.ask(raft, event.id),
    events.Stored: lambda raft, event: raft.stored(event.number),
    events.Applied: lambda raft, event: raft.applied(event.index),
    events.Compact: lambda raft, event: snapshots.compact(raft, event.snapshot, event.index),
    events.TransferLeadership: lambda raft, event: transfer.start(raft, event.to),
    events.Campaign: lambda raft, _: election.time_out(raft),
    events.Unreachable: lambda raft, event: replication.unreachable(raft, event.server),
}

_MESSAGES: dict[Any, Callable[[Raft, Any], None]] = {
    AppendEntries: replication.append_entries,
    AppendEntriesResponse: replication.append_entries_response,
    Heartbeat: replication.heartbeat,
    messages.HeartbeatResponse: replication.heartbeat_response,
    messages.InstallSnapshot: snapshots.install,
    messages.RequestVote: election.request_vote,
    messages.RequestVoteResponse: election.request_vote_response,
    messages.RequestPreVote: election.request_pre_vote,
    messages.RequestPreVoteResponse: election.request_pre_vote_response,
    messages.TimeoutNow: transfer.timeout_now,
    Forward: _receive_forward,
    messages.ForwardRead: reads.forwarded,
    messages.ForwardReadResponse: reads.forwarded_response,
}
