"""Raft over a network that never forgets: what is proved of every cluster, small enough to be explored.

Every message that was ever sent can still be delivered, any number of times, in any order, or never. So the network
needs no bound: what was sent is a part of the history, and the history is kept term by term.

    requested, request   who asked for votes in a term, and where its log ended then
    voted                whom a server voted for in a term: the persisted vote and the reply are one fact
    leader, term_log     who led a term, and its log: every AppendEntries of the term is a slice of it
    commit_mark          how far the term's leader has committed; it sends no higher leader_commit
    acked                how far a server told the term's leader that it stores the term's log

Sends are *saturated*: as soon as a message could be sent, it was. That is sound, since nothing asks whether a message
is absent, and receiving one is optional. A handler is one step, as in Figure 2: it observes the term, decides, writes
and answers. `loose` is the same protocol with every handler taken apart; that one is proved.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from raftproof.checker.language import AtMost, LogView, Map, Members, Model, OrNil, Seq, Set, State, Within
from raftproof.model import properties
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Entry, Index, Role, Server, Term, Value

Sent = Annotated[int, Within("max_log")]
"""An index that a message names."""


class LogEnd(NamedTuple):
    """What a RequestVote says of the candidate's log."""

    last_log_term: Term
    last_log_index: Index


class Raft(State):
    """One state of the whole cluster and of its network."""

    servers: Members[Server]
    values: Members[Value]
    current_term: Map[Server, Term]  # never falls
    role: Map[Server, Role]
    log: Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]
    commit_index: Map[Server, Index]  # <= len(log)
    requested: Map[Server, Set[Term]]
    request: Map[Server, Map[Term, LogEnd]]  # where requested
    voted: Map[Server, Map[Term, Set[Server]]]  # at most one a term
    acked: Map[Server, Map[Term, Index]]  # <= len(term_log)
    leader: Map[Term, OrNil[Server]]
    term_log: Map[Term, Annotated[Seq[Entry], AtMost("max_log")]]  # of the leader, as it was when it last led
    commit_mark: Map[Term, Index]  # <= len(term_log)


model = Model(
    "abstract",
    Raft,
    bounds={"servers": 3, "values": 1, "max_term": 2, "max_log": 1},
    rules=Rule,
    view=LogView(log="log", commit_index="commit_index", current_term="current_term", role="role"),
)
for _invariant in properties.INVARIANTS:
    model.invariant(_invariant)
for _action_invariant in properties.ACTION_INVARIANTS:
    model.action_invariant(_action_invariant)
for _witness in (properties.leader_elected, properties.entry_committed, properties.two_leaders):
    model.witness(_witness)


@model.witness
def entry_deleted(s: Raft, t: Raft) -> bool:
    """A step takes an entry out of a log, for another one or for none."""
    for n in s.servers:
        for i in range(1, len(s.log[n]) + 1):
            if i > len(t.log[n]) or t.log[n][i] != s.log[n][i]:
                return True
    return False


# What a step asks.


def last_term(s: Raft, n: Server) -> int:
    """The term of the last entry of a log, or 0 if the log is empty."""
    length = len(s.log[n])
    return s.log[n][length].term if length > 0 else 0


def is_quorum(s: Raft, members: int) -> bool:
    """A majority: any two of them share a server (§5.2)."""
    if s.upholds(Rule.QUORUM_MAJORITY):
        return 2 * members > len(s.servers)
    return 2 * members >= len(s.servers) - 1


def votes_for(s: Raft, c: Server, t: int) -> int:
    """How many servers voted for c in term t."""
    votes = 0
    for v in s.servers:
        if c in s.voted[v][t]:
            votes += 1
    return votes


def may_vote(s: Raft, n: Server, t: int, c: Server) -> bool:
    """Whether n has voted for no server but c in term t."""
    others = len(s.voted[n][t])
    if c in s.voted[n][t]:
        others -= 1
    return others == 0 or not s.upholds(Rule.VOTE_ONCE)


def is_up_to_date(s: Raft, n: Server, last_log_term: int, last_log_index: int) -> bool:
    """Whether a log that ends so is at least as up to date as server n's (§5.4.1)."""
    if not s.upholds(Rule.LOG_UP_TO_DATE):
        return True
    mine, length = last_term(s, n), len(s.log[n])
    if not s.upholds(Rule.LAST_TERM_FIRST):
        return last_log_index > length or (last_log_index == length and last_log_term >= mine)
    return last_log_term > mine or (last_log_term == mine and last_log_index >= length)


def has_previous(s: Raft, n: Server, t: int, prev: int) -> bool:
    """Whether n's log has the entry at prev that the log of term t has."""
    if prev == 0 or not s.upholds(Rule.PREVIOUS_ENTRY):
        return True
    return prev <= len(s.log[n]) and s.log[n][prev].term == s.term_log[t][prev].term


def acknowledgements(s: Raft, t: int, i: int) -> int:
    """How many servers store the log of term t up to index i."""
    stored = 0
    for v in s.servers:
        if s.acked[v][t] >= i:
            stored += 1
    return stored


# What a step writes.


def enter_term(s: Raft, n: Server, t: int) -> None:
    """Server n is a follower in term t, if that is above its own."""
    if t > s.current_term[n]:
        s.current_term[n] = t
        s.role[n] = Role.FOLLOWER


def ask_for_votes(s: Raft, n: Server) -> None:
    """Candidate n says where its log ends."""
    t = s.current_term[n]
    s.requested[n].add(t)
    s.request[n][t] = LogEnd(last_term(s, n), len(s.log[n]))


def lead(s: Raft, n: Server) -> None:
    """Server n leads its term; its log is the term's log."""
    t = s.current_term[n]
    s.role[n] = Role.LEADER
    s.leader[t] = n
    s.term_log[t].truncate(0)  # empty already, unless a rule is broken and the term had a leader
    for i in range(1, len(s.log[n]) + 1):
        s.term_log[t].append(s.log[n][i])


def add_entry(s: Raft, n: Server, v: Value) -> None:
    """Leader n appends an entry to its log, which is the term's."""
    t = s.current_term[n]
    s.log[n].append(Entry(t, v))
    s.term_log[t].append(Entry(t, v))


def count_own(s: Raft, n: Server, i: int) -> None:
    """Leader n counts itself among those that store its log up to i."""
    t = s.current_term[n]
    s.acked[n][t] = max(s.acked[n][t], i)


def store(s: Raft, n: Server, t: int, prev: int, last: int) -> None:
    """Follower n makes its log agree with that of term t from prev + 1 to last (receiver rules 3 and 4)."""
    for i in range(prev + 1, last + 1):
        conflicts = i <= len(s.log[n]) and s.log[n][i].term != s.term_log[t][i].term
        if conflicts and s.upholds(Rule.APPEND_NEW_ENTRIES):
            s.log[n].truncate(i - 1)
        if i > len(s.log[n]):
            s.log[n].append(s.term_log[t][i])
    if not s.upholds(Rule.TRUNCATE_ON_CONFLICT):
        s.log[n].truncate(min(last, len(s.log[n])))


def tell_stored(s: Raft, n: Server, t: int, last: int, commit: int) -> None:
    """Follower n tells the leader of term t how far it stores the term's log, and commits what the leader has of it."""
    matched = last
    if not s.upholds(Rule.ACK_MATCHED_ONLY):
        matched = len(s.log[n])
    s.acked[n][t] = max(s.acked[n][t], matched)
    committed = commit
    if s.upholds(Rule.COMMIT_UP_TO_LAST_NEW):
        committed = min(commit, last)
    s.commit_index[n] = max(s.commit_index[n], committed)


def commit_up_to(s: Raft, n: Server, i: int) -> None:
    """Leader n commits its log up to index i."""
    t = s.current_term[n]
    s.commit_index[n] = i
    s.commit_mark[t] = max(s.commit_mark[t], i)


def forget(s: Raft, n: Server) -> None:
    """Server n loses what is not persistent."""
    s.role[n] = Role.FOLLOWER
    s.commit_index[n] = 0
    if not s.upholds(Rule.LOG_PERSISTED):
        s.log[n].truncate(0)


# The steps.


@model.initial
def init(s: Raft) -> None:
    """Every server is a follower in term 0 with an empty log, and nothing was ever sent."""


@model.action(Rule.ELECTION_TIMEOUT, Rule.INCREMENT_TERM, Rule.VOTE_FOR_SELF, Rule.REQUEST_VOTES)
def timeout(s: Raft, n: Server, t: Term) -> bool:
    """An election timeout makes server n a candidate of the next term, t: it votes for itself and asks all (§5.2)."""
    if s.role[n] == Role.LEADER or t != s.current_term[n] + 1:
        return False
    s.current_term[n] = t
    s.role[n] = Role.CANDIDATE
    s.voted[n][t].add(n)
    ask_for_votes(s, n)
    return True


@model.action(
    Rule.VOTE_OLDER_TERM, Rule.VOTE_ONCE, Rule.LOG_UP_TO_DATE, Rule.LAST_TERM_FIRST, Rule.HIGHER_TERM_STEPS_DOWN
)
def receive_request_vote(s: Raft, n: Server, c: Server, t: Term) -> bool:
    """Server n receives the request of candidate c of term t, and votes for c if it may (§5.2, §5.4.1)."""
    if n == c or t not in s.requested[c] or t < s.current_term[n]:
        return False
    end = s.request[c][t]
    up_to_date = is_up_to_date(s, n, end.last_log_term, end.last_log_index)
    grants = up_to_date and may_vote(s, n, t, c) and c not in s.voted[n][t]
    if t == s.current_term[n] and not grants:
        return False
    enter_term(s, n, t)
    if grants:
        s.voted[n][t].add(c)
    return True


@model.action(Rule.QUORUM_MAJORITY)
def become_leader(s: Raft, n: Server) -> bool:
    """Candidate n with the votes of a quorum leads its term (§5.2)."""
    if s.role[n] != Role.CANDIDATE or not is_quorum(s, votes_for(s, n, s.current_term[n])):
        return False
    lead(s, n)
    return True


@model.action(Rule.CLIENT_REQUEST)
def client_request(s: Raft, n: Server, v: Value) -> bool:
    """Leader n appends what a client asks for to its log (§5.3)."""
    if s.role[n] != Role.LEADER:
        return False
    add_entry(s, n, v)
    count_own(s, n, len(s.log[n]))
    return True


@model.action(
    Rule.REFUSE_STALE,
    Rule.PREVIOUS_ENTRY,
    Rule.YIELD_TO_LEADER,
    Rule.TRUNCATE_ON_CONFLICT,
    Rule.APPEND_NEW_ENTRIES,
    Rule.COMMIT_UP_TO_LAST_NEW,
    Rule.ACK_MATCHED_ONLY,
)
def receive_append_entries(s: Raft, n: Server, t: Term, prev: Sent, last: Sent, commit: Sent) -> bool:
    """Server n receives the entries from prev + 1 to last of the log of term t, with a leader_commit (§5.3)."""
    if s.leader[t] == NIL or s.leader[t] == n or (t < s.current_term[n] and s.upholds(Rule.REFUSE_STALE)):
        return False
    if prev > last or last > len(s.term_log[t]) or commit > s.commit_mark[t]:
        return False
    if t == s.current_term[n] and s.role[n] == Role.FOLLOWER and not has_previous(s, n, t, prev):
        return False
    enter_term(s, n, t)
    s.role[n] = Role.FOLLOWER
    if has_previous(s, n, t, prev):
        store(s, n, t, prev, last)
        tell_stored(s, n, t, last, commit)
    return True


@model.action(Rule.COMMIT_QUORUM, Rule.COMMIT_OWN_TERM)
def advance_commit_index(s: Raft, n: Server, i: Sent) -> bool:
    """Leader n commits up to index i, where an entry of its own term stands that a quorum stores (§5.3, §5.4.2)."""
    if s.role[n] != Role.LEADER or i > len(s.log[n]) or i <= s.commit_index[n]:
        return False
    t = s.current_term[n]
    if s.log[n][i].term != t and s.upholds(Rule.COMMIT_OWN_TERM):
        return False
    if not is_quorum(s, acknowledgements(s, t, i)):
        return False
    commit_up_to(s, n, i)
    return True


@model.action(Rule.HIGHER_TERM_STEPS_DOWN)
def observe_term(s: Raft, n: Server, k: Server) -> bool:
    """Server n hears from k, which is in a later term, and follows (§5.1)."""
    if s.current_term[k] <= s.current_term[n]:
        return False
    enter_term(s, n, s.current_term[k])
    return True


@model.action(Rule.LOG_PERSISTED, fault="restart")
def restart(s: Raft, n: Server) -> bool:
    """Server n crashes and starts again with its term, votes and log."""
    if s.role[n] == Role.FOLLOWER and s.commit_index[n] == 0:
        return False
    forget(s, n)
    return True
