"""What a server does with a leader's message (§5.2, §5.3): a function for each line that shows it."""

from __future__ import annotations

from typing import Final

from raftproof.traces.conformance.answers import as_sent, compare_terms, let_handle, say
from raftproof.traces.conformance.checks import FIELD_RULES, arrive, expect, idle, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.elections import take_term
from raftproof.traces.conformance.modes import answers_stale
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.snapshots import answer_kept, install_snapshot, keep_log
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import FOLLOWER, LEADER, Event, Message

# The rules that speak of the fields of an answer's line, and of its message.
_TAKEN: Final = {"message": "ack_matched_only", "log": "truncate_on_conflict", "commit": "commit_up_to_last_new"}
_REFUSED: Final = dict.fromkeys((*_TAKEN, "reject"), "previous_entry")
_HEARD: Final = {"message": "heartbeats", "commit": "commit_monotonic", "log": "append_new_entries"}
_STALE: Final = dict.fromkeys((*FIELD_RULES, "message"), "refuse_stale")


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
    same(s, c, e, _STALE)
    c.machine.set_modes(True, True)
    wanted = as_sent(s, m, let_handle(c, s, m))
    expect(e.msg, wanted, _STALE, f"server {s.nid} is in term {s.term}, and receives {words(m)}")
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
    before = s.commit
    answer = let_handle(c, s, m)
    c.pull(s)
    is_refused = answer is not None and answer.reject != 0
    if not is_refused and m.index >= before:
        if m.entries:
            _take_entries(c, s, m)
        c.pull_commit(s)
    rules = _REFUSED if is_refused else _TAKEN
    say(c, s, e, m, rules, lambda: _what_became(s, m, before, is_refused), as_sent(s, m, answer))


def _what_became(s: Server, m: Message, before: int, is_refused: bool) -> str:
    """What an append made of the log, in words."""
    prev = m.index
    if is_refused:
        mine = f"of term {s.log[prev] >> SHIFT}" if prev <= s.last else "missing"
        return f"entry {prev} should be of term {m.log_term} and is {mine}"
    if prev < before:
        return f"entry {prev} lies below the commit index {before}: nothing is looked at"
    return f"entry {prev} matches, and {m.entries} entries follow it"


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
    say(c, s, e, m, _HEARD, lambda: "a heartbeat is answered", as_sent(s, m, answer))


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
