"""What a leader appends to its log (§5.3, thesis chapter 4): proposals, a function for each line that shows them."""

from __future__ import annotations

from raftproof.model.deployed.state import Kind
from raftproof.traces.conformance.checks import expect, resolve, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.membership import Changes
from raftproof.traces.conformance.server import Server
from raftproof.traces.events import LEADER, NONE, Event, Message


def replicate(c: Cluster, s: Server, e: Event) -> None:
    """A leader is about to append a normal entry (Figure 2, leaders)."""
    _propose(c, s, e, None)


def change_conf(c: Cluster, s: Server, e: Event) -> None:
    """A leader is about to append a change of membership: the one before is applied, and no joint one is in force."""
    changes = e.prop.cc.changes if e.prop and e.prop.cc else None
    if not changes:
        raise Departure("one_change_pending", "the line names no changes", {"changes": "some"}, {}, cause="malformed")
    if None in s.batch:
        raise Departure("client_request", "etcd logs changes of membership ahead of the entries proposed with them")
    _propose(c, s, e, changes)


def _propose(c: Cluster, s: Server, e: Event, changes: Changes | None) -> None:
    same(s, c, e)
    _append(c, s, changes)
    s.batch.append(changes)


def _append(c: Cluster, s: Server, changes: Changes | None) -> None:
    """Let the model append an entry; it refuses a change of membership while one is pending (thesis §4.1).

    What was not committed at its last Ready was not handed to its state machine, so that it waits to be applied.
    """
    machine = c.machine
    machine.grow(machine.log_length(s.i) + 1)
    if changes is None:
        if not machine.act("propose", s.i):
            raise machine.refused(_not_appended(s))
        return
    entry = c.as_modelled(c.entry(s.term, changes))
    joint = bool(s.configuration.outgoing)
    kind = entry[1] if changes or joint else int(Kind.AUTO)
    machine.put(s.i, "commit_index", s.disk.commits()[1])  # what it may have applied
    if not machine.act("propose_change", s.i, kind, *entry[2:]):
        raise machine.refused(_refused(c, s, bool(changes) and joint))
    machine.put(s.i, "commit_index", s.commit)
    if kind != entry[1]:
        machine.set_kind(s.i, machine.log_length(s.i), entry[1])


def _not_appended(s: Server) -> Departure:
    """Why a server may not append what a client asks for."""
    if s.role != LEADER:
        why = "only a leader appends what a client asks for"
        return Departure("client_request", why, {"role": LEADER}, {"role": s.role})
    return Departure("client_request", f"leader {s.nid} was removed, and appends nothing any more")


def _refused(c: Cluster, s: Server, joint: bool) -> Departure:
    """Why a leader may not append a change of membership."""
    if s.role != LEADER or not s.configuration.may_hold(s.nid):
        return _not_appended(s)
    if joint:
        return Departure(
            "one_change_pending",
            f"leader {s.nid} accepts a change of membership in a joint configuration, which it must leave first",
            {"outgoing": "nobody"},
            {"outgoing": ", ".join(s.configuration.outgoing)},
        )
    pending, applied = c.machine.get(s.i, "pending_change"), s.configurations[0][0]
    waiting = c.changed_at[applied] - 1 if applied < len(c.changed_at) else s.commit
    return Departure(
        "one_change_pending",
        f"leader {s.nid} accepts a change of membership while entry {pending} may be one that is not applied",
        {"applied": f"at least {pending}"},
        {"applied": f"at most {min(waiting, s.disk.commits()[1])}"},
    )


def send_append_answer(c: Cluster, s: Server, e: Event) -> None:
    """A leader has appended what was proposed, and tells itself so, to count its own log when it is on disk."""
    m = e.msg
    assert m is not None
    if s.role != LEADER or m.dest != s.nid:
        raise Departure(
            "followers_respond",
            f"server {s.nid} answers, and received nothing that it has to answer",
            {"answer": "none"},
            {"answer": words(m)},
            cause="missing",
        )
    if s.conf is None:
        resolve(s, c, e)
    if s.batch and e.log == s.last + len(s.batch) - 1:
        drop_change(c, s)
    batch, s.batch = s.batch, []
    unlogged = e.log - s.last - len(batch)
    if unlogged > 0:
        _append_unlogged(c, s, batch, unlogged)
    elif not batch:
        raise Departure(
            "client_request",
            f"leader {s.nid} acknowledges its log to itself, and has appended nothing",
            {"answer": "none"},
            {"answer": words(m)},
            cause="missing",
        )
    for changes in batch:
        if changes is not None and len(batch) > 1:
            c.proposal_ends[len(s.log), s.term] = s.last + len(batch)
        s.log.append(c.entry(s.term, changes))
    s.last = c.machine.log_length(s.i)
    same(s, c, e)
    wanted = Message("MsgAppResp", s.term, s.nid, s.nid, 0, 0, s.last, 0, NONE, False, 0)
    expect(m, wanted, {"message": "ack_matched_only"}, f"leader {s.nid} acknowledges its own log to itself")
    send(c, s, e)


def drop_change(c: Cluster, s: Server) -> bool:
    """Whether ChangeConf begins what is proposed: etcd may drop it after that line, where too much is uncommitted.

    Then nothing is appended, and what was logged after it is of another proposal. The leader takes the change for a
    pending one all the same, as the model's does: no other is accepted until as much is applied.
    """
    if s.batch[0] is None:
        return False
    c.machine.put_log(s.i, "log", [], s.last)
    later, s.batch = s.batch[1:], []
    for changes in later:
        _append(c, s, changes)
        s.batch.append(changes)
    return True


def _append_unlogged(c: Cluster, s: Server, batch: list[Changes | None], count: int) -> None:
    """etcd logs no entry that leaves a joint configuration or changes no voter: one may stand beside a proposal's."""
    is_known = bool(s.configuration.outgoing) and not batch and count == 1
    if c.strict and not is_known:
        raise Departure(
            "client_request",
            f"leader {s.nid} appends {count + len(batch)} entries and logged {len(batch)}",
            {"log": s.last + len(batch)},
            {"log": s.last + len(batch) + count},
            cause="missing",
        )
    if count > 1 or any(batch):
        raise Departure(
            "one_change_pending",
            f"leader {s.nid} appends {count} unlogged entries; only a change of membership is unlogged, one at a time",
            {"log": s.last + len(batch)},
            {"log": s.last + len(batch) + count},
            cause="missing",
        )
    _append(c, s, ())
    batch.append(())
