"""Leader election (§5.2, §5.4.1), and the pre-vote before it (thesis §9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import messages as m
from raftproof.impl.core import quorum, replication
from raftproof.impl.core.entries import CONFIGURATION, NONE, Entry
from raftproof.impl.core.progress import REPLICATE, Progress
from raftproof.impl.core.roles import CANDIDATE, LEADER, PRE_CANDIDATE
from raftproof.impl.core.rules import LAST_TERM_FIRST, LEADER_APPEND_ONLY, LOG_UP_TO_DATE, VOTE_ONCE
from raftproof.impl.core.terms import become_follower, enter_term

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


def time_out(raft: Raft) -> None:
    """If the election timeout elapses without a leader: start an election (Figure 2, followers and candidates).

    The timer of a server without a vote runs on, as in etcd: started again, it would look like a lease on a leader that
    was not heard of, and others may count on its vote before it knows that it has one.
    """
    if not is_voter(raft):
        return
    raft.restart_election_timer()
    if not may_campaign(raft):
        return
    if raft.settings.pre_vote:
        _campaign_before(raft)
    else:
        campaign(raft)


def may_campaign(raft: Raft) -> bool:
    """A voter that holds its snapshot, and knows no committed change of membership that it has yet to apply."""
    if raft.role is LEADER or not is_voter(raft) or raft.pending_snapshot is not None or raft.snapshot_number:
        return False
    log = raft.log
    return not any(e.kind == CONFIGURATION for e in log.slice(raft.applied_index + 1, raft.commit_index))


def is_voter(raft: Raft) -> bool:
    """Whether this server's vote counts in its own configuration."""
    return raft.id in raft.configuration.voters or raft.id in raft.configuration.outgoing


def campaign(raft: Raft, transfer: bool = False) -> None:
    """Increment current_term, vote for self, send RequestVote to all other servers (Figure 2, candidates)."""
    enter_term(raft, raft.current_term + 1)
    raft.role = CANDIDATE
    raft.voted_for = raft.id
    if raft.observer is not None:
        raft.observer("BecomeCandidate", raft, None, None)
    term, log = raft.current_term, raft.log
    for server in _electorate(raft):
        if server == raft.id:
            raft.send(m.RequestVoteResponse(term, raft.id, server, True))
        else:
            raft.send(m.RequestVote(term, raft.id, server, log.last_index, log.last_term, transfer))


def _campaign_before(raft: Raft) -> None:
    """Ask whether a campaign could win, in the next term, without entering it (thesis §9.6)."""
    enter_term(raft, raft.current_term)
    raft.role = PRE_CANDIDATE
    if raft.observer is not None:
        raft.observer("BecomePreCandidate", raft, None, None)
    term, log = raft.current_term + 1, raft.log
    for server in _electorate(raft):
        if server == raft.id:
            raft.send(m.RequestPreVoteResponse(term, raft.id, server, True))
        else:
            raft.send(m.RequestPreVote(term, raft.id, server, log.last_index, log.last_term))


def _electorate(raft: Raft) -> list[int]:
    return sorted({*raft.deciding.voters, *raft.deciding.outgoing})


def up_to_date(raft: Raft, last_log_term: int, last_log_index: int) -> bool:
    """Whether a candidate's log is at least as up to date as this server's: the later last term, or in the same term
    the longer log (§5.4.1)."""
    log, broken = raft.log, raft.broken
    if broken:
        if LOG_UP_TO_DATE in broken:
            return True
        if LAST_TERM_FIRST in broken:
            return (last_log_index, last_log_term) >= (log.last_index, log.last_term)
    return (last_log_term, last_log_index) >= (log.last_term, log.last_index)


def request_vote(raft: Raft, message: m.RequestVote) -> None:
    """If voted_for is none or the candidate, and its log is at least as up to date, grant the vote (Figure 2).

    Differs: refused too while a leader of this term is known, as in etcd; the vote of this term is then taken anyway.
    """
    free = raft.voted_for in (NONE, message.source) or VOTE_ONCE in raft.broken
    known_leader = raft.voted_for == NONE and raft.leader != NONE
    granted = free and not known_leader and up_to_date(raft, message.last_log_term, message.last_log_index)
    raft.send(m.RequestVoteResponse(raft.current_term, raft.id, message.source, granted))
    if granted:
        raft.voted_for = message.source
        raft.election_elapsed = 0


def request_pre_vote(raft: Raft, message: m.RequestPreVote) -> None:
    """Granted for a later term, or where a real vote would be, and for an up-to-date log; recorded nowhere."""
    free = message.term > raft.current_term or raft.voted_for in (NONE, message.source)
    known_leader = message.term == raft.current_term and raft.voted_for == NONE and raft.leader != NONE
    granted = free and not known_leader and up_to_date(raft, message.last_log_term, message.last_log_index)
    term = message.term if granted else raft.current_term
    raft.send(m.RequestPreVoteResponse(term, raft.id, message.source, granted))


def request_vote_response(raft: Raft, message: m.RequestVoteResponse) -> None:
    """If votes are received from a majority of servers: become leader (Figure 2, candidates)."""
    if raft.role is not CANDIDATE:
        return
    raft.votes.setdefault(message.source, message.vote_granted)
    if _won(raft):
        become_leader(raft)
    elif _lost(raft):
        become_follower(raft, raft.current_term, NONE)


def request_pre_vote_response(raft: Raft, message: m.RequestPreVoteResponse) -> None:
    """If a majority would vote for this server: campaign."""
    if raft.role is not PRE_CANDIDATE or (message.vote_granted and message.term != raft.current_term + 1):
        return
    raft.votes.setdefault(message.source, message.vote_granted)
    if _won(raft):
        campaign(raft)
    elif _lost(raft):
        become_follower(raft, raft.current_term, NONE)


def _won(raft: Raft) -> bool:
    return quorum.has_quorum(raft.deciding, (s for s, granted in raft.votes.items() if granted), raft.broken)


def _lost(raft: Raft) -> bool:
    return quorum.is_lost(raft.deciding, (s for s, granted in raft.votes.items() if not granted), raft.broken)


def become_leader(raft: Raft) -> None:
    """Initialize next_index and match_index, and begin the term with an empty entry (Figure 2, leaders; §8)."""
    assert raft.log.stored_index == raft.log.last_index or raft.broken, "a leader is elected before its log is durable"
    enter_term(raft, raft.current_term)
    raft.role = LEADER
    raft.leader = raft.id
    if LEADER_APPEND_ONLY in raft.broken:
        raft.log.cut(raft.commit_index + 1)
    last = raft.log.last_index
    raft.progress = {server: Progress(0, last + 1) for server in raft.configuration.servers}
    own = raft.progress[raft.id]
    own.match_index = last
    own.flow = REPLICATE
    own.recent_active = True
    raft.pending_change_index = last  # what it finds in its log may hold a change; that must be applied first
    raft.ticks_led = 0
    raft.read_round = 0
    if raft.observer is not None:
        raft.observer("BecomeLeader", raft, None, None)
    appended = replication.append_as_leader(raft, (Entry(NONE, NONE),))
    assert appended, "a new leader may always append its first entry"
