"""Linearizable reads (thesis §6.4): a function for each line about them, which only our own servers write.

```
 AskRead  or  ReceiveReadIndexRequest         a leader is asked
 BeginRound                                   it notes its commit index         read_own_term
 …heartbeats and answers that carry a round   it makes sure that it leads
 AnswerRead  or  SendReadIndexResponse        a majority has confirmed it       read_confirmed
```
A heartbeat that carries a round is two messages of the model: the heartbeat, which `leading` and `hearing` follow, and
the question whether its sender still leads, which `carry` follows after them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from raftproof.model.deployed.reads import ReadAnswer, ReadHeartbeat, ReadHeartbeatAnswer
from raftproof.traces.conformance.checks import arrive, expect, idle, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.membership import by_number
from raftproof.traces.conformance.rounds import Read, Round
from raftproof.traces.conformance.server import Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import LEADER, NONE, Event, Id, Message

# ----------------------------------------------------------------------------------------------- a leader is asked


def ask_read(c: Cluster, s: Server, e: Event) -> None:
    """A client of a leader wants to read; the read waits for the next round."""
    idle(s, c, e)
    if s.role != LEADER:
        raise Departure("read_confirmed", "only a leader takes reads upon itself", {"role": LEADER}, {"role": s.role})
    s.reads.in_term(s.term).asked.add((s.nid, _name(e)))


def send_read_request(c: Cluster, s: Server, e: Event) -> None:
    """A client of a follower wants to read: the leader is asked."""
    idle(s, c, e)
    if not c.machine.act("forward_read", s.i):
        raise c.machine.refused(
            Departure(
                "read_confirmed",
                f"server {s.nid} hands a read on, and follows nobody",
                {"leader": "known"},
                {"leader": s.leader, "role": s.role},
            )
        )
    _, leader, *_ = c.machine.sent()
    wanted = Message("MsgReadIndex", s.term, s.nid, c.machine.ids[leader + 1], 0, 0, 0, 0, NONE, False, 0)
    expect(e.msg, wanted, {"message": "read_confirmed"}, f"server {s.nid} hands a read on to its leader")
    send(c, s, e)


def receive_read_request(c: Cluster, s: Server, e: Event) -> None:
    """A leader takes the read, in whatever term it was asked; anyone else lets it go."""
    idle(s, c, e)
    m = arrive(c, s, e)
    if s.role == LEADER:
        s.reads.in_term(s.term).asked.add((m.source, _name(e)))


def begin_round(c: Cluster, s: Server, e: Event) -> None:
    """A leader notes its commit index for all reads that wait: one of its own term (thesis §6.4, §8)."""
    idle(s, c, e)
    machine, reads = c.machine, s.reads.in_term(s.term)
    if not machine.act("ask_read", s.i):
        held = s.log[s.commit] >> SHIFT
        raise machine.refused(
            Departure(
                "read_own_term",
                f"server {s.nid} begins a round of reads in term {s.term}, and the last entry that it knows to be "
                f"committed, {s.commit}, is of term {held}",
                {"role": LEADER, "term at commit": s.term},
                {"role": s.role, "term at commit": held},
            )
        )
    number = machine.get(s.i, "read_round")
    _same_round(e, number, f"leader {s.nid} numbers its rounds in order")
    index, floor = machine.get(s.i, "read_index"), machine.get(s.i, "read_floor")
    reads.rounds.append(Round(number, index, floor, frozenset(reads.asked)))
    reads.asked = set()


# ----------------------------------------------------------------------------------------------- the answer


def answer_read(c: Cluster, s: Server, e: Event) -> None:
    """A leader's own client may read."""
    idle(s, c, e)
    index = e.raftproof.index if e.raftproof is not None else None
    _answer(c, s, (s.nid, _name(e)), index)


def send_read_answer(c: Cluster, s: Server, e: Event) -> None:
    """A follower's client may read, once the follower has applied as much."""
    idle(s, c, e)
    m = e.msg
    assert m is not None
    index = _answer(c, s, (m.dest, _name(e)), m.index)
    wanted = Message("MsgReadIndexResp", s.term, s.nid, m.dest, 0, 0, index, 0, NONE, False, 0)
    expect(m, wanted, {"message": "read_confirmed"}, f"leader {s.nid} answers a read that server {m.dest} handed on")
    send(c, s, e)


def receive_read_answer(c: Cluster, s: Server, e: Event) -> None:
    """A server learns the index of a read that it had handed on."""
    idle(s, c, e)
    m = arrive(c, s, e)
    c.machine.deliver("receive_read_answer", ReadAnswer, (m.index, m.index, c.machine.add(m.source), s.i))


def _answer(c: Cluster, s: Server, read: Read, observed: int | None) -> int:
    """Some round that began after the read was asked is confirmed: its index is the read's."""
    reads = s.reads.in_term(s.term)
    found = [known for known in reads.rounds if read in known.reads] if s.role == LEADER else []
    if not found:
        raise Departure(
            "read_confirmed",
            f"server {s.nid} answers read {read[1]} of server {read[0]}, for which it began no round of heartbeats",
            {"round": "begun after the read was asked"},
            {"round": "none"},
        )
    confirmed = [known for known in found if _is_confirmed(c, s, read[0], known)]
    if not confirmed:
        raise _not_confirmed(c, s, found[0])
    answered = next((known for known in confirmed if known.noted == observed), confirmed[0])
    if answered.noted != observed:
        raise Departure(
            "ReadIndexCurrent",
            f"leader {s.nid} noted {answered.noted} as its commit index when round {answered.number} began",
            {"index": answered.noted},
            {"index": observed},
        )
    if answered.floor > answered.noted:
        raise Departure(
            "ReadIndexCurrent",
            f"{answered.floor} entries were known to be committed when round {answered.number} began",
            {"index": f"at least {answered.floor}"},
            {"index": answered.noted},
            cause="safety",
        )
    del reads.rounds[: reads.rounds.index(answered)]
    return answered.noted


def _is_confirmed(c: Cluster, s: Server, reader: Id, asked: Round) -> bool:
    """Whether the model answers a read of this round now; of several rounds each is followed by itself."""
    machine = c.machine
    last = machine.get(s.i, "read_round")
    _put(c, s, asked, machine.add(reader) + 1)
    done = machine.act("confirm_read", s.i)
    if done and reader != s.nid:
        machine.sent()
    machine.put(s.i, "reader", 0)
    machine.put(s.i, "read_round", last)
    return done


def _put(c: Cluster, s: Server, asked: Round, reader: int) -> None:
    machine = c.machine
    machine.put(s.i, "read_round", asked.number)
    machine.put(s.i, "read_index", asked.noted)
    machine.put(s.i, "read_floor", asked.floor)
    machine.put(s.i, "reader", reader)


def _not_confirmed(c: Cluster, s: Server, asked: Round) -> Departure:
    """Too few have answered the round."""
    machine = c.machine
    at = machine.base(s.i) + machine.at["confirmed"]
    have = [j for j, i in machine.numbers.items() if machine.view[at + i] >= asked.number or j == s.nid]
    halves = " and of ".join("{" + ", ".join(half) + "}" for half in s.configuration.halves())
    _put(c, s, asked, s.i + 1)
    machine.act("confirm_read", s.i)
    return machine.refused(
        Departure(
            "read_confirmed",
            f"leader {s.nid} answers a read of round {asked.number}, which a majority of {halves} has not confirmed",
            {"confirmed by": f"a majority of {halves}"},
            {"confirmed by": ", ".join(sorted(have, key=by_number))},
        )
    )


# ----------------------------------------------------------------------------------------------- what confirms a round


def carry(c: Cluster, s: Server, e: Event) -> None:
    """A line of a heartbeat or its answer was followed, and carries a round of reads."""
    m = e.msg
    if m is not None and (e.name, m.type) in _CARRIED:
        _CARRIED[e.name, m.type](c, s, e, m)


def _send_heartbeat(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """A leader asks whether it still leads, for all rounds that it has begun."""
    machine = c.machine
    sent = machine.act("send_read_heartbeat", s.i, machine.add(m.dest))
    begun = machine.sent()[3] if sent else 0
    _keep(c, m, _same_round(e, begun, f"leader {s.nid} has begun {begun} rounds of reads in term {s.term}"))


def _receive_heartbeat(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """The round that the answer has to repeat."""
    s.reads.heard = m, _look_up(c, m, _round(e))


def _send_answer(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """Its receiver says so, in the term of the round."""
    machine, (heard, number) = c.machine, s.reads.heard
    if heard is not s.heard:
        number = 0  # the heartbeat that is answered carried none
    machine.deliver("receive_read_heartbeat", ReadHeartbeat, (m.term, number, machine.add(m.dest), s.i))
    answered = machine.sent()[3]
    _keep(c, m, _same_round(e, answered, f"server {s.nid} answers the round that the heartbeat carried"))


def _receive_answer(c: Cluster, s: Server, e: Event, m: Message) -> None:
    """A leader counts it, in its own term."""
    number = _look_up(c, m, _round(e))
    if m.term == s.term:
        values = (m.term, number, c.machine.add(m.source), s.i)
        c.machine.deliver("receive_read_heartbeat_answer", ReadHeartbeatAnswer, values)


_CARRIED: Final[dict[tuple[str, str], Callable[[Cluster, Server, Event, Message], None]]] = {
    ("SendAppendEntriesRequest", "MsgHeartbeat"): _send_heartbeat,
    ("ReceiveAppendEntriesRequest", "MsgHeartbeat"): _receive_heartbeat,
    ("SendAppendEntriesResponse", "MsgHeartbeatResp"): _send_answer,
    ("ReceiveAppendEntriesResponse", "MsgHeartbeatResp"): _receive_answer,
}

# ----------------------------------------------------------------------------------------------- what a line must have


def _name(e: Event) -> int:
    name = e.raftproof.read if e.raftproof is not None else None
    if name is None:
        raise Departure("read_confirmed", "the line names no read", {"read": "a number"}, {}, cause="malformed")
    return name


def _round(e: Event) -> int:
    number = e.raftproof.round if e.raftproof is not None else None
    if number is None:
        raise Departure("read_confirmed", "the line names no round", {"round": "a number"}, {}, cause="malformed")
    return number


def _same_round(e: Event, expected: int, why: str) -> int:
    number = _round(e)
    if number != expected:
        raise Departure("read_confirmed", why, {"round": expected}, {"round": number})
    return number


def _keep(c: Cluster, m: Message, number: int) -> None:
    """A message was sent with a round; an earlier round that it stands for, too, need not be kept."""
    way = m.type, m.source, m.dest
    c.rounds[way] = max(c.rounds.get(way, (0, 0)), (m.term, number))


def _look_up(c: Cluster, m: Message, number: int) -> int:
    """A message is received with a round that was sent; one of an older term confirms nothing, whatever it carries."""
    sent = c.rounds.get((m.type, m.source, m.dest), (0, 0))
    if (m.term, number) > sent:
        raise Departure(
            "network",
            f"{words(m)} carries round {number}, with which it was not sent",
            {"term, round": f"at most {sent[0]}, {sent[1]}"},
            {"term, round": f"{m.term}, {number}"},
            cause="missing",
        )
    return number
