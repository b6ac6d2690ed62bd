"""Log replication (§5.3), commitment (§5.4.2), and heartbeats (§5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raftproof.impl.core import membership, quorum, reads, snapshots, transfer
from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import CONFIGURATION, NONE, Entry
from raftproof.impl.core.progress import PROBE, REPLICATE, SNAPSHOT, Progress
from raftproof.impl.core.roles import FOLLOWER, LEADER
from raftproof.impl.core.rules import (
    ACK_MATCHED_ONLY,
    COMMIT_MONOTONIC,
    COMMIT_OWN_TERM,
    COMMIT_UP_TO_LAST_NEW,
    MATCH_MONOTONIC,
    PREVIOUS_ENTRY,
    REFUSAL_NO_MATCH,
    TRUNCATE_ON_CONFLICT,
)
from raftproof.impl.core.terms import become_follower

if TYPE_CHECKING:
    from raftproof.impl.core.raft import Raft


# --- the leader -----------------------------------------------------------------------------------------------------


def append_as_leader(raft: Raft, entries: tuple[Entry, ...]) -> bool:
    """If a command is received from a client: append the entry to the local log (Figure 2, leaders).

    The leader's own answer goes by way of its disk: it may write in parallel with its followers (thesis §10.2.1).
    Refused while leadership is handed over (thesis §3.10), once this server is no member any more, and where too much
    waits to be committed; the empty entry of a new leader is never refused.
    """
    if raft.transferee or raft.id not in raft.progress:
        return False
    size = sum([len(entry.data) for entry in entries])
    if size and raft.uncommitted_bytes and raft.uncommitted_bytes + size > raft.settings.max_uncommitted_bytes:
        return False
    raft.uncommitted_bytes += size
    observer, log, term = raft.observer, raft.log, raft.current_term
    if any(entry.kind for entry in entries):
        entries = membership.admit_changes(raft, entries)
    if observer is not None:
        for entry in entries:
            observer("ChangeConf" if entry.kind == CONFIGURATION else "Replicate", raft, None, entry)
    for entry in entries:
        log.append(Entry(term, log.last_index + 1, entry.data, entry.kind))
    raft.send(m.AppendEntriesResponse(term, raft.id, raft.id, log.last_index, True))
    raft.unsent = True
    return True


def broadcast(raft: Raft) -> None:
    """Send to every follower what it lacks; once for all that was appended since the last Ready."""
    raft.unsent = False
    for server, progress in raft.progress.items():
        if server != raft.id:
            send_append(raft, server, progress)


def send_append(raft: Raft, server: int, progress: Progress, even_empty: bool = True) -> bool:
    """AppendEntries with the entries from next_index on (Figure 2, leaders), or a snapshot where they are gone.

    To a follower that answers, the leader sends ahead and moves next_index as it sends; to one that must be probed, it
    sends one append and waits; nothing beyond the window of appends without an answer.
    """
    flow, log = progress.flow, raft.log
    if flow is SNAPSHOT or (flow is PROBE and progress.paused):
        return False
    previous = progress.next_index - 1
    if previous < log.base_index:
        return snapshots.send(raft, server, progress)
    entries: tuple[Entry, ...] = ()
    full = flow is REPLICATE and len(progress.inflight) >= raft.settings.max_inflight
    if log.last_index > previous and not full:
        entries = log.slice_bytes(previous + 1, raft.settings.max_append_bytes)
    if not entries and not even_empty:
        return False
    raft.send_now(
        m.AppendEntries(raft.current_term, raft.id, server, previous, log.term(previous), entries, raft.commit_index)
    )
    if flow is REPLICATE:
        if entries:
            progress.next_index += len(entries)
            progress.inflight.append(progress.next_index - 1)
    else:
        progress.paused = True
    return True


def append_entries_response(raft: Raft, message: m.AppendEntriesResponse) -> None:
    """If successful: update next_index and match_index; else decrement next_index and retry (Figure 2, leaders)."""
    progress = raft.progress.get(message.source)
    if raft.role is not LEADER or progress is None:
        return
    progress.recent_active = True
    if message.success:
        _matched(raft, message.source, progress, message.index)
    else:
        _refused(raft, message, progress)


def _refused(raft: Raft, message: m.AppendEntriesResponse, progress: Progress) -> None:
    """Step back past everything that cannot match (§5.3), and probe."""
    if REFUSAL_NO_MATCH in raft.broken:
        progress.match_index = message.index
    next_index = message.hint_index
    if message.hint_term:
        next_index = raft.log.find_conflict_by_term(message.hint_index, message.hint_term)[0]
    if progress.refused(message.index, next_index + 1):
        send_append(raft, message.source, progress)


def _matched(raft: Raft, server: int, progress: Progress, index: int) -> None:
    """A follower's log is known to match up to `index`: send more, perhaps commit."""
    news = index > progress.match_index
    if news:
        progress.match_index = index
        if progress.next_index <= index:
            progress.next_index = index + 1
    elif MATCH_MONOTONIC in raft.broken:
        progress.match_index = index
    if server == raft.id:
        if news:
            advance_commit(raft)
        return
    was_full = progress.paused or (progress.flow is REPLICATE and len(progress.inflight) >= raft.settings.max_inflight)
    if progress.flow is REPLICATE:
        inflight = progress.inflight
        while inflight and inflight[0] <= index:
            inflight.popleft()
    elif progress.flow is PROBE:
        if not news and index != progress.match_index:
            return
        progress.become_replicate()
    elif progress.match_index >= raft.log.base_index:
        progress.become_replicate()
    if not news:
        return
    if not advance_commit(raft) and was_full:
        send_append(raft, server, progress)
    while progress.flow is REPLICATE and send_append(raft, server, progress, even_empty=False):
        pass
    if server == raft.transferee:
        transfer.continue_with(raft, progress)


def advance_commit(raft: Raft) -> bool:
    """If there exists an N > commit_index that a majority of match_index has reached, and log[N].term == current_term:
    set commit_index = N (Figure 2, leaders; §5.3, §5.4.2)."""
    matched = {server: progress.match_index for server, progress in raft.progress.items()}
    index = quorum.jointly_agreed(raft.deciding, matched, raft.broken)
    own_term = raft.log.term(index) == raft.current_term or COMMIT_OWN_TERM in raft.broken
    moved = index > raft.commit_index and own_term
    if moved:
        raft.commit_index = index
        raft.unsent = True
    if raft.observer is not None:
        raft.observer("Commit", raft, None, None)
    if moved and raft.reads_early:
        reads.release_early(raft)
    return moved


# --- the follower ---------------------------------------------------------------------------------------------------


def follow(raft: Raft, leader: int) -> None:
    """A message of the leader of this term: a candidate steps down (§5.2), a follower waits on."""
    if raft.role is not FOLLOWER:
        assert raft.role is not LEADER, f"two leaders of term {raft.current_term}: {raft.id} and {leader}"
        become_follower(raft, raft.current_term, leader)
    raft.leader = leader
    raft.election_elapsed = 0


def append_entries(raft: Raft, message: m.AppendEntries) -> None:
    """The receiver's rules 2 to 5 (Figure 2, AppendEntries)."""
    follow(raft, message.source)
    log, previous = raft.log, message.prev_log_index
    is_current = message.term == raft.current_term  # always, unless refuse_stale is broken
    if previous < raft.commit_index and is_current:
        index, success, hint = raft.commit_index, True, (0, 0)  # what is committed matches: say so, look no further
    elif _matches(raft, previous, message.prev_log_term):
        index, success, hint = previous + len(message.entries), True, (0, 0)
        if message.entries:
            _take(raft, previous, message.entries)
        newest = log.last_index if COMMIT_UP_TO_LAST_NEW in raft.broken else index
        follow_commit(raft, min(message.leader_commit, newest))
        if ACK_MATCHED_ONLY in raft.broken:
            index = log.last_index
    else:
        index, success = previous, False
        hint = log.find_conflict_by_term(min(previous, log.last_index), message.prev_log_term)
    raft.send(m.AppendEntriesResponse(raft.current_term, raft.id, message.source, index, success, *hint))


def _matches(raft: Raft, index: int, term: int) -> bool:
    """Reply false if the log does not contain an entry at prev_log_index whose term is prev_log_term (Figure 2, 2)."""
    log = raft.log
    if index > log.last_index or index < log.base_index:
        return False
    return log.term(index) == term or PREVIOUS_ENTRY in raft.broken


def _take(raft: Raft, previous: int, entries: tuple[Entry, ...]) -> None:
    """If an entry conflicts with a new one, delete it and all that follow; append what is new (Figure 2, 3 and 4)."""
    log = raft.log
    if previous == log.last_index:
        log.extend(entries)
        return
    place = 0
    for entry in entries:
        if log.term(entry.index) != entry.term:
            break
        place += 1
    if TRUNCATE_ON_CONFLICT in raft.broken and place == len(entries):
        place -= 1
    if place == len(entries):
        return
    first = entries[place].index
    if first <= log.last_index:
        assert first > raft.commit_index or raft.broken, f"server {raft.id} deletes committed entry {first}"
        log.cut(first)
    log.extend(entries[place:])


def follow_commit(raft: Raft, index: int) -> None:
    """If leader_commit > commit_index: commit_index = min(leader_commit, index of last new entry) (Figure 2, 5)."""
    if index > raft.commit_index or COMMIT_MONOTONIC in raft.broken:
        raft.commit_index = index


# --- heartbeats -----------------------------------------------------------------------------------------------------


def tick_leader(raft: Raft) -> None:
    """Heartbeats keep followers from electing another (§5.2); a leader that hears of no majority steps down."""
    raft.heartbeat_elapsed += 1
    raft.ticks_led += 1
    if raft.ticks_led >= raft.settings.election_timeout_ticks:
        raft.ticks_led = 0
        if raft.transferee:
            raft.transferee = NONE  # given up, after an election timeout (thesis §3.10)
        if raft.settings.check_quorum and not _check_quorum(raft):
            become_follower(raft, raft.current_term, NONE)
            return
        _retry_snapshots(raft)
    if raft.heartbeat_elapsed >= raft.settings.heartbeat_ticks:
        raft.heartbeat_elapsed = 0
        send_heartbeats(raft)


def _check_quorum(raft: Raft) -> bool:
    """A leader steps down if an election timeout passes without a majority's answer (thesis §6.2)."""
    active = [server for server, progress in raft.progress.items() if progress.recent_active or server == raft.id]
    for progress in raft.progress.values():
        progress.recent_active = False
    return quorum.has_quorum(raft.deciding, active, raft.broken)


def _retry_snapshots(raft: Raft) -> None:
    """A snapshot without an answer for an election timeout is taken for lost."""
    for server, progress in raft.progress.items():
        if progress.flow is SNAPSHOT:
            progress.waited += 1
            if progress.waited > 1:
                progress.become_probe()
                send_append(raft, server, progress)


def send_heartbeats(raft: Raft) -> None:
    """To every follower, with no commit index that it might not hold, and the round of reads to confirm."""
    term, id, commit, round = raft.current_term, raft.id, raft.commit_index, raft.read_round
    for server, progress in raft.progress.items():
        if server != id:
            match = progress.match_index
            raft.send_now(m.Heartbeat(term, id, server, commit if commit < match else match, round))


def heartbeat(raft: Raft, message: m.Heartbeat) -> None:
    """The leader is alive."""
    follow(raft, message.source)
    follow_commit(raft, min(message.leader_commit, raft.log.last_index) if raft.broken else message.leader_commit)
    assert raft.commit_index <= raft.log.last_index, f"server {raft.id} is told to commit what it does not hold"
    raft.send(m.HeartbeatResponse(raft.current_term, raft.id, message.source, message.read_round))


def heartbeat_response(raft: Raft, message: m.HeartbeatResponse) -> None:
    """A follower is alive: try again what may have been lost, and count it for the reads."""
    progress = raft.progress.get(message.source)
    if raft.role is not LEADER or progress is None:
        return
    progress.recent_active = True
    progress.paused = False
    if progress.match_index < raft.log.last_index:
        if progress.flow is REPLICATE and len(progress.inflight) >= raft.settings.max_inflight:
            progress.inflight.popleft()
        send_append(raft, message.source, progress)
    if message.read_round > progress.read_round:
        progress.read_round = message.read_round
        reads.confirm(raft)


def unreachable(raft: Raft, server: int) -> None:
    """Appends to this server were probably lost: stop sending ahead."""
    progress = raft.progress.get(server)
    if raft.role is LEADER and progress is not None and progress.flow is not PROBE:
        progress.become_probe()
