"""Log replication (§5.3), commitment (§5.4.2), and heartbeats (§5.2)."""

from __future__ import annotations

from raftproof.model.deployed.election import append_own
from raftproof.model.deployed.parts import (
    agreed,
    become_follower,
    cut,
    is_member,
    old_voters,
    post,
    take,
    term_at,
    voters,
)
from raftproof.model.deployed.state import (
    NO_ENTRY,
    NO_SERVERS,
    Answer,
    AppendAnswer,
    AppendEntries,
    Deployed,
    Few,
    Heartbeat,
    HeartbeatAnswer,
    Kind,
    Promise,
    Role,
    everything,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Index, Server

# --------------------------------------------------------------------------------------------------- the leader


def advance_commit(s: Deployed, i: Server) -> None:
    """Leader i commits what a majority stores, if the last of it is of its own term (Figure 2, leaders; §5.4.2)."""
    index, old = agreed(s, i, voters(s, i)), old_voters(s, i)
    if old != 0:
        index = min(index, agreed(s, i, old))
    is_own = term_at(s, i, index) == s.current_term[i] or not s.upholds(Rule.COMMIT_OWN_TERM)
    if index > s.commit_index[i] and is_own:
        s.commit_index[i] = index


def count_match(s: Deployed, i: Server, j: Server, index: int) -> None:
    """Leader i learns that j stores what i has up to an index; an old answer moves nothing."""
    if index > s.match_index[i][j]:
        s.match_index[i][j] = index
        advance_commit(s, i)
    elif not s.upholds(Rule.MATCH_MONOTONIC):
        s.match_index[i][j] = index


@everything.action(Rule.CLIENT_REQUEST, Rule.LEADER_APPEND_ONLY)
def propose(s: Deployed, i: Server) -> bool:
    """Leader i appends what a client asks for to its log (Figure 2, leaders)."""
    if s.role[i] != Role.LEADER or not is_member(s, i, i):
        return False
    if not s.upholds(Rule.LEADER_APPEND_ONLY):
        cut(s, i, min(s.commit_index[i], len(s.log[i])))
    append_own(s, i, Kind.NORMAL, NO_SERVERS, NO_SERVERS, NO_SERVERS)
    return True


@everything.action(Rule.COMMIT_QUORUM, Rule.COMMIT_OWN_TERM, Rule.LOG_PERSISTED)
def count_own_entries(s: Deployed, i: Server, index: Index) -> bool:
    """Leader i counts its own log up to what its disk holds: a message to itself."""
    if s.role[i] != Role.LEADER or index > s.stored[i] or index <= s.match_index[i][i] or not is_member(s, i, i):
        return False
    count_match(s, i, i, index)
    return True


@everything.action(Rule.SEND_ENTRIES)
def send_append(s: Deployed, i: Server, j: Server, prev: Index, count: Few) -> bool:
    """Leader i sends j entries from anywhere after what j is known to store; none are a sign of life.

    Differs: the paper sends from next_index on. Which part is sent is a matter of speed, and any part is safe.
    """
    last = len(s.log[i])
    if s.role[i] != Role.LEADER or i == j or not is_member(s, i, j) or prev < s.compacted[i] or prev + count > last:
        return False
    if prev < s.match_index[i][j] and s.upholds(Rule.SEND_ENTRIES):
        return False
    s.messages.send(
        AppendEntries(
            term=s.current_term[i],
            prev_log_index=prev,
            prev_log_term=term_at(s, i, prev),
            entries=count,
            first=s.log[i][prev + 1] if count > 0 else NO_ENTRY,
            second=s.log[i][prev + 2] if count > 1 else NO_ENTRY,
            commit=s.commit_index[i],
            source=i,
            dest=j,
        )
    )
    return True


@everything.action(
    Rule.HIGHER_TERM_STEPS_DOWN,
    Rule.SUCCESS_ADVANCES,
    Rule.MATCH_MONOTONIC,
    Rule.REFUSAL_NO_MATCH,
    Rule.COMMIT_QUORUM,
    Rule.COMMIT_OWN_TERM,
)
def receive_append_answer(s: Deployed, m: AppendAnswer) -> bool:
    """Leader i learns what j stores, and perhaps commits; one of an older term is ignored."""
    i, j = m.dest, m.source
    s.messages.discard(m)
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, NIL)
    elif m.term == s.current_term[i] and s.role[i] == Role.LEADER and is_member(s, i, j):
        if not m.reject:
            count_match(s, i, j, m.log_index)
        elif not s.upholds(Rule.REFUSAL_NO_MATCH):
            s.match_index[i][j] = m.log_index
    return True


# --------------------------------------------------------------------------------------------------- the follower


def follow(s: Deployed, i: Server, leader: Server) -> None:
    """A message of the leader of this term: a candidate steps down (§5.2)."""
    if s.role[i] != Role.FOLLOWER:
        become_follower(s, i, s.current_term[i], leader)
    s.leader[i] = leader


def answer_stale_leader(s: Deployed, i: Server, leader: Server) -> None:
    """With pre-vote or check-quorum a leader of an older term is told of the newer one, lest a server that came back
    with it be heard by nobody; otherwise it hears nothing."""
    if s.pre_vote or s.check_quorum:
        post(s, i, Answer(Promise.APPEND, leader, s.current_term[i], False, 0, 0, 0))


def follow_commit(s: Deployed, i: Server, index: int) -> None:
    """Follower i knows entries to be committed (Figure 2, AppendEntries 5)."""
    if index > s.commit_index[i] or not s.upholds(Rule.COMMIT_MONOTONIC):
        s.commit_index[i] = index


def matches(s: Deployed, i: Server, prev: int, term: int) -> bool:
    """Whether server i's log has the entry before those that are sent (Figure 2, AppendEntries 2)."""
    if prev > len(s.log[i]):
        return False
    return term_at(s, i, prev) == term or not s.upholds(Rule.PREVIOUS_ENTRY)


def hint(s: Deployed, i: Server, index: int, term: int) -> int:
    """The last place at or before an index whose term is at most `term`: no entry after it can match (end of §5.3)."""
    found = index
    for k in range(index, 0, -1):
        if k < s.compacted[i] or term_at(s, i, k) <= term:
            break
        found = k - 1
    return found


def accept(s: Deployed, i: Server, m: AppendEntries) -> None:
    """The receiver's rules 3 to 5, and the answer; the log has the previous entry."""
    index = m.prev_log_index + m.entries
    if m.entries > 0:
        take(s, i, m.prev_log_index + 1, m.first, m.entries == 1)
    if m.entries > 1:
        take(s, i, index, m.second, True)
    newest = index if s.upholds(Rule.COMMIT_UP_TO_LAST_NEW) else len(s.log[i])
    follow_commit(s, i, min(m.commit, newest))
    matched = index if s.upholds(Rule.ACK_MATCHED_ONLY) else len(s.log[i])
    post(s, i, Answer(Promise.APPEND, m.source, s.current_term[i], False, matched, 0, 0))


def refuse(s: Deployed, i: Server, m: AppendEntries) -> None:
    """Say where the refused append began, and where the leader may go on."""
    place = hint(s, i, min(m.prev_log_index, len(s.log[i])), m.prev_log_term)
    term = term_at(s, i, place) if place >= s.compacted[i] else 0
    post(s, i, Answer(Promise.APPEND, m.source, s.current_term[i], True, m.prev_log_index, place, term))


@everything.action(
    Rule.HIGHER_TERM_STEPS_DOWN,
    Rule.REFUSE_STALE,
    Rule.YIELD_TO_LEADER,
    Rule.PREVIOUS_ENTRY,
    Rule.TRUNCATE_ON_CONFLICT,
    Rule.APPEND_NEW_ENTRIES,
    Rule.COMMIT_UP_TO_LAST_NEW,
    Rule.COMMIT_MONOTONIC,
    Rule.ACK_MATCHED_ONLY,
    Rule.LOG_PERSISTED,
    Rule.FOLLOWERS_RESPOND,
)
def receive_append(s: Deployed, m: AppendEntries) -> bool:
    """Follower i takes what the leader of its term sends, or refuses (Figure 2, AppendEntries).

    As in etcd, what begins before the commit index is answered with the commit index, and looked at no further.
    """
    i = m.dest
    s.messages.discard(m)
    if m.term < s.current_term[i] and (s.upholds(Rule.REFUSE_STALE) or s.role[i] != Role.FOLLOWER):
        answer_stale_leader(s, i, m.source)
        return True
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, m.source)
    if s.role[i] == Role.LEADER:
        return True
    follow(s, i, m.source)
    if m.prev_log_index < s.commit_index[i]:
        post(s, i, Answer(Promise.APPEND, m.source, s.current_term[i], False, s.commit_index[i], 0, 0))
    elif matches(s, i, m.prev_log_index, m.prev_log_term):
        accept(s, i, m)
    else:
        refuse(s, i, m)
    return True


# --------------------------------------------------------------------------------------------------- heartbeats


@everything.action(Rule.HEARTBEATS, Rule.SEND_ENTRIES)
def send_heartbeat(s: Deployed, i: Server, j: Server, commit: Index) -> bool:
    """Leader i tells j that it is alive, and how much of what j is known to store is committed."""
    if s.role[i] != Role.LEADER or i == j or not is_member(s, i, j):
        return False
    known = min(s.match_index[i][j], s.commit_index[i])
    if commit > known or (commit < known and s.upholds(Rule.SEND_ENTRIES)):
        return False
    s.messages.send(Heartbeat(term=s.current_term[i], commit=commit, source=i, dest=j))
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN, Rule.REFUSE_STALE, Rule.YIELD_TO_LEADER, Rule.COMMIT_MONOTONIC)
def receive_heartbeat(s: Deployed, m: Heartbeat) -> bool:
    """Follower i knows its leader to be alive."""
    i = m.dest
    s.messages.discard(m)
    if m.term < s.current_term[i]:
        answer_stale_leader(s, i, m.source)
        return True
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, m.source)
    if s.role[i] != Role.LEADER:
        follow(s, i, m.source)
        follow_commit(s, i, m.commit)
        post(s, i, Answer(Promise.HEARTBEAT, m.source, s.current_term[i], False, 0, 0, 0))
    return True


@everything.action(Rule.HIGHER_TERM_STEPS_DOWN)
def receive_heartbeat_answer(s: Deployed, m: HeartbeatAnswer) -> bool:
    """Leader i knows j to be alive; what it may send again is not modelled."""
    i = m.dest
    s.messages.discard(m)
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, NIL)
    return True
