"""The published specification of Raft, action by action: Ongaro's raft.tla, which formalises Figure 2 of the paper.

It is the trust anchor: its numbers of states equal those that TLC finds for the original, history variables left out.
Its steps are finer than the paper's: a vote is asked for by one step, a higher term is taken by a step of its own that
leaves the message in flight, a conflicting log loses one entry a step.

Differs from the paper, as the original does: a candidate asks itself for its vote by a message; an AppendEntries
carries at most one entry; match_index and commit_index may fall (stale answers are not told apart).
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from raftproof.checker.language import AtMost, Bag, LogView, Map, Members, Model, OrNil, Seq, Set, State
from raftproof.model import properties
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, NO_ENTRY, Entry, Index, Role, Server, Term, Value


class RequestVoteRequest(NamedTuple):
    """A candidate asks for a vote."""

    term: Term
    last_log_term: Term
    last_log_index: Index
    source: Server
    dest: Server


class RequestVoteResponse(NamedTuple):
    """A server answers a candidate."""

    term: Term
    vote_granted: bool
    source: Server
    dest: Server


class AppendEntriesRequest(NamedTuple):
    """A leader sends at most one entry."""

    term: Term
    prev_log_index: Index
    prev_log_term: Term
    entry: Entry  # NO_ENTRY for a heartbeat
    commit_index: Index
    source: Server
    dest: Server


class AppendEntriesResponse(NamedTuple):
    """A follower accepts or refuses."""

    term: Term
    success: bool
    match_index: Index
    source: Server
    dest: Server


Response = RequestVoteResponse | AppendEntriesResponse
Message = RequestVoteRequest | RequestVoteResponse | AppendEntriesRequest | AppendEntriesResponse


class Raft(State):
    """One state of the whole cluster."""

    servers: Members[Server]
    values: Members[Value]
    current_term: Map[Server, Term]  # never falls
    role: Map[Server, Role]
    voted_for: Map[Server, OrNil[Server]]  # set once a term
    log: Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]
    commit_index: Map[Server, Index]  # <= len(log)
    votes_responded: Map[Server, Set[Server]]
    votes_granted: Map[Server, Set[Server]]  # among votes_responded
    next_index: Map[Server, Map[Server, Index]]  # >= 1
    match_index: Map[Server, Map[Server, Index]]  # < next_index
    messages: Annotated[Bag[Message], AtMost("max_in_flight", copies="max_copies")]


model = Model(
    "figure2",
    Raft,
    bounds={"servers": 3, "values": 1, "max_term": 2, "max_log": 1, "max_in_flight": 1, "max_copies": 1},
    rules=Rule,
    view=LogView(
        log="log",
        commit_index="commit_index",
        current_term="current_term",
        role="role",
        next_index="next_index",
        match_index="match_index",
    ),
)
for _invariant in properties.INVARIANTS:
    model.invariant(_invariant)
for _action_invariant in properties.ACTION_INVARIANTS:
    model.action_invariant(_action_invariant)
for _witness in properties.WITNESSES:
    model.witness(_witness)


def last_term(s: Raft, i: Server) -> int:
    """The term of the last entry of a log, or 0 if the log is empty."""
    n = len(s.log[i])
    return s.log[i][n].term if n > 0 else 0


def is_quorum(s: Raft, members: int) -> bool:
    """A majority: any two of them share a server (§5.2)."""
    if s.upholds(Rule.QUORUM_MAJORITY):
        return 2 * members > len(s.servers)
    return 2 * members >= len(s.servers) - 1


def is_up_to_date(s: Raft, i: Server, last_log_term: int, last_log_index: int) -> bool:
    """Whether a candidate's log is at least as up to date as server i's (§5.4.1)."""
    if not s.upholds(Rule.LOG_UP_TO_DATE):
        return True
    mine, length = last_term(s, i), len(s.log[i])
    if not s.upholds(Rule.LAST_TERM_FIRST):
        return last_log_index > length or (last_log_index == length and last_log_term >= mine)
    return last_log_term > mine or (last_log_term == mine and last_log_index >= length)


@model.live("votes_responded", "votes_granted")
def while_candidate(s: Raft, i: Server) -> bool:
    """Votes are counted by candidates alone, and a new candidacy forgets them first."""
    return s.role[i] == Role.CANDIDATE


@model.live("next_index", "match_index")
def while_leader(s: Raft, i: Server) -> bool:
    """Only leaders ask where a follower's log stands, and a new leader sets it first."""
    return s.role[i] == Role.LEADER


@model.initial
def init(s: Raft) -> None:
    """All servers are followers of term 1 with empty logs."""
    for i in s.servers:
        s.current_term[i] = 1
        for j in s.servers:
            s.next_index[i][j] = 1


@model.action(Rule.TERM_PERSISTED, Rule.VOTE_PERSISTED, Rule.LOG_PERSISTED, fault="restart")
def restart(s: Raft, i: Server) -> bool:
    """Server i crashes and starts again with its term, vote and log."""
    s.role[i] = Role.FOLLOWER
    s.votes_responded[i].clear()
    s.votes_granted[i].clear()
    s.commit_index[i] = 0
    for j in s.servers:
        s.next_index[i][j] = 1
        s.match_index[i][j] = 0
    if not s.upholds(Rule.TERM_PERSISTED):
        s.current_term[i] = 1
    if not s.upholds(Rule.VOTE_PERSISTED) or not s.upholds(Rule.TERM_PERSISTED):
        s.voted_for[i] = NIL
    if not s.upholds(Rule.LOG_PERSISTED):
        s.log[i].truncate(0)
    return True


@model.action(Rule.ELECTION_TIMEOUT, Rule.INCREMENT_TERM, Rule.TIMEOUT_STARTS_NEW_ELECTION)
def timeout(s: Raft, i: Server) -> bool:
    """An election timeout makes server i a candidate of the next term (§5.2)."""
    if s.role[i] == Role.LEADER:
        return False
    s.role[i] = Role.CANDIDATE
    s.current_term[i] += 1
    s.voted_for[i] = NIL
    s.votes_responded[i].clear()
    s.votes_granted[i].clear()
    return True


@model.action(Rule.REQUEST_VOTES)
def request_vote(s: Raft, i: Server, j: Server) -> bool:
    """Candidate i asks j, which may be itself, for its vote."""
    if s.role[i] != Role.CANDIDATE or j in s.votes_responded[i]:
        return False
    s.messages.send(
        RequestVoteRequest(
            term=s.current_term[i], last_log_term=last_term(s, i), last_log_index=len(s.log[i]), source=i, dest=j
        )
    )
    return True


@model.action(Rule.QUORUM_MAJORITY)
def become_leader(s: Raft, i: Server) -> bool:
    """Candidate i with the votes of a quorum leads its term."""
    if s.role[i] != Role.CANDIDATE or not is_quorum(s, len(s.votes_granted[i])):
        return False
    s.role[i] = Role.LEADER
    for j in s.servers:
        s.next_index[i][j] = len(s.log[i]) + 1
        s.match_index[i][j] = 0
    return True


@model.action(Rule.CLIENT_REQUEST, Rule.LEADER_APPEND_ONLY)
def client_request(s: Raft, i: Server, v: Value) -> bool:
    """Leader i appends what a client asks for to its log."""
    if s.role[i] != Role.LEADER:
        return False
    if not s.upholds(Rule.LEADER_APPEND_ONLY):
        s.log[i].truncate(min(s.commit_index[i], len(s.log[i])))
    s.log[i].append(Entry(s.current_term[i], v))
    return True


@model.action(Rule.COMMIT_QUORUM, Rule.COMMIT_OWN_TERM)
def advance_commit_index(s: Raft, i: Server) -> bool:
    """Leader i commits the last entry that a quorum stores, if it is of its own term (§5.4.2); always enabled."""
    if s.role[i] != Role.LEADER:
        return False
    for index in range(len(s.log[i]), 0, -1):
        agree = 1
        for j in s.servers:
            if j != i and s.match_index[i][j] >= index:
                agree += 1
        if is_quorum(s, agree):
            if s.log[i][index].term == s.current_term[i] or not s.upholds(Rule.COMMIT_OWN_TERM):
                s.commit_index[i] = index
            break
    return True


@model.action(Rule.SEND_ENTRIES, Rule.HEARTBEATS)
def append_entries(s: Raft, i: Server, j: Server) -> bool:
    """Leader i sends j the entry at next_index, or none at the end of its log."""
    if i == j or s.role[i] != Role.LEADER:
        return False
    following = s.next_index[i][j]
    prev = min(following - 1, len(s.log[i]))  # only a false acknowledgement (ACK_MATCHED_ONLY) leads beyond the log
    last = min(len(s.log[i]), following)
    commit = s.commit_index[i]
    if s.upholds(Rule.COMMIT_UP_TO_LAST_NEW):
        commit = min(commit, last)
    s.messages.send(
        AppendEntriesRequest(
            term=s.current_term[i],
            prev_log_index=prev,
            prev_log_term=s.log[i][prev].term if prev > 0 else 0,
            entry=s.log[i][following] if following <= last else NO_ENTRY,
            commit_index=commit,
            source=i,
            dest=j,
        )
    )
    return True


@model.action(Rule.HIGHER_TERM_STEPS_DOWN)
def update_term(s: Raft, m: Message) -> bool:
    """A higher term in any message makes its receiver a follower of it; the message stays in flight."""
    i = m.dest
    if m.term <= s.current_term[i]:
        return False
    s.current_term[i] = m.term
    s.role[i] = Role.FOLLOWER
    s.voted_for[i] = NIL
    return True


@model.action(Rule.REPLY_TERM)
def drop_stale_response(s: Raft, m: Response) -> bool:
    """An answer of an older term is ignored."""
    if m.term >= s.current_term[m.dest]:
        return False
    s.messages.discard(m)
    return True


@model.action(Rule.VOTE_OLDER_TERM, Rule.VOTE_ONCE, Rule.LOG_UP_TO_DATE, Rule.LAST_TERM_FIRST, Rule.FOLLOWERS_RESPOND)
def handle_request_vote_request(s: Raft, m: RequestVoteRequest) -> bool:
    """Server i grants or refuses its vote to candidate j."""
    i, j = m.dest, m.source
    if m.term > s.current_term[i]:
        return False
    is_free = s.voted_for[i] == NIL or s.voted_for[i] == j or not s.upholds(Rule.VOTE_ONCE)
    up_to_date = is_up_to_date(s, i, m.last_log_term, m.last_log_index)
    grant = m.term == s.current_term[i] and up_to_date and is_free
    if grant:
        s.voted_for[i] = j
    s.messages.discard(m)
    s.messages.send(RequestVoteResponse(term=s.current_term[i], vote_granted=grant, source=i, dest=j))
    return True


@model.action(Rule.REPLY_TERM)
def handle_request_vote_response(s: Raft, m: RequestVoteResponse) -> bool:
    """Server i counts the answer of j."""
    i, j = m.dest, m.source
    if m.term > s.current_term[i] or (m.term < s.current_term[i] and s.upholds(Rule.REPLY_TERM)):
        return False
    s.votes_responded[i].add(j)
    if m.vote_granted:
        s.votes_granted[i].add(j)
    s.messages.discard(m)
    return True


@model.action(
    Rule.REFUSE_STALE,
    Rule.PREVIOUS_ENTRY,
    Rule.YIELD_TO_LEADER,
    Rule.TRUNCATE_ON_CONFLICT,
    Rule.APPEND_NEW_ENTRIES,
    Rule.COMMIT_UP_TO_LAST_NEW,
    Rule.ACK_MATCHED_ONLY,
    Rule.FOLLOWERS_RESPOND,
)
def handle_append_entries_request(s: Raft, m: AppendEntriesRequest) -> bool:
    """Follower i refuses, or drops a conflicting entry, or appends, or answers: one step of four."""
    i, j = m.dest, m.source
    if m.term > s.current_term[i]:
        return False
    prev = m.prev_log_index
    has_prev = prev == 0 or (prev <= len(s.log[i]) and m.prev_log_term == s.log[i][prev].term)
    if not s.upholds(Rule.PREVIOUS_ENTRY):
        has_prev = True
    is_stale = m.term < s.current_term[i] and s.upholds(Rule.REFUSE_STALE)
    if is_stale or (s.role[i] == Role.FOLLOWER and not has_prev):
        s.messages.discard(m)
        s.messages.send(AppendEntriesResponse(term=s.current_term[i], success=False, match_index=0, source=i, dest=j))
        return True
    if s.role[i] == Role.CANDIDATE:
        s.role[i] = Role.FOLLOWER
        return True
    if s.role[i] == Role.LEADER:
        return False
    index = prev + 1
    is_heartbeat = m.entry.term == 0
    if is_heartbeat or (len(s.log[i]) >= index and s.log[i][index].term == m.entry.term):
        if not s.upholds(Rule.TRUNCATE_ON_CONFLICT):
            s.log[i].truncate(min(prev if is_heartbeat else index, len(s.log[i])))
        matched = prev if is_heartbeat else index
        if not s.upholds(Rule.ACK_MATCHED_ONLY):
            matched = len(s.log[i])
        s.commit_index[i] = m.commit_index
        s.messages.discard(m)
        s.messages.send(
            AppendEntriesResponse(term=s.current_term[i], success=True, match_index=matched, source=i, dest=j)
        )
        return True
    if len(s.log[i]) >= index:
        s.log[i].pop()
        return True
    s.log[i].append(m.entry)
    return True


@model.action(Rule.SUCCESS_ADVANCES, Rule.REFUSAL_STEPS_BACK, Rule.REPLY_TERM)
def handle_append_entries_response(s: Raft, m: AppendEntriesResponse) -> bool:
    """Leader i moves its indexes for j."""
    i, j = m.dest, m.source
    if m.term != s.current_term[i]:
        return False
    if m.success:
        s.next_index[i][j] = m.match_index + 1
        s.match_index[i][j] = m.match_index
    else:
        s.next_index[i][j] = max(s.next_index[i][j] - 1, 1)
    s.messages.discard(m)
    return True


@model.action(fault="duplicate")
def duplicate_message(s: Raft, m: Message) -> bool:
    """The network delivers a message once more."""
    s.messages.send(m)
    return True


@model.action(fault="drop")
def drop_message(s: Raft, m: Message) -> bool:
    """The network loses a message."""
    s.messages.discard(m)
    return True
