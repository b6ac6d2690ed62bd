"""What a server answers to its leader: the model handles the message, and the line is held against its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from raftproof.model.deployed.state import Promise
from raftproof.traces.conformance.checks import expect, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.machine import Answer
from raftproof.traces.conformance.server import Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import NONE, Event, Message


def let_handle(c: Cluster, s: Server, m: Message) -> Answer | None:
    """Let the model handle a message, with the entries that it carries."""
    if m.type != "MsgApp" or not m.entries:
        return c.machine.receive(m)
    c.machine.grow(m.index + m.entries)
    sent = c.led(m.term, m.index + 1, m.index + 1 + m.entries)
    return c.machine.receive(m, [c.as_modelled(entry) for entry in sent])


def compare_terms(c: Cluster, e: Event, m: Message) -> None:
    """Our own lines show the terms of the entries that a leader sent: those that its log has."""
    terms = e.raftproof.terms if e.raftproof is not None else None
    if terms is None or m.type != "MsgApp":
        return
    held = tuple(entry >> SHIFT for entry in c.led(m.term, m.index + 1, m.index + 1 + m.entries))
    if held != terms:
        why = "the message carries other entries than the log"
        raise Departure("log_matching", why, {"terms": held}, {"terms": terms})


def as_sent(s: Server, m: Message, answer: Answer | None) -> Message:
    """The model's answer as a line shows it."""
    assert answer is not None
    if answer.kind == Promise.HEARTBEAT:
        return Message("MsgHeartbeatResp", answer.term, s.nid, m.source, 0, 0, 0, 0, NONE, False, 0)
    reject, log_index = bool(answer.reject), answer.log_index
    return Message(
        "MsgAppResp", answer.term, s.nid, m.source, 0, answer.hint_term, log_index, 0, NONE, reject, answer.hint_index
    )


def say(
    c: Cluster, s: Server, e: Event, m: Message, rules: Mapping[str, str], why: Callable[[], str], wanted: Message
) -> None:
    """The answer to a leader's message, after what it made of the log; `why` says that in words."""
    try:
        same(s, c, e, rules)
    except Departure as departure:
        departure.condition = f"{departure.condition}; {why()} in {words(m)}"
        raise
    if e.msg != wanted:
        expect(e.msg, wanted, rules, f"{why()} in {words(m)}")
    send(c, s, e)
