"""Pre-vote (thesis §9.6), check-quorum and its lease (§6.2, §4.2.3), and handing leadership over (§3.10)."""

from __future__ import annotations

from raftproof.model.deployed.election import become_candidate, may_campaign, record_vote
from raftproof.model.deployed.parts import (
    become_follower,
    has_lost,
    has_won,
    is_up_to_date,
    is_voter,
    last_term,
    post,
)
from raftproof.model.deployed.state import (
    Answer,
    Deployed,
    PreVoteAnswer,
    Promise,
    RequestPreVote,
    RequestVote,
    Role,
    TimeoutNow,
    everything,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Server


def count_pre_vote(s: Deployed, i: Server, j: Server, reject: bool) -> None:
    """A majority that would vote for server i lets it campaign."""
    record_vote(s, i, j, reject)
    if has_won(s, i):
        become_candidate(s, i)
    elif has_lost(s, i):
        become_follower(s, i, s.current_term[i], NIL)


@everything.action(Rule.ELECTION_TIMEOUT, Rule.CHANGE_BEFORE_CAMPAIGN)
def pre_campaign(s: Deployed, i: Server) -> bool:
    """With pre-vote, an election timeout makes server i ask whether it could win, and keeps its term."""
    if not s.pre_vote or not may_campaign(s, i):
        return False
    s.role[i] = Role.PRE_CANDIDATE
    s.leader[i] = NIL
    s.votes_granted[i].clear()
    s.votes_refused[i].clear()
    return True


@everything.action(Rule.REQUEST_VOTES)
def request_pre_vote(s: Deployed, i: Server, j: Server) -> bool:
    """Pre-candidate i asks j whether it would vote for it in the next term; that promises nothing."""
    if s.role[i] != Role.PRE_CANDIDATE or i == j or not is_voter(s, i, j):
        return False
    if j in s.votes_granted[i] or j in s.votes_refused[i]:
        return False
    s.messages.send(
        RequestPreVote(
            term=s.current_term[i] + 1, last_log_index=len(s.log[i]), last_log_term=last_term(s, i), source=i, dest=j
        )
    )
    return True


@everything.action(Rule.VOTE_FOR_SELF)
def count_own_pre_vote(s: Deployed, i: Server) -> bool:
    """Pre-candidate i would vote for itself."""
    if s.role[i] != Role.PRE_CANDIDATE or i in s.votes_granted[i]:
        return False
    count_pre_vote(s, i, i, False)
    return True


@everything.action(Rule.VOTE_OLDER_TERM, Rule.VOTE_ONCE, Rule.LOG_UP_TO_DATE, Rule.LAST_TERM_FIRST)
def receive_pre_vote_request(s: Deployed, m: RequestPreVote) -> bool:
    """Server i would vote for a later term, or where it really would, and for a log as up to date; it takes no note."""
    i, j = m.dest, m.source
    s.messages.discard(m)
    would = s.voted_for[i] == j or (s.voted_for[i] == NIL and s.leader[i] == NIL) or m.term > s.current_term[i]
    grant = m.term >= s.current_term[i] and would and is_up_to_date(s, i, m.last_log_term, m.last_log_index)
    term = m.term if grant else s.current_term[i]
    post(s, i, Answer(Promise.PRE_VOTE, j, term, not grant, 0, 0, 0))
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN)
def receive_pre_vote_answer(s: Deployed, m: PreVoteAnswer) -> bool:
    """Pre-candidate i counts the answer of j; only a refusal can come from a later term."""
    i = m.dest
    s.messages.discard(m)
    if m.term > s.current_term[i] and m.reject:
        become_follower(s, i, m.term, NIL)
    elif m.term >= s.current_term[i] and s.role[i] == Role.PRE_CANDIDATE:
        count_pre_vote(s, i, m.source, m.reject)
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN)
def ignore_under_lease(s: Deployed, m: RequestVote | RequestPreVote) -> bool:
    """With check-quorum, a server that heard of a leader a short while ago takes no part in an election."""
    i = m.dest
    if not s.check_quorum or s.leader[i] == NIL or m.term <= s.current_term[i]:
        return False
    s.messages.discard(m)
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN)
def step_down(s: Deployed, i: Server) -> bool:
    """A leader that hears of no majority steps down, with check-quorum; or one that is no voter any more (§6)."""
    if s.role[i] != Role.LEADER or not (s.check_quorum or not is_voter(s, i, i)):
        return False
    become_follower(s, i, s.current_term[i], NIL)
    return True


@everything.action(Rule.HEARTBEATS)
def transfer(s: Deployed, i: Server, j: Server) -> bool:
    """Leader i tells j, whose log is as long as its own, to campaign at once."""
    if s.role[i] != Role.LEADER or i == j or not is_voter(s, i, j) or s.match_index[i][j] != len(s.log[i]):
        return False
    s.messages.send(TimeoutNow(term=s.current_term[i], source=i, dest=j))
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN, Rule.ELECTION_TIMEOUT)
def receive_timeout_now(s: Deployed, m: TimeoutNow) -> bool:
    """Server i campaigns without a pre-vote: its leader has asked for it."""
    i = m.dest
    s.messages.discard(m)
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, m.source)
    if m.term == s.current_term[i] and may_campaign(s, i):
        become_candidate(s, i)
    return True
