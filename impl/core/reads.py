"""Linearizable reads without writing to the log (§8, thesis §6.4).

The leader notes its commit_index, makes sure by one round of heartbeats that it still led when it did, and lets the
reader wait until that much is applied. All reads between two Readys share a round; a heartbeat confirms every round up
to the one it carries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import messages as m
from raftproof.impl.core import quorum, replication
from raftproof.impl.core.effects import ReadState
from raftproof.impl.core.roles import LEADER
from raftproof.impl.core.rules import READ_CONFIRMED, READ_OWN_TERM

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


def ask(raft: Raft, id: int) -> None:
    """A client of this server wants to read."""
    if raft.role is LEADER:
        if raft.observer is not None:
            raft.observer("AskRead", raft, None, id)
        _ask_leader(raft, raft.id, id)
    elif raft.leader:
        raft.send(m.ForwardRead(raft.current_term, raft.id, raft.leader, id))
    else:
        raft.dropped.append(id)


def forwarded(raft: Raft, message: m.ForwardRead) -> None:
    """A follower's client wants to read."""
    if raft.role is LEADER:
        _ask_leader(raft, message.source, message.id)


def forwarded_response(raft: Raft, message: m.ForwardReadResponse) -> None:
    """The leader has answered: this server may read once it has applied as much."""
    raft.reads_done.append(ReadState(message.id, message.index))


def _ask_leader(raft: Raft, reader: int, id: int) -> None:
    """A leader knows which entries are committed only after it has committed one of its own term (§8)."""
    if raft.broken and READ_CONFIRMED in raft.broken:
        _answer(raft, reader, id, raft.commit_index)
    elif raft.log.term(raft.commit_index) == raft.current_term or READ_OWN_TERM in raft.broken:
        raft.reads_asked.append((reader, id))
    else:
        raft.reads_early.append((reader, id))


def release_early(raft: Raft) -> None:
    """An entry of the own term is committed."""
    raft.reads_asked += raft.reads_early
    raft.reads_early.clear()


def start_round(raft: Raft) -> None:
    """Confirm all reads asked since the last round by one exchange of heartbeats."""
    raft.read_round += 1
    raft.reads_waiting.append((raft.read_round, raft.commit_index, raft.reads_asked))
    raft.reads_asked = []
    if raft.observer is not None:
        raft.observer("BeginRound", raft, None, raft.read_round)
    replication.send_heartbeats(raft)
    confirm(raft)


def confirm(raft: Raft) -> None:
    """Answer the rounds that a majority has confirmed; the leader confirms its own at once."""
    rounds = {server: progress.read_round for server, progress in raft.progress.items()}
    rounds[raft.id] = raft.read_round
    reached = quorum.jointly_agreed(raft.deciding, rounds, raft.broken)
    waiting = raft.reads_waiting
    while waiting and waiting[0][0] <= reached:
        _, index, reads = waiting.popleft()
        for reader, id in reads:
            _answer(raft, reader, id, index)


def _answer(raft: Raft, reader: int, id: int, index: int) -> None:
    if reader == raft.id:
        raft.reads_done.append(ReadState(id, index))
        if raft.observer is not None:
            raft.observer("AnswerRead", raft, None, raft.reads_done[-1])
    else:
        raft.send_now(m.ForwardReadResponse(raft.current_term, raft.id, reader, id, index))
