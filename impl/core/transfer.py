"""Handing leadership over (thesis §3.10): bring the successor up to date, then tell it to campaign at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import election, replication
from raftproof.impl.core import messages as m
from raftproof.impl.core.progress import Progress
from raftproof.impl.core.roles import LEADER

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


def start(raft: Raft, to: int) -> None:
    """The leader stops taking proposals; if the successor lags, it is sent what it lacks first."""
    if raft.role is not LEADER or to == raft.id or to not in raft.configuration.voters:
        return
    raft.transferee = to
    raft.ticks_led = 0
    progress = raft.progress[to]
    if not continue_with(raft, progress):
        replication.send_append(raft, to, progress)


def continue_with(raft: Raft, progress: Progress) -> bool:
    """Once the successor's log is as long as the leader's, it may campaign."""
    if progress.match_index < raft.log.last_index:
        return False
    raft.send_now(m.TimeoutNow(raft.current_term, raft.id, raft.transferee))
    return True


def timeout_now(raft: Raft, message: m.TimeoutNow) -> None:
    """Campaign without a pre-vote, in spite of any lease: the leader itself has asked."""
    if raft.role is not LEADER and election.may_campaign(raft):
        election.campaign(raft, transfer=True)
