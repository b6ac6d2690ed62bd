"""What a leader sends, what it learns and what it commits (§5.3, §5.4.2): a function for each line that shows it."""

from __future__ import annotations

from typing import Final

from raftproof.model.rules import Rule
from raftproof.traces.conformance.answers import compare_terms
from raftproof.traces.conformance.checks import arrive, expect, idle, resolve, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.elections import take_term
from raftproof.traces.conformance.machine import BATCH, bit
from raftproof.traces.conformance.membership import majority_index
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import LEADER, NONE, Event, Message

_COMMIT: Final = 16
"""Where an append has its commit index, behind source, dest, term, the previous entry, the count and two entries."""

# ----------------------------------------------------------------------------------------------- what a leader sends


def send_append_request(c: Cluster, s: Server, e: Event) -> None:
    """A leader sends entries, a heartbeat or a snapshot to a member (§5.2, §5.3, §7)."""
    idle(s, c, e)
    m = e.msg
    assert m is not None
    _SENDS[m.type](c, s, e, m)
    send(c, s, e)


def _not_sent(c: Cluster, s: Server, m: Message, otherwise: Departure) -> Departure:
    """Why the model lets a server not send this: it leads nobody, or not this one, or what the message says."""
    if s.role != LEADER:
        otherwise = Departure("send_entries", "only a leader sends entries", {"role": LEADER}, {"role": s.role})
    elif m.dest == s.nid or not any(conf.may_hold(m.dest) for _, conf in s.configurations):
        otherwise = Departure(
            "send_entries",
            f"leader {s.nid} sends to {m.dest}, which is no other member of its configuration",
            {"to": s.shows()["conf"]},
            {"to": m.dest},
        )
    return c.machine.refused(otherwise)


def _send_entries(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """Any part of its log, with the entry before it and the commit index; `--strict`: none known to be there."""
    prev, machine, dest = m.index, c.machine, c.machine.add(m.dest)
    if 0 < prev <= machine.unreal[s.i]:
        machine.put_entry(s.i, prev, c.as_modelled(s.log[prev]))
    count = min(m.entries, s.last - prev)
    if not machine.act("send_append", s.i, dest, prev, min(m.entries, BATCH)):
        raise _not_sent(c, s, m, _no_such_entries(c, s, m))
    sent = machine.sent()
    wanted = Message("MsgApp", sent[2], s.nid, m.dest, count, sent[4], sent[3], sent[_COMMIT], NONE, False, 0)
    if m != wanted:
        rules = {"message": "send_entries", "commit": "commit_monotonic"}
        why = f"leader {s.nid} holds {s.last} entries, and entry {prev} is of term {wanted.log_term}"
        expect(m, wanted, rules, why)
    own = machine.match(s.i, s.i)
    prop = e.prop
    if (
        prop is not None
        and prop.match is not None
        and (prop.match != own or prop.next != own + 1)
        and (s.configuration.may_hold(s.nid))
    ):
        raise Departure(
            "success_advances",
            f"leader {s.nid} shows another progress of its own",
            {"match": own, "next": own + 1},
            {"match": prop.match, "next": prop.next},
        )
    compare_terms(c, e, m)


def _no_such_entries(c: Cluster, s: Server, m: Message) -> Departure:
    """Why a leader does not send these entries."""
    prev, match = m.index, c.machine.match(s.i, c.machine.add(m.dest))
    if prev > s.last:
        why = "a leader sends entries of its log"
        return Departure("send_entries", why, {"index": f"at most {s.last}"}, {"index": prev})
    if prev + m.entries > s.last:
        why = f"leader {s.nid} holds {s.last} entries"
        return Departure("send_entries", why, {"entries": s.last - prev}, {"entries": m.entries})
    compacted = c.machine.get(s.i, "compacted")
    if prev < compacted:
        why = f"leader {s.nid} has discarded the entries up to {compacted}"
        return Departure("send_entries", why, {"index": f"at least {compacted}"}, {"index": prev})
    return Departure(
        "match_monotonic",
        f"leader {s.nid} sends again what server {m.dest} is known to hold",
        {"index": f"at least {match}"},
        {"index": prev},
    )


def _send_heartbeat(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """No more is told to be committed than what its receiver is known to hold."""
    machine, dest = c.machine, c.machine.add(m.dest)
    held = machine.match(s.i, dest)
    known = min(held, s.commit)
    why = f"server {m.dest} is known to hold {held} entries, {s.commit} are committed"
    if not machine.act("send_heartbeat", s.i, dest, m.commit):
        was_denied = known < m.commit <= s.denied.get(m.dest, 0)
        rule = "refusal_no_match" if was_denied else "commit_up_to_last_new"
        differs = Departure(rule, f"{why}: the message differs in commit", {"commit": known}, {"commit": m.commit})
        raise _not_sent(c, s, m, differs)
    sent = machine.sent()
    wanted = Message("MsgHeartbeat", sent[2], s.nid, m.dest, 0, 0, 0, sent[3], NONE, False, 0)
    expect(m, wanted, {"message": "heartbeats"}, why)


def _send_snapshot(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """A snapshot stands for committed entries."""
    machine, index = c.machine, min(m.entries, s.commit)
    configuration = c.members(c.brought(index)[0])
    machine.put(s.i, "disk_snapshot", index, *map(int, configuration))
    machine.put(s.i, "snapshot", index, *map(int, configuration))
    if not machine.act("send_snapshot", s.i, machine.add(m.dest), off=bit(Rule.SEND_ENTRIES)):
        nothing = Departure(
            "send_entries", f"{s.commit} entries are committed", {"entries": "at least 1"}, {"entries": m.entries}
        )
        raise _not_sent(c, s, m, nothing)
    sent = machine.sent()
    wanted = Message("MsgSnap", sent[2], s.nid, m.dest, sent[3], 0, 0, 0, NONE, False, 0)
    expect(m, wanted, {"message": "send_entries"}, f"{s.commit} entries are committed")


_SENDS: Final = {"MsgApp": _send_entries, "MsgHeartbeat": _send_heartbeat, "MsgSnap": _send_snapshot}


# ----------------------------------------------------------------------------------------------- what a leader learns


def receive_append_answer(c: Cluster, s: Server, e: Event) -> None:
    """A leader learns what a member holds; a refusal, and an answer of an older term, tell nothing of that (§5.3)."""
    idle(s, c, e)
    m = arrive(c, s, e)
    if m.term > s.term:
        s.owed = [Owed("BecomeFollower", take_term, m)]
    elif m.term == s.term and s.role == LEADER and m.type == "MsgAppResp" and not m.reject:
        source, index = c.machine.add(m.source), m.index
        known = c.machine.match(s.i, source)
        is_late = index <= known and not c.strict
        if is_late:  # the leader may have forgotten that much, and learns it anew
            c.machine.put_match(s.i, source, max(index - 1, 0))
        c.machine.receive(m)
        if is_late:
            c.machine.put_match(s.i, source, known)
        s.attempt = s.configuration.may_hold(m.source) and (index >= known or not c.strict)
        s.low[m.source] = index
        if not s.attempt:
            _keep_commit(c, s)
    else:
        if m.reject:
            s.denied[m.source] = m.index
        c.machine.receive(m)


def _keep_commit(c: Cluster, s: Server) -> None:
    """A leader commits when it logs it."""
    c.machine.put(s.i, "commit_index", s.commit)


def commit(c: Cluster, s: Server, e: Event) -> None:
    """A leader tries to commit: what a majority holds, if the last of it is of its own term (§5.3, §5.4.2).

    A late answer may not lower what is known to be held (Figure 2). A leader that forgets so much is still safe: only
    `--strict` demands that it commits all it can.
    """
    if s.conf is None:
        resolve(s, c, e)
    index = e.state.commit
    if not s.attempt:
        raise Departure(*_why_no_attempt(s), {"commit": s.commit}, {"commit": index})
    s.attempt = False
    high = max(c.machine.get(s.i, "commit_index"), s.commit)
    if index != high:
        _compare_late(c, s, index, high)
        c.machine.put(s.i, "commit_index", index)
    if index > s.commit:
        c.commit(s, index)
    same(s, c, e)


def _compare_late(c: Cluster, s: Server, index: int, high: int) -> None:
    """A leader that lets late answers lower what it knows commits less, but no entry of an older term."""
    low = high if c.strict else min(high, _committable(s, s.low))
    if not low <= index <= high or (s.commit < index < high and s.log[index] >> SHIFT != s.term):
        rule, why = _why_not_committed(c, s, index)
        raise Departure(
            rule,
            why,
            {"commit": high if low == high else f"from {low} to {high}"},
            {"commit": index},
        )


def leave_commit(c: Cluster, s: Server, e: Event) -> None:
    """No Commit follows what let a leader commit. `--strict`: it commits as soon as it can."""
    if s.conf is None:
        resolve(s, c, e)
    index = c.machine.get(s.i, "commit_index")
    if c.strict and s.role == LEADER and index > s.commit:
        raise Departure(
            "commit_quorum",
            f"leader {s.nid} could commit {index} entries",
            {"event": "Commit", "commit": index},
            {"event": e.name, "commit": e.state.commit},
            cause="missing",
        )
    _keep_commit(c, s)


def _committable(s: Server, match: dict[str, int]) -> int:
    """How far a leader commits that lets late answers lower what it knows of its members."""
    index = majority_index(s.configuration, match)
    return index if index > s.commit and index <= s.last and s.log[index] >> SHIFT == s.term else s.commit


def _why_no_attempt(s: Server) -> tuple[str, str]:
    heard = s.heard
    if heard is not None and heard.type == "MsgAppResp" and heard.reject and s.role == LEADER:
        return (
            "refusal_no_match",
            f"leader {s.nid} commits upon {words(heard)}, which is a refusal and tells of no match",
        )
    return "commit_quorum", f"server {s.nid} has learnt nothing that lets it commit"


def _why_not_committed(c: Cluster, s: Server, index: int) -> tuple[str, str]:
    """The rule that a commit index breaks, with its values."""
    conf = s.configuration
    match = {j: c.machine.match(s.i, i) for j, i in c.machine.numbers.items()}
    held = ", ".join(f"{j}: {match.get(j, 0)}" for half in conf.halves() for j in half)
    if index < s.commit:
        return "commit_monotonic", f"leader {s.nid} lowers its commit index"
    if index > s.last:
        return "commit_quorum", f"leader {s.nid} commits {index} entries and holds {s.last}"
    if s.log[index] >> SHIFT != s.term:
        return (
            "commit_own_term",
            f"leader {s.nid} of term {s.term} commits entry {index}, which is of term {s.log[index] >> SHIFT}",
        )
    majority = majority_index(conf, match)
    others = tuple(j for j in match if not conf.votes(j) and conf.may_hold(j))
    if majority >= index:
        rule = "learner_no_vote" if others else "commit_quorum"
        return rule, f"a majority of the voters holds {majority} entries (match {held}), and {index} are committed"
    if majority_index(conf, {j: max(match[j], s.denied.get(j, 0)) for j in match}) >= index:
        return (
            "refusal_no_match",
            f"entry {index} is not what a majority holds (match {held}); refusals tell of no match",
        )
    if conf.outgoing and majority_index(conf._replace(outgoing=()), match) >= index:
        return "joint_majorities", f"a majority of the outgoing voters does not hold {index} entries (match {held})"
    if any(match[j] >= index for j in others):
        return "learner_no_vote", f"a majority of the voters does not hold {index} entries (match {held})"
    return "commit_quorum", f"entry {index} is not what a majority holds (match {held})"
