"""Terms as a logical clock (§5.1): what a message of another term does, before any other rule sees it.

```
 message.term > current_term   become a follower of that term      unless a lease, or a pre-vote, says otherwise
 message.term < current_term   ignored; a pre-vote is refused      a stale leader may be told of the new term
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import NONE
from raftproof.impl.core.roles import CANDIDATE, FOLLOWER
from raftproof.impl.core.rules import KEEP_VOTE_ON_STEP_DOWN, REFUSE_STALE, REPLY_TERM

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft

_OF_A_LEADER = frozenset({m.AppendEntries, m.Heartbeat, m.InstallSnapshot})
_OF_NO_TERM = frozenset({m.Forward, m.ForwardRead, m.ForwardReadResponse})
"""What clients ask: whoever leads now may take it, and whoever asked may have the answer, in any term."""


def admit(raft: Raft, message: m.Message, kind: type) -> bool:
    """Whether a message of another term is still to be handled, after what its term alone demands."""
    if kind in _OF_NO_TERM:
        return True
    if message.term > raft.current_term:
        return _admit_newer(raft, message, kind)
    return _admit_older(raft, message, kind)


def _admit_newer(raft: Raft, message: m.Message, kind: type) -> bool:
    """If a request or response holds a term T > current_term: set current_term = T, become follower (§5.1)."""
    if kind is m.RequestVote or kind is m.RequestPreVote:
        forced = kind is m.RequestVote and message.transfer  # type: ignore[union-attr]
        if not forced and has_lease(raft):
            return False
    if kind is m.RequestPreVote or (kind is m.RequestPreVoteResponse and message.vote_granted):  # type: ignore[union-attr]
        return True  # asked for, or granted, in a term that nobody is in yet (thesis §9.6)
    become_follower(raft, message.term, message.source if kind in _OF_A_LEADER else NONE)
    return True


def _admit_older(raft: Raft, message: m.Message, kind: type) -> bool:
    """Reply false if term < current_term (Figure 2, both RPCs); here mostly by silence, as in etcd."""
    if raft.broken and (
        (REFUSE_STALE in raft.broken and kind is m.AppendEntries and raft.role is FOLLOWER)
        or (REPLY_TERM in raft.broken and kind is m.RequestVoteResponse)
    ):
        return True
    settings = raft.settings
    if kind in (m.AppendEntries, m.Heartbeat) and (settings.check_quorum or settings.pre_vote):
        # A server that came back with a higher term is not heard as a candidate by a cluster under a lease; this
        # answer makes the leader step down, so that the server can take part again.
        raft.send(m.AppendEntriesResponse(raft.current_term, raft.id, message.source, 0, True))
    elif kind is m.RequestPreVote:
        raft.send(m.RequestPreVoteResponse(raft.current_term, raft.id, message.source, False))
    return False


def has_lease(raft: Raft) -> bool:
    """Whether this server heard of a leader within the least election timeout: then it takes no part in an election,
    so that a server that was removed or cut off cannot disrupt (thesis §4.2.3)."""
    settings = raft.settings
    return settings.check_quorum and raft.leader != NONE and raft.election_elapsed < settings.election_timeout_ticks


def enter_term(raft: Raft, term: int) -> None:
    """Forget what belonged to the role before; the vote only if the term is new."""
    if term != raft.current_term:
        assert term > raft.current_term or raft.broken, "current_term falls"
        raft.current_term = term
        raft.voted_for = NONE
    raft.leader = NONE
    raft.votes.clear()
    raft.heartbeat_elapsed = 0
    raft.transferee = NONE
    raft.unsent = False
    raft.uncommitted_bytes = 0
    for reader, id in [
        *raft.reads_early,
        *raft.reads_asked,
        *(read for _, _, some in raft.reads_waiting for read in some),
    ]:
        if reader == raft.id:
            raft.dropped.append(id)
    raft.reads_early.clear()
    raft.reads_asked.clear()
    raft.reads_waiting.clear()
    raft.restart_election_timer()


def become_follower(raft: Raft, term: int, leader: int) -> None:
    """Follow a leader, or nobody yet."""
    if KEEP_VOTE_ON_STEP_DOWN in raft.broken and term == raft.current_term and raft.role is CANDIDATE:
        raft.voted_for = NONE
    enter_term(raft, term)
    raft.role = FOLLOWER
    raft.leader = leader
    if raft.observer is not None:
        raft.observer("BecomeFollower", raft, None, None)
