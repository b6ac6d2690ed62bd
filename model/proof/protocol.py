"""Raft's steps, as small as Figure 2's rules, over a network that never forgets.

They are looser than a real server's handlers: a handler that does several things at once (step down, cut the log,
append, answer) is several of these steps, and a server may stop between any two of them. What is proved of the loose
steps holds of every protocol whose steps are made of them.

    election      Timeout · RequestVote · ObserveTerm · GrantVote · BecomeLeader · StepDown
    replication   ClientRequest · SendAppend · Truncate · Append · Acknowledge · AcknowledgeOwn
    commit        LeaderCommit · ForgetCommit
    crashes       Restart · Lose

A guard has the name of the rule that it enforces, where the gallery of broken rules has one.
"""

from __future__ import annotations

from raftproof.checker.proof.logic import Formula, Update, choose, every, iff, implies
from raftproof.checker.proof.theory import Step, action
from raftproof.model.proof.vocabulary import (
    INDEX_0,
    NIL,
    TERM_0,
    Index,
    Message,
    Quorum,
    Raft,
    Server,
    Term,
    Value,
    is_last,
    is_next,
)


def initial(s: Raft) -> list[Update]:
    """Every server is a follower in term 0, its log is empty, and nothing was ever sent, elected or committed."""
    return [
        s.current.becomes(lambda n, t: t == TERM_0),
        s.entry.becomes(lambda n, i, t: (i == INDEX_0) & (t == TERM_0)),
        s.value.becomes(lambda n, i: NIL),
        s.has.becomes(lambda n, i: i == INDEX_0),
        s.committed.becomes(lambda n, i: i == INDEX_0),
        s.term_log.becomes(lambda t, i, a: (i == INDEX_0) & (a == TERM_0)),
        s.term_value.becomes(lambda t, i: NIL),
        s.term_length.becomes(lambda t: INDEX_0),
        s.commit_mark.becomes(lambda t: INDEX_0),
        s.basis.becomes(lambda n, t: t == TERM_0),
    ]


def enter_term(s: Raft, n: Server, t: Term) -> list[Update]:
    """Server n is in term t, and has left every term below."""
    return [
        s.current.becomes(lambda x, a: ((x == n) & (a == t)) | ((x != n) & s.current(x, a))),
        s.left.becomes(lambda x, a: ((x == n) & (a < t)) | ((x != n) & s.left(x, a))),
    ]


# Election.


@action("§5.2; Figure 2, Candidates: on conversion to candidate, increment currentTerm")
def Timeout(s: Raft, n: Server, t: Term, u: Term) -> Step:
    """Server n becomes a candidate in a term u above its own.

    Differs: any later term, not the next one; and the vote for itself is a step of its own, because the published
    specification lets a candidate ask itself.
    """
    return Step(
        when={"in_term": s.current(n, t), "later_term": t < u},
        then=[*enter_term(s, n, u), s.candidate.insert(n), s.leads.remove(n)],
    )


@action("§5.2; Figure 2, Candidates: send RequestVote RPCs to all other servers")
def RequestVote(s: Raft, n: Server, t: Term, i: Index, a: Term) -> Step:
    """Candidate n asks for votes in its term t, and says that its log ends at index i with an entry of term a."""
    return Step(
        when={
            "in_term": s.current(n, t),
            "candidate": s.candidate(n),
            "last_log_index": is_last(s, n, i),
            "last_log_term": s.entry(n, i, a),
        },
        then=[s.requested.insert(n, t, i, a)],
    )


@action("§5.1; Figure 2, All Servers: a higher term: set currentTerm, convert to follower")
def ObserveTerm(s: Raft, n: Server, t: Term, u: Term) -> Step:
    """Server n learns of a later term u, enters it, and is a follower.

    Differs: no message is asked for; who enters a term unasked does no harm.
    """
    return Step(
        when={"in_term": s.current(n, t), "later_term": t < u},
        then=[*enter_term(s, n, u), s.candidate.remove(n), s.leads.remove(n)],
    )


@action("§5.2, §5.4.1; Figure 2, RequestVote RPC, receiver 2")
def GrantVote(s: Raft, n: Server, t: Term, c: Server, i: Index, a: Term, my_i: Index, my_a: Term) -> Step:
    """Server n votes in its term t for candidate c, whose log ends at (i, a), if its own log, which ends at (my_i,
    my_a), is no more up to date, and it has voted for no other."""
    return Step(
        when={
            "in_term": s.current(n, t),
            "requested": s.requested(c, t, i, a),
            "vote_once": every(Server, lambda d: implies(s.voted(n, t, d), d == c)),
            "my_last_index": is_last(s, n, my_i),
            "my_last_term": s.entry(n, my_i, my_a),
            "log_up_to_date": (my_a < a) | ((my_a == a) & (my_i <= i)),
        },
        then=[s.voted.insert(n, t, c)],
    )


@action("§5.2; Figure 2, Candidates: votes received from majority of servers: become leader")
def BecomeLeader(s: Raft, n: Server, t: Term, q: Quorum, i: Index) -> Step:
    """Candidate n, which has the votes of all of q in its term t, leads it; its log, up to index i, is the term's
    log."""
    return Step(
        when={
            "in_term": s.current(n, t),
            "candidate": s.candidate(n),
            "votes_of_quorum": every(Server, lambda v: implies(s.member(v, q), s.voted(v, t, n))),
            "last_log_index": is_last(s, n, i),
        },
        then=[
            s.candidate.remove(n),
            s.leads.insert(n),
            s.elected.insert(n, t),
            s.started.insert(t),
            s.leader_of.assign(t, value=n),
            s.voters.assign(t, value=q),
            s.term_log.becomes(lambda x, j, b: ((x == t) & s.entry(n, j, b)) | ((x != t) & s.term_log(x, j, b))),
            s.term_value.becomes(lambda x, j: choose(x == t, s.value(n, j), s.term_value(x, j))),
            s.term_length.assign(t, value=i),
        ],
    )


@action("§5.2; Figure 2, Candidates: AppendEntries RPC from new leader: convert to follower")
def StepDown(s: Raft, n: Server) -> Step:
    """Candidate or leader n becomes a follower in its term, for whatever reason."""
    return Step(when={}, then=[s.candidate.remove(n), s.leads.remove(n)])


# Replication.


@action("§5.3; Figure 2, Leaders: command received from client: append entry to local log")
def ClientRequest(s: Raft, n: Server, t: Term, i: Index, v: Value) -> Step:
    """Leader n of term t appends an entry with value v at the index i after its last."""
    return Step(
        when={"in_term": s.current(n, t), "leader": s.leads(n), "next_index": is_next(s, n, i)},
        then=[
            s.entry.insert(n, i, t),
            s.value.assign(n, i, value=v),
            s.has.insert(n, i),
            s.term_log.insert(t, i, t),
            s.term_value.assign(t, i, value=v),
            s.term_length.assign(t, value=i),
        ],
    )


def is_new(s: Raft, m: Message, i: Index) -> Formula:
    """Index i is that of a new entry of the message."""
    return (s.prev_log_index(m) < i) & (i <= s.last_index(m))


@action("§5.3; Figure 2, Leaders: send AppendEntries RPC with log entries starting at nextIndex")
def SendAppend(s: Raft, n: Server, t: Term, m: Message) -> Step:
    """Leader n of term t sends any slice of its log, with a commit index that is at most its own."""
    return Step(
        when={
            "in_term": s.current(n, t),
            "leader": s.leads(n),
            "source": s.source(m) == n,
            "term": s.term_of(m) == t,
            "prev_log": s.entry(n, s.prev_log_index(m), s.prev_log_term(m)),
            "slice": (s.prev_log_index(m) <= s.last_index(m)) & s.has(n, s.last_index(m)),
            "terms": every(
                Index,
                lambda i: every(Term, lambda a: implies(is_new(s, m, i), iff(s.carries(m, i, a), s.entry(n, i, a)))),
            ),
            "values": every(Index, lambda i: implies(is_new(s, m, i), s.carried(m, i) == s.value(n, i))),
            "leader_commit": s.committed(n, s.leader_commit(m)),
            "basis": s.basis(n, s.commit_basis(m)),
        },
        then=[s.sent.insert(m)],
    )


def receives(s: Raft, n: Server, t: Term, m: Message) -> dict[str, Formula]:
    """Follower n of term t receives the request m, not of an earlier term, and has the entry before the new ones."""
    return {
        "in_term": s.current(n, t),
        "sent": s.sent(m),
        "refuse_stale": t <= s.term_of(m),
        "not_to_self": s.source(m) != n,
        "not_candidate": ~s.candidate(n),
        "not_leader": ~s.leads(n),
        "previous_entry": s.entry(n, s.prev_log_index(m), s.prev_log_term(m)),
    }


def cut_log(s: Raft, n: Server, end: Index) -> list[Update]:
    """Server n's log goes no further than `end`."""
    return [
        s.entry.becomes(lambda x, j, b: s.entry(x, j, b) & ((x != n) | (j <= end))),
        s.value.becomes(lambda x, j: choose((x == n) & (end < j), NIL, s.value(x, j))),
        s.has.becomes(lambda x, j: s.has(x, j) & ((x != n) | (j <= end))),
    ]


@action("§5.3; Figure 2, AppendEntries RPC, receiver 3: a conflict: delete the entry and all that follow it")
def Truncate(s: Raft, n: Server, t: Term, m: Message, i: Index, a: Term, end: Index) -> Step:
    """Server n's entry at index i, of term a, conflicts with a new one of the message; n cuts its log to end at `end`.

    Differs: some entries from the conflict on may stay, because the published specification drops one at a time, the
    last; and the message may be of a term that n has yet to enter, because a crash may interrupt a write between the
    entries and the term.
    """
    return Step(
        when={
            **receives(s, n, t, m),
            "new_entry": is_new(s, m, i),
            "truncate_on_conflict": s.entry(n, i, a) & ~s.carries(m, i, a),
            "keeps_below": every(Index, lambda j: implies(j < i, j <= end)),
        },
        then=cut_log(s, n, end),
    )


def agrees_below(s: Raft, n: Server, m: Message, i: Index) -> Formula:
    """Below index i server n's log has the new entries of the message."""
    return every(
        Index,
        lambda j: every(Term, lambda a: implies(is_new(s, m, j) & (j < i), iff(s.carries(m, j, a), s.entry(n, j, a)))),
    )


@action("§5.3; Figure 2, AppendEntries RPC, receiver 4: append any new entries not already in the log")
def Append(s: Raft, n: Server, t: Term, m: Message, i: Index) -> Step:
    """Server n's log ends where the new entry at index i belongs, and agrees with the message so far; n appends it.

    Differs: the message may be of a term that n has yet to enter, as in Truncate.
    """
    return Step(
        when={
            **receives(s, n, t, m),
            "new_entry": is_new(s, m, i),
            "next_index": is_next(s, n, i),
            "agrees_so_far": agrees_below(s, n, m, i),
        },
        then=[
            s.entry.becomes(lambda x, j, a: s.entry(x, j, a) | ((x == n) & (j == i) & s.carries(m, i, a))),
            s.value.assign(n, i, value=s.carried(m, i)),
            s.has.insert(n, i),
        ],
    )


@action("§5.3; Figure 2, AppendEntries RPC, receiver 5: commitIndex = min(leaderCommit, index of last new entry)")
def Acknowledge(s: Raft, n: Server, t: Term, m: Message) -> Step:
    """Server n's log has all of the message; n says so to the leader, up to the last new entry and no further, and
    commits what the leader has committed of it."""
    advances = ~s.committed(n, s.leader_commit(m)) & ~s.committed(n, s.last_index(m))
    return Step(
        when={
            **receives(s, n, t, m),
            "refuse_stale": s.term_of(m) == t,
            "stores_last": s.has(n, s.last_index(m)),
            "stores_all": every(
                Index,
                lambda i: every(Term, lambda a: implies(is_new(s, m, i), iff(s.carries(m, i, a), s.entry(n, i, a)))),
            ),
        },
        then=[
            s.acked.becomes(lambda x, a, j: s.acked(x, a, j) | ((x == n) & (a == t) & (j <= s.last_index(m)))),
            s.committed.becomes(
                lambda x, j: s.committed(x, j) | ((x == n) & (j <= s.leader_commit(m)) & (j <= s.last_index(m)))
            ),
            s.basis.becomes(
                lambda x, a: ((x == n) & advances & (a == s.commit_basis(m))) | (~((x == n) & advances) & s.basis(x, a))
            ),
        ],
    )


@action("§5.3; thesis §10.2.1: the leader writes to its disk while it sends")
def AcknowledgeOwn(s: Raft, n: Server, t: Term, i: Index) -> Step:
    """Leader n of term t counts itself among those that store its log up to i."""
    return Step(
        when={"in_term": s.current(n, t), "leader": s.leads(n), "stores_last": s.has(n, i)},
        then=[s.acked.becomes(lambda x, a, j: s.acked(x, a, j) | ((x == n) & (a == t) & (j <= i)))],
    )


# Commit.


@action("§5.3, §5.4.2; Figure 2, Leaders: N > commitIndex, a majority of matchIndex ≥ N, log[N].term = currentTerm")
def LeaderCommit(s: Raft, n: Server, t: Term, i: Index, q: Quorum) -> Step:
    """Leader n of term t commits its log up to index i, where an entry of its own term stands that all of q store."""
    return Step(
        when={
            "in_term": s.current(n, t),
            "leader": s.leads(n),
            "advances": ~s.committed(n, i),
            "commit_own_term": s.entry(n, i, t),
            "acked_by_quorum": every(Server, lambda v: implies(s.member(v, q), s.acked(v, t, i))),
        },
        then=[
            s.committed.becomes(lambda x, j: s.committed(x, j) | ((x == n) & (j <= i))),
            s.basis.becomes(lambda x, a: ((x == n) & (a == t)) | ((x != n) & s.basis(x, a))),
            s.commit_mark.becomes(
                lambda x: choose((x == t) & (s.commit_mark(t) < i), i, s.commit_mark(x)),
            ),
            s.commit_quorum.becomes(
                lambda x: choose((x == t) & (s.commit_mark(t) < i), q, s.commit_quorum(x)),
            ),
        ],
    )


@action("Not in the paper; in the published specification a message may lower commitIndex")
def ForgetCommit(s: Raft, n: Server, i: Index) -> Step:
    """Server n lowers its commit index to i. What it takes for committed is less, and no less true."""
    return Step(when={}, then=[s.committed.becomes(lambda x, j: s.committed(x, j) & ((x != n) | (j <= i)))])


@action("§5; Figure 2, State: currentTerm, votedFor and log[] are persistent")
def Restart(s: Raft, n: Server) -> Step:
    """Server n loses everything but its term, its votes and its log."""
    return Step(
        when={},
        then=[
            s.candidate.remove(n),
            s.leads.remove(n),
            s.committed.becomes(lambda x, j: ((x == n) & (j == INDEX_0)) | ((x != n) & s.committed(x, j))),
        ],
    )


@action("Thesis §10.2.1: what the leader's disk does not have yet is lost in a crash")
def Lose(s: Raft, n: Server, end: Index) -> Step:
    """Follower n, which has crashed, finds its log to end at `end`: no entry is lost that it acknowledged in the
    entry's own term, and none that it takes for committed."""
    return Step(
        when={
            "not_candidate": ~s.candidate(n),
            "not_leader": ~s.leads(n),
            "log_persisted": every(
                Index, lambda j: every(Term, lambda a: implies(s.acked(n, a, j) & s.entry(n, j, a), j <= end))
            ),
            "keeps_committed": every(Index, lambda j: implies(s.committed(n, j), j <= end)),
        },
        then=cut_log(s, n, end),
    )


ACTIONS = (
    Timeout,
    RequestVote,
    ObserveTerm,
    GrantVote,
    BecomeLeader,
    StepDown,
    ClientRequest,
    SendAppend,
    Truncate,
    Append,
    Acknowledge,
    AcknowledgeOwn,
    LeaderCommit,
    ForgetCommit,
    Restart,
    Lose,
)
