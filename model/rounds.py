"""Raft a term at a time: any number of elections, messages, losses, duplicates, reorderings and restarts.

Raft is closed under terms. A step of a server in term t reads only messages of terms up to t, sends only in term t, and
terms never fall. So the steps of any behavior can be sorted by their terms without changing what any server sees:

    as it happened     s1 elected 1 · s2 elected 2 · s1 sends in 1 · s3 accepts in 2 · s2 commits in 2
    the same, sorted   s1 elected 1 · s1 sends in 1 | s2 elected 2 · s3 accepts in 2 · s2 commits in 2
                       `------- round 1 ---------´   `---------------- round 2 ----------------´

A *round* is what happens in one term that has a leader, and one step here: a server whose log a quorum finds up to
date is elected, appends entries, and what it sends reaches each follower or does not. Between rounds nothing is left
but the logs and what is committed:

- a message of an old term changes nothing in a later one, where it is refused; losses, duplicates and the number of
  messages in flight have no bound;
- a leader may stop at any moment, so a crash is nothing new; role and votes end with the round;
- all entries are appended first, since a request may carry any slice of the log; then followers are independent;
- an entry of the leader's term is committed as soon as a quorum stores it, whether or not the leader has learnt of it:
  nothing that a server does depends on what it knows to be committed;
- terms are compared and copied, no more: they are kept as ranks, and their number has no bound.

It rests on Election Safety, which `election` checks, and on the rules in `NEEDS`; the steps of `figure2` are checked
against what the sorting needs in `conditions`. Differs from the paper: an entry is its term alone, since a leader
appends one entry at an index, so that term and index name it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, TypeAlias

from raftproof.checker.language import AtMost, Map, Members, Model, OrderOnly, Seq, State, Where, Within
from raftproof.model.expansion import expand
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Server

Term: TypeAlias = Annotated[int, OrderOnly("servers * max_log + max_log + 1")]
"""The term of an entry, by rank. At most this many are in use at once: one an entry, and the round's own."""
Index: TypeAlias = Annotated[int, Within("max_log")]
"""A place in a log; 0 stands before the first entry."""

NEEDS: dict[IntEnum, str] = {
    Rule.QUORUM_MAJORITY: "that a round has one leader; switch it off in election",
    Rule.VOTE_ONCE: "that a round has one leader; switch it off in election",
    Rule.VOTE_PERSISTED: "that a round has one leader; switch it off in election",
    Rule.TERM_PERSISTED: "that no server goes back to an earlier round; switch it off in election or figure2",
    Rule.VOTE_OLDER_TERM: "that a round reads nothing of an earlier one; switch it off in figure2",
    Rule.REPLY_TERM: "that a round reads nothing of an earlier one; switch it off in figure2",
    Rule.REFUSE_STALE: "that a round reads nothing of an earlier one; switch it off in abstract or figure2",
    Rule.HIGHER_TERM_STEPS_DOWN: "that a round reads nothing of a later one",
    Rule.LOG_PERSISTED: "that a server keeps its log from round to round; switch it off in abstract or figure2",
    Rule.LEADER_APPEND_ONLY: "that what a leader sends are slices of one log; switch it off in figure2",
}
"""Why the rules that the sorting rests on cannot be switched off here."""


class Rounds(State):
    """What is left between two rounds."""

    servers: Members[Server]
    indexes: Members[Index]
    log: Map[Server, Annotated[Seq[Term], AtMost("max_log", over=0)]]  # the terms of its entries
    committed: Annotated[Seq[Term], AtMost("max_log", over=0)]  # what was ever committed; a quorum stores it
    missing: Index  # how much of it the last leader lacked; 0, by Leader Completeness


model = Model(
    "rounds",
    Rounds,
    bounds={"servers": 3, "max_log": 3},
    rules=Rule,
    needs=NEEDS,
    tell=expand,
    covers="Stands for every behavior of {servers} servers with logs of at most {max_log} entries, with any number of "
    "elections, messages, losses, duplicates, reorderings and crash-restarts, in Raft over a network that never "
    "forgets (abstract). Rests on the sorting of steps by terms (docs/rounds.md), and on ElectionSafety: raftproof "
    "check election --servers {servers}.",
)


# What a round asks.


def is_quorum(s: Rounds, members: int) -> bool:
    """A majority: any two of them share a server (§5.2)."""
    return 2 * members > len(s.servers)


def last_term(s: Rounds, i: Server) -> int:
    """The term of the last entry of a log, or 0 if the log is empty."""
    n = len(s.log[i])
    return s.log[i][n] if n > 0 else 0


def is_up_to_date(s: Rounds, candidate: Server, voter: Server) -> bool:
    """Whether a candidate's log is at least as up to date as a voter's (§5.4.1)."""
    if not s.upholds(Rule.LOG_UP_TO_DATE):
        return True
    theirs, length = last_term(s, candidate), len(s.log[candidate])
    mine, own_length = last_term(s, voter), len(s.log[voter])
    if not s.upholds(Rule.LAST_TERM_FIRST):
        return length > own_length or (length == own_length and theirs >= mine)
    return theirs > mine or (theirs == mine and length >= own_length)


def can_win(s: Rounds, leader: Server) -> bool:
    """A quorum may vote for it."""
    votes = 0
    for voter in s.servers:
        if is_up_to_date(s, leader, voter):
            votes += 1
    return is_quorum(s, votes)


def fits(s: Rounds, leader: Server, appended: int) -> bool:
    """The leader's log has room for the new entries."""
    return len(s.log[leader]) + appended < len(s.indexes)


def newest_term(s: Rounds) -> int:
    """The highest term of any entry."""
    newest = 0
    for i in s.servers:
        for k in range(1, len(s.log[i]) + 1):
            newest = max(newest, s.log[i][k])
    for k in range(1, len(s.committed) + 1):
        newest = max(newest, s.committed[k])
    return newest


def matching(s: Rounds, i: Server, j: Server) -> int:
    """How many entries two logs share from the beginning."""
    n = 0
    for k in range(1, min(len(s.log[i]), len(s.log[j])) + 1):
        if s.log[i][k] != s.log[j][k]:
            break
        n = k
    return n


def lacking(s: Rounds, leader: Server) -> int:
    """How many committed entries a log lacks."""
    n = 0
    for k in range(1, min(len(s.log[leader]), len(s.committed)) + 1):
        if s.log[leader][k] != s.committed[k]:
            break
        n = k
    return len(s.committed) - n


# What reaches a follower: the entries of one request, prev + 1 to last, and after it perhaps a late copy of an earlier
# one, which ended at `late`. A right handler needs no more than prev = 0: it keeps what matches, and asks for no order.


def has_right_handler(s: Rounds) -> bool:
    """Whether a follower does with an AppendEntries what Figure 2 says."""
    return (
        s.upholds(Rule.PREVIOUS_ENTRY)
        and s.upholds(Rule.TRUNCATE_ON_CONFLICT)
        and s.upholds(Rule.APPEND_NEW_ENTRIES)
        and s.upholds(Rule.ACK_MATCHED_ONLY)
    )


def may_follow(s: Rounds, leader: Server, appended: int, j: Server, prev: int) -> bool:
    """A request may begin after any entry of the leader's log; that makes a difference to a wrong handler only."""
    return prev == 0 or (j != leader and not has_right_handler(s) and prev <= len(s.log[leader]) + appended)


def may_end(s: Rounds, leader: Server, appended: int, prev: Map[Server, Index], j: Server, last: int) -> bool:
    """A request may end with any entry; with a right handler, what follower j has already stands for nothing sent."""
    if j == leader:
        return last == 0
    if last > len(s.log[leader]) + appended:
        return False
    if has_right_handler(s):
        return last >= matching(s, leader, j)
    return last >= prev[j]


def may_be_late(
    s: Rounds,
    leader: Server,
    appended: int,
    prev: Map[Server, Index],
    last: Map[Server, Index],
    j: Server,
    late: int,
) -> bool:
    """A copy of an earlier, shorter request may come late; a right handler does nothing with it."""
    return late == 0 or (not has_right_handler(s) and prev[j] < late < last[j])


def has_previous(s: Rounds, leader: Server, j: Server, prev: int) -> bool:
    """Whether j has the leader's entry at prev (receiver rule 2)."""
    if prev == 0 or not s.upholds(Rule.PREVIOUS_ENTRY):
        return True
    return prev <= len(s.log[j]) and s.log[j][prev] == s.log[leader][prev]


def acknowledged(s: Rounds, leader: Server, j: Server, prev: int, last: int) -> int:
    """How far j has told the leader that it stores the leader's log."""
    if j == leader or not s.upholds(Rule.ACK_MATCHED_ONLY):
        return len(s.log[j])
    return last if has_previous(s, leader, j, prev) else 0


def committable(s: Rounds, leader: Server, appended: int, prev: Map[Server, Index], last: Map[Server, Index]) -> int:
    """The last entry that a quorum stores, if it is one of those that the leader has appended, or 0 (§5.3, §5.4.2)."""
    length = len(s.log[leader])
    older = length - appended if s.upholds(Rule.COMMIT_OWN_TERM) else 0
    for index in range(length, older, -1):
        stored = 0
        for j in s.servers:
            if acknowledged(s, leader, j, prev[j], last[j]) >= index:
                stored += 1
        if is_quorum(s, stored):
            return index
    return 0


# What a round does.


def store(s: Rounds, leader: Server, j: Server, prev: int, last: int) -> None:
    """Follower j makes its log agree with the leader's from prev + 1 to last (receiver rules 3 and 4)."""
    if not has_previous(s, leader, j, prev):
        return
    for k in range(prev + 1, last + 1):
        if k <= len(s.log[j]) and s.log[j][k] != s.log[leader][k] and s.upholds(Rule.APPEND_NEW_ENTRIES):
            s.log[j].truncate(k - 1)
        if k > len(s.log[j]):
            s.log[j].append(s.log[leader][k])
    if not s.upholds(Rule.TRUNCATE_ON_CONFLICT):
        s.log[j].truncate(min(last, len(s.log[j])))


def commit(s: Rounds, leader: Server, index: int) -> None:
    """The leader's log is committed up to an index, if that is news."""
    if index > len(s.committed):
        s.committed.truncate(0)
        for k in range(1, index + 1):
            s.committed.append(s.log[leader][k])


@model.initial
def init(s: Rounds) -> None:
    """All logs are empty."""


@model.action(
    Rule.LOG_UP_TO_DATE,
    Rule.LAST_TERM_FIRST,
    Rule.CLIENT_REQUEST,
    Rule.SEND_ENTRIES,
    Rule.PREVIOUS_ENTRY,
    Rule.TRUNCATE_ON_CONFLICT,
    Rule.APPEND_NEW_ENTRIES,
    Rule.ACK_MATCHED_ONLY,
    Rule.COMMIT_QUORUM,
    Rule.COMMIT_OWN_TERM,
)
def lead_a_round(
    s: Rounds,
    leader: Annotated[Server, Where(can_win)],
    appended: Annotated[Index, Where(fits)],
    prev: Annotated[Map[Server, Index], Where(may_follow)],
    last: Annotated[Map[Server, Index], Where(may_end)],
    late: Annotated[Map[Server, Index], Where(may_be_late)],
) -> bool:
    """A new term: its leader is elected, appends entries, sends them to some followers, and commits."""
    s.missing = lacking(s, leader)
    if appended > 0:
        term = newest_term(s) + 1
        for _ in range(appended):
            s.log[leader].append(term)
    for j in s.servers:
        if j != leader:
            store(s, leader, j, prev[j], last[j])
            if late[j] > 0:
                store(s, leader, j, prev[j], late[j])
    commit(s, leader, committable(s, leader, appended, prev, last))
    return True


# What must hold.


@model.invariant
def leader_completeness(s: Rounds) -> bool:
    """The leader of a round has every entry that was committed in earlier ones (Figure 3, §5.4)."""
    return s.missing == 0


@model.invariant
def log_matching(s: Rounds) -> bool:
    """Logs with an entry of the same index and term are identical up to it (Figure 3, §5.3)."""
    for i in s.servers:
        for j in s.servers:
            if i < j:
                for k in range(matching(s, i, j) + 1, min(len(s.log[i]), len(s.log[j])) + 1):
                    if s.log[i][k] == s.log[j][k]:
                        return False
    return True


@model.invariant
def committed_is_stored(s: Rounds) -> bool:
    """A quorum stores what is committed (§5.3)."""
    stored = 0
    for i in s.servers:
        if lacking(s, i) == 0:
            stored += 1
    return is_quorum(s, stored)


@model.action_invariant
def state_machine_safety(s: Rounds, t: Rounds) -> bool:
    """What is committed stays: no other entry is ever committed at its index (Figure 3, §5.4.3)."""
    if len(t.committed) < len(s.committed):
        return False
    for k in range(1, len(s.committed) + 1):
        if t.committed[k] != s.committed[k]:
            return False
    return True


@model.witness
def entry_committed(s: Rounds) -> bool:
    """An entry is committed."""
    return len(s.committed) > 0


@model.witness
def log_truncated(s: Rounds, t: Rounds) -> bool:
    """A follower gives entries up for those of a later leader."""
    for i in s.servers:
        for k in range(1, len(s.log[i]) + 1):
            if k > len(t.log[i]) or s.log[i][k] != t.log[i][k]:
                return True
    return False


# Logs without bound.


@model.reduction(
    Rule.PREVIOUS_ENTRY,
    Rule.TRUNCATE_ON_CONFLICT,
    Rule.APPEND_NEW_ENTRIES,
    Rule.ACK_MATCHED_ONLY,
    covers="Stands for every behavior of {servers} servers with logs of any length whose logs differ in at most the "
    "last {max_log} entries of each, with any number of elections, messages, losses, duplicates, reorderings and "
    "crash-restarts, in Raft over a network that never forgets (abstract). Rests on the sorting of steps by terms "
    "(docs/rounds.md), and on ElectionSafety: raftproof check election --servers {servers}.",
)
def prefix(s: Rounds) -> None:
    """What all logs share from the beginning is left out: no leader lacks it, and no follower gives up what matches.

    Not what contradicts what is committed, lest a violation be forgotten.
    """
    shared = len(s.indexes)
    for i in s.servers:
        for j in s.servers:
            shared = min(shared, matching(s, i, j))
    for i in s.servers:
        for k in range(1, min(shared, len(s.committed)) + 1):
            if s.committed[k] != s.log[i][k]:
                shared = min(shared, k - 1)
    for i in s.servers:
        s.log[i].drop(shared)
    s.committed.drop(min(shared, len(s.committed)))
