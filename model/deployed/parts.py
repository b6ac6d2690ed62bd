"""What the rules are made of: logs, majorities, terms, and answers that wait for the disk."""

from __future__ import annotations

from raftproof.model.deployed.state import (
    Answer,
    AppendAnswer,
    Deployed,
    Entry,
    HeartbeatAnswer,
    Kind,
    PreVoteAnswer,
    Promise,
    Role,
    VoteAnswer,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Server

# --------------------------------------------------------------------------------------------------- sets of servers


def has(members: int, i: int) -> bool:
    """Whether a server is in a set."""
    return members >> i & 1 == 1


def voters(s: Deployed, i: Server) -> int:
    """Whose votes count for server i: of C_new in a joint configuration."""
    if s.upholds(Rule.LEARNER_NO_VOTE):
        return s.configuration[i].voters
    return s.configuration[i].voters | s.configuration[i].learners


def old_voters(s: Deployed, i: Server) -> int:
    """Whose votes count beside them: of C_old in a joint configuration, else nobody's (thesis §4.3)."""
    return s.configuration[i].outgoing if s.upholds(Rule.JOINT_MAJORITIES) else 0


def is_voter(s: Deployed, i: Server, j: Server) -> bool:
    """Whether j votes, as far as i knows."""
    return has(s.configuration[i].voters | s.configuration[i].outgoing, j)


def is_member(s: Deployed, i: Server, j: Server) -> bool:
    """Whether j receives entries, as far as i knows."""
    known = s.configuration[i]
    return has(known.voters | known.outgoing | known.learners, j)


# --------------------------------------------------------------------------------------------------- majorities


def size(s: Deployed, members: int) -> int:
    """How many servers a set has."""
    count = 0
    for i in s.servers:
        count += members >> i & 1
    return count


def is_majority(s: Deployed, some: int, members: int) -> bool:
    """Whether so many of so many are a quorum: any two of them share a server (§5.2)."""
    if s.upholds(Rule.QUORUM_MAJORITY):
        return 2 * some > members
    return some >= max(members // 2, 1)


def granted(s: Deployed, i: Server, half: int) -> int:
    """How many of a set have granted their vote to server i."""
    count = 0
    for j in s.servers:
        if has(half, j) and j in s.votes_granted[i]:
            count += 1
    return count


def refused(s: Deployed, i: Server, half: int) -> int:
    """How many of a set have refused it."""
    count = 0
    for j in s.servers:
        if has(half, j) and j in s.votes_refused[i]:
            count += 1
    return count


def has_won(s: Deployed, i: Server) -> bool:
    """Whether a majority has granted its vote; in a joint configuration, of both halves."""
    new, old = voters(s, i), old_voters(s, i)
    if not is_majority(s, granted(s, i, new), size(s, new)):
        return False
    return old == 0 or is_majority(s, granted(s, i, old), size(s, old))


def has_lost(s: Deployed, i: Server) -> bool:
    """Whether so many have refused that no majority can grant its vote any more."""
    new, old = voters(s, i), old_voters(s, i)
    members = size(s, new)
    if not is_majority(s, members - refused(s, i, new), members):
        return True
    members = size(s, old)
    return old != 0 and not is_majority(s, members - refused(s, i, old), members)


def agreed(s: Deployed, i: Server, half: int) -> int:
    """The last entry that a majority of a set stores, as far as leader i knows."""
    best, members = 0, size(s, half)
    for j in s.servers:
        index = min(s.match_index[i][j], len(s.log[i]))  # only a false acknowledgement lies beyond the log
        if has(half, j) and index > best:
            count = 0
            for k in s.servers:
                if has(half, k) and s.match_index[i][k] >= index:
                    count += 1
            if is_majority(s, count, members):
                best = index
    return best


# --------------------------------------------------------------------------------------------------- logs


def term_at(s: Deployed, i: Server, index: int) -> int:
    """The term of an entry; 0 where there is none."""
    return s.log[i][index].term if 0 < index <= len(s.log[i]) else 0


def last_term(s: Deployed, i: Server) -> int:
    """The term of the last entry of a log, or 0 if the log is empty."""
    return term_at(s, i, len(s.log[i]))


def is_up_to_date(s: Deployed, i: Server, last_log_term: int, last_log_index: int) -> bool:
    """Whether a candidate's log is at least as up to date as server i's (§5.4.1)."""
    if not s.upholds(Rule.LOG_UP_TO_DATE):
        return True
    mine, length = last_term(s, i), len(s.log[i])
    if not s.upholds(Rule.LAST_TERM_FIRST):
        return last_log_index > length or (last_log_index == length and last_log_term >= mine)
    return last_log_term > mine or (last_log_term == mine and last_log_index >= length)


def has_change(s: Deployed, i: Server, first: int, last: int) -> bool:
    """Whether one of the entries from first to last changes the membership."""
    for index in range(first, min(last, len(s.log[i])) + 1):
        if s.log[i][index].kind != Kind.NORMAL:
            return True
    return False


def cut(s: Deployed, i: Server, length: int) -> None:
    """Keep the first entries of a log (§5.3)."""
    s.log[i].truncate(length)
    s.stored[i] = min(s.stored[i], length)


def take(s: Deployed, i: Server, index: int, entry: Entry, is_last: bool) -> None:
    """Put an entry that a leader sent into its place, unless it is there; one that conflicts is cut off first."""
    if index <= len(s.log[i]):
        is_there = s.log[i][index].term == entry.term
        if is_there and not (is_last and not s.upholds(Rule.TRUNCATE_ON_CONFLICT)):
            return
        cut(s, i, index - 1)
    s.log[i].append(entry)


# --------------------------------------------------------------------------------------------------- terms


def enter_term(s: Deployed, i: Server, term: int) -> None:
    """Forget what belonged to the role before; the vote only if the term is new."""
    if term != s.current_term[i]:
        s.current_term[i] = term
        s.voted_for[i] = NIL
    s.leader[i] = NIL
    s.votes_granted[i].clear()
    s.votes_refused[i].clear()
    s.pending_change[i] = 0
    for j in s.servers:
        s.match_index[i][j] = 0


def become_follower(s: Deployed, i: Server, term: int, leader: Server) -> None:
    """Follow a leader, or nobody yet (§5.1)."""
    is_candidate = s.role[i] == Role.CANDIDATE
    if term == s.current_term[i] and is_candidate and not s.upholds(Rule.KEEP_VOTE_ON_STEP_DOWN):
        s.voted_for[i] = NIL
    enter_term(s, i, term)
    s.role[i] = Role.FOLLOWER
    s.leader[i] = leader


# --------------------------------------------------------------------------------------------------- answers


def is_written(s: Deployed, i: Server) -> bool:
    """Whether the disk holds the term and the vote."""
    return s.disk_term[i] == s.current_term[i] and s.disk_vote[i] == s.voted_for[i]


def release(s: Deployed, i: Server, answer: Answer) -> None:
    """An answer leaves for the network."""
    if answer.kind == Promise.VOTE:
        s.messages.send(VoteAnswer(term=answer.term, reject=answer.reject, source=i, dest=answer.dest))
    elif answer.kind == Promise.PRE_VOTE:
        s.messages.send(PreVoteAnswer(term=answer.term, reject=answer.reject, source=i, dest=answer.dest))
    elif answer.kind == Promise.HEARTBEAT:
        s.messages.send(HeartbeatAnswer(term=answer.term, source=i, dest=answer.dest))
    else:
        s.messages.send(
            AppendAnswer(
                term=answer.term,
                reject=answer.reject,
                log_index=answer.log_index,
                hint_index=answer.hint_index,
                hint_term=answer.hint_term,
                source=i,
                dest=answer.dest,
            )
        )


def post(s: Deployed, i: Server, answer: Answer) -> None:
    """An answer waits until the disk holds what it promises."""
    too_early = (answer.kind == Promise.VOTE and not s.upholds(Rule.VOTE_PERSISTED)) or (
        answer.kind == Promise.APPEND and not s.upholds(Rule.LOG_PERSISTED)
    )
    if too_early:
        release(s, i, answer)
    else:
        s.outbox[i].append(answer)
