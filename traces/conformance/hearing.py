"""What a server does with a leader's message (§5.2, §5.3): a function for each line that shows it."""

from __future__ import annotations

from typing import Final

from raftproof.traces.conformance.answers import as_sent, compare_terms, let_handle, say
from raftproof.traces.conformance.checks import arrive, expect, idle, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.elections import take_term
from raftproof.traces.conformance.modes import answers_stale
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.snapshots import answer_kept, install_snapshot, keep_log
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import FOLLOWER, LEADER, Event, Message


def receive_append_request(c: Cluster, s: Server, e: Event) -> None:
    """A leader's message: of an older term it is refused, else its sender is the leader to follow."""
    idle(s, c, e)
    m = arrive(c, s, e)
    compare_terms(c, e, m)
    if m.term < s.term:
        if m.type != "MsgSnap":
            s.owed = [Owed("SendAppendEntriesResponse", answer_stale_leader, m, leave_unanswered)]
        return
    if m.term == s.term and s.role == LEADER:
        let_handle(c, s, m)
        return
    s.owed = list(_ANSWERS[m.type](m))
    if m.term > s.term or s.role != FOLLOWER:
        s.owed.insert(0, Owed("BecomeFollower", take_term, m))


def answer_stale_leader(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """With pre-vote or check-quorum a leader of an older term is told of the newer one, with index 0."""
    m = owed.message
    assert m is not None
    rules = dict.fromkeys((*s.shows(), "message"), "refuse_stale")
    same(s, c, e, rules)
    c.machine.set_modes(True, True)
    wanted = as_sent(s, m, let_handle(c, s, m))
    expect(e.msg, wanted, rules, f"server {s.nid} is in term {s.term}, and receives {words(m)}")
    because = f"server {s.nid} answers {words(m)} in its newer term {s.term}, so that pre-vote or check-quorum is on"
    c.modes.demand(answers_stale, "refuse_stale", because)
    send(c, s, e)


def leave_unanswered(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """Without pre-vote and check-quorum it hears nothing."""
    m = owed.message
    assert m is not None
    because = f"server {s.nid} leaves {words(m)} unanswered in term {s.term}, so that pre-vote and check-quorum are off"
    c.modes.demand(lambda mode: not answers_stale(mode), "reply_term", because)
    c.machine.set_modes(False, False)
    let_handle(c, s, m)


def answer_append(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The receiver's rules 2 to 5 of AppendEntries, and the answer (Figure 2); the line shows the state after."""
    m = owed.message
    assert m is not None
    before, last, prev = s.commit, s.last, m.index
    mine = f"of term {s.log[prev] >> SHIFT}" if prev <= last else "missing"
    answer = let_handle(c, s, m)
    c.pull(s)
    rules = {"message": "ack_matched_only", "log": "truncate_on_conflict", "commit": "commit_up_to_last_new"}
    if answer is not None and answer.reject:
        why = f"entry {prev} should be of term {m.log_term} and is {mine}"
        rules = dict.fromkeys((*rules, "reject"), "previous_entry")
    elif prev < before:
        why = f"entry {prev} lies below the commit index {before}: nothing is looked at"
    else:
        why = f"entry {prev} matches, and {m.entries} entries follow it"
        if m.entries:
            _take_entries(c, s, m)
        c.pull_commit(s)
    say(c, s, e, m, rules, why, as_sent(s, m, answer))


def _take_entries(c: Cluster, s: Server, m: Message) -> None:
    """What the model has taken, for the disk and for those to whom this server will send it."""
    log, first, end = s.log, m.index + 1, m.index + m.entries
    sent, k, stop = c.led(m.term, first, end + 1), first, min(end, s.last)
    while k <= stop and log[k] == sent[k - first]:
        k += 1
    if k <= end:
        if k <= s.commit:
            raise Departure(
                "StateMachineSafety",
                f"leader {m.source} of term {m.term} sends an entry of term {sent[k - first] >> SHIFT} for index {k}, "
                f"where server {s.nid} knows one of term {log[k] >> SHIFT} to be committed",
                cause="safety",
            )
        s.truncate(k - 1)
        s.log.extend(sent[k - first :])
    s.last = c.machine.log_length(s.i)


def answer_heartbeat(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A follower knows its leader to be alive, and how much is committed."""
    m = owed.message
    assert m is not None
    if m.commit > s.last:
        raise Departure(
            "commit_up_to_last_new",
            f"leader {m.source} tells server {s.nid} that {m.commit} entries are committed, of which it holds {s.last}",
            {"commit": f"at most {s.last}"},
            {"commit": m.commit},
        )
    answer = let_handle(c, s, m)
    c.pull(s)
    c.pull_commit(s)
    rules = {"message": "heartbeats", "commit": "commit_monotonic", "log": "append_new_entries"}
    say(c, s, e, m, rules, "a heartbeat is answered", as_sent(s, m, answer))


def _answers_snapshot(m: Message) -> tuple[Owed, ...]:
    return (
        Owed("ApplyConfChange", install_snapshot, m, keep_log),
        Owed("SendAppendEntriesResponse", answer_kept, m),
    )


_ANSWERS: Final = {
    "MsgApp": lambda m: (Owed("SendAppendEntriesResponse", answer_append, m),),
    "MsgHeartbeat": lambda m: (Owed("SendAppendEntriesResponse", answer_heartbeat, m),),
    "MsgSnap": _answers_snapshot,
}
