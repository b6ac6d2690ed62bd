"""Leader election (§5.2, §5.4.1): campaigns, votes, and a leader's first entry."""

from __future__ import annotations

from raftproof.model.deployed.parts import (
    become_follower,
    enter_term,
    has_change,
    has_lost,
    has_won,
    is_up_to_date,
    is_voter,
    is_written,
    last_term,
    post,
)
from raftproof.model.deployed.state import (
    NO_SERVERS,
    Answer,
    Deployed,
    Entry,
    Kind,
    Promise,
    RequestVote,
    Role,
    VoteAnswer,
    everything,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Server


def may_campaign(s: Deployed, i: Server) -> bool:
    """A voter whose snapshot is on its disk, and that knows no committed change which it has yet to apply."""
    if s.role[i] == Role.LEADER or not is_voter(s, i, i) or s.snapshot[i] != s.disk_snapshot[i]:
        return False
    return not s.upholds(Rule.CHANGE_BEFORE_CAMPAIGN) or not has_change(s, i, s.applied[i] + 1, s.commit_index[i])


def become_candidate(s: Deployed, i: Server) -> None:
    """Increment current_term, vote for self (Figure 2, candidates)."""
    enter_term(s, i, s.current_term[i] + 1)
    s.role[i] = Role.CANDIDATE
    s.voted_for[i] = i


def append_own(s: Deployed, i: Server, kind: Kind, added: int, removed: int, learners: int) -> None:
    """A leader appends an entry of its term to its log (§5.3)."""
    s.log[i].append(Entry(s.current_term[i], kind, added, removed, learners))


def become_leader(s: Deployed, i: Server) -> None:
    """Nothing is known to match but the own log; begin the term with an empty entry (§8).

    What is in the log may change the membership, and must be applied before another change is proposed.
    """
    last = len(s.log[i])
    enter_term(s, i, s.current_term[i])
    s.role[i] = Role.LEADER
    s.leader[i] = i
    s.match_index[i][i] = last
    s.pending_change[i] = last
    append_own(s, i, Kind.NORMAL, NO_SERVERS, NO_SERVERS, NO_SERVERS)


def record_vote(s: Deployed, i: Server, j: Server, reject: bool) -> None:
    """The first answer of a server counts."""
    if j not in s.votes_granted[i] and j not in s.votes_refused[i]:
        if reject:
            s.votes_refused[i].add(j)
        else:
            s.votes_granted[i].add(j)


def count_vote(s: Deployed, i: Server, j: Server, reject: bool) -> None:
    """The votes of a majority make a leader, or the refusals of one a follower (Figure 2, candidates)."""
    record_vote(s, i, j, reject)
    if has_won(s, i):
        become_leader(s, i)
    elif has_lost(s, i):
        become_follower(s, i, s.current_term[i], NIL)


@everything.action(
    Rule.ELECTION_TIMEOUT,
    Rule.INCREMENT_TERM,
    Rule.VOTE_FOR_SELF,
    Rule.TIMEOUT_STARTS_NEW_ELECTION,
    Rule.CHANGE_BEFORE_CAMPAIGN,
)
def campaign(s: Deployed, i: Server) -> bool:
    """An election timeout makes server i a candidate of the next term (§5.2); with pre-vote, it asks around first."""
    if s.pre_vote or not may_campaign(s, i):
        return False
    become_candidate(s, i)
    return True


@everything.action(Rule.REQUEST_VOTES, Rule.REQUEST_PERSISTED)
def request_vote(s: Deployed, i: Server, j: Server) -> bool:
    """Candidate i asks j for its vote, once its own term and vote are on its disk."""
    if s.role[i] != Role.CANDIDATE or i == j or not is_voter(s, i, j):
        return False
    if j in s.votes_granted[i] or j in s.votes_refused[i]:
        return False
    if not is_written(s, i) and s.upholds(Rule.REQUEST_PERSISTED):
        return False
    s.messages.send(
        RequestVote(
            term=s.current_term[i], last_log_index=len(s.log[i]), last_log_term=last_term(s, i), source=i, dest=j
        )
    )
    return True


@everything.action(Rule.VOTE_FOR_SELF, Rule.VOTE_PERSISTED, Rule.QUORUM_MAJORITY, Rule.LEARNER_NO_VOTE)
def count_own_vote(s: Deployed, i: Server) -> bool:
    """Candidate i counts its own vote, once it is on its disk: a message to itself."""
    if s.role[i] != Role.CANDIDATE or i in s.votes_granted[i] or not is_written(s, i):
        return False
    count_vote(s, i, i, False)
    return True


@everything.action(
    Rule.HIGHER_TERM_STEPS_DOWN,
    Rule.VOTE_OLDER_TERM,
    Rule.VOTE_ONCE,
    Rule.LOG_UP_TO_DATE,
    Rule.LAST_TERM_FIRST,
    Rule.VOTE_PERSISTED,
    Rule.FOLLOWERS_RESPOND,
)
def receive_vote_request(s: Deployed, m: RequestVote) -> bool:
    """Server i grants or refuses its vote; a request of an older term is not answered.

    Differs from Figure 2, as etcd does: a server that has not voted in this term refuses, too, while it knows a
    leader of it.
    """
    i, j = m.dest, m.source
    s.messages.discard(m)
    if m.term < s.current_term[i]:
        return True
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, NIL)
    is_free = s.voted_for[i] == j or s.voted_for[i] == NIL or not s.upholds(Rule.VOTE_ONCE)
    follows = s.voted_for[i] == NIL and s.leader[i] != NIL
    grant = is_free and not follows and is_up_to_date(s, i, m.last_log_term, m.last_log_index)
    if grant:
        s.voted_for[i] = j
    post(s, i, Answer(Promise.VOTE, j, s.current_term[i], not grant, 0, 0, 0))
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN, Rule.REPLY_TERM, Rule.QUORUM_MAJORITY, Rule.KEEP_VOTE_ON_STEP_DOWN)
def receive_vote_answer(s: Deployed, m: VoteAnswer) -> bool:
    """Candidate i counts the answer of j; one of an older term is ignored."""
    i = m.dest
    s.messages.discard(m)
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, NIL)
    elif s.role[i] == Role.CANDIDATE and (m.term == s.current_term[i] or not s.upholds(Rule.REPLY_TERM)):
        count_vote(s, i, m.source, m.reject)
    return True
