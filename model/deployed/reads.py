"""Linearizable reads that write nothing to the log: ReadIndex (thesis §6.4), as etcd and `impl` have it.

```
  client        leader i                                   others
  read ───────▶ notes its commit index as read_index
                ReadHeartbeat(round) ────────────────────▶ still of this term?
                a quorum has answered ◀─────────────────── ReadHeartbeatAnswer(round)
  answer ◀───── once read_index is applied
```
A leader knows what is committed only after it has committed an entry of its own term; and that it led when it noted
its commit index only when a majority has answered a heartbeat that it sent after that. A follower hands its clients'
reads to the leader, and answers by the index that comes back.

How this is cut:

- **A heartbeat that carries a round is two messages here**: a Heartbeat, which tells of the commit index, and a
  ReadHeartbeat, which asks whether its sender still leads. A network that may lose and reorder delivers either alone.
- **Its answer leaves at once.** It promises nothing about the future: who answers in a term was, at that moment, in
  no later one, and who had voted in a later one before had that on its disk. etcd does the same.
- **One read is followed at a time.** Rounds do not touch each other: each has an index of its own, and an answer
  confirms all rounds up to its own. A leader that is asked again follows the new one, as if the older client had gone.
- **Reads that come too early wait in the network**: a forwarded read is in flight until its leader may note an index.
- `read_floor` is a ghost: what any server knew to be committed when the round began. No action looks at it.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeAlias

from raftproof.checker.language import AtMost, Bag, Map, Model, OrNil, UpTo
from raftproof.model.deployed.parts import (
    become_follower,
    has,
    has_change,
    is_majority,
    is_member,
    old_voters,
    size,
    term_at,
    voters,
)
from raftproof.model.deployed.replication import follow
from raftproof.model.deployed.state import Deployed, Message, Role, everything
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Index, Server, Term

Round: TypeAlias = Annotated[int, UpTo("max_rounds")]
"""The number of a round of heartbeats that confirms reads, from 1 on in each term; 0 is none."""


class ReadHeartbeat(NamedTuple):
    """A leader asks whether it still leads, for a round of reads."""

    term: Term
    round: Round
    source: Server
    dest: Server


class ReadHeartbeatAnswer(NamedTuple):
    """It does, as far as its receiver knows."""

    term: Term
    round: Round
    source: Server
    dest: Server


class ForwardRead(NamedTuple):
    """A follower hands a client's read to its leader; whoever leads when it comes may take it."""

    source: Server
    dest: Server


class ReadAnswer(NamedTuple):
    """The leader's answer: apply as much, then read."""

    read_index: Index
    read_floor: Index
    """A ghost."""
    source: Server
    dest: Server


ReadMessage = ReadHeartbeat | ReadHeartbeatAnswer | ForwardRead | ReadAnswer


class Answerable(NamedTuple):
    """A read that may be answered once its index is applied; zeros where there is none."""

    read_index: Index
    read_floor: Index
    """A ghost."""


class Reading(Deployed):
    """One state of the whole cluster, with reads."""

    read_term: Map[Server, Term]  # what follows is of a leader of this term, and means nothing later
    read_round: Map[Server, Round]  # the last round that was begun
    reader: Map[Server, OrNil[Server]]  # who asked; nobody where no read waits for its round
    read_index: Map[Server, Index]  # commit_index when the last round began
    read_floor: Map[Server, Index]  # what was committed anywhere then
    confirmed: Map[Server, Map[Server, Round]]  # the last round that each server has answered
    answerable: Map[Server, Answerable]

    messages: Annotated[Bag[Message | ReadMessage], AtMost("max_in_flight", copies="max_copies")]  # type: ignore[assignment]


catalogue = Model(
    "deployed_with_reads",
    Reading,
    bounds={**everything.bounds, "max_rounds": 1},
    rules=Rule,
    view=everything.view,
)
"""The actions of reads, and once `models` is imported all others: what a trace is held against."""

# ----------------------------------------------------------------------------------------------- the leader is asked


def is_reading(s: Reading, i: Server) -> bool:
    """Whether server i leads the term of the rounds that it remembers."""
    return s.role[i] == Role.LEADER and s.read_term[i] == s.current_term[i]


def may_begin(s: Reading, i: Server) -> bool:
    """A leader that has committed an entry of its own term knows all that is committed (thesis §6.4, step 1; §8)."""
    if s.role[i] != Role.LEADER:
        return False
    return term_at(s, i, s.commit_index[i]) == s.current_term[i] or not s.upholds(Rule.READ_OWN_TERM)


def begin_round(s: Reading, i: Server, reader: Server) -> None:
    """Leader i notes its commit index, for a read that has to wait for a round of heartbeats (thesis §6.4, step 2)."""
    if s.read_term[i] != s.current_term[i]:
        s.read_term[i] = s.current_term[i]
        s.read_round[i] = 0
        for j in s.servers:
            s.confirmed[i][j] = 0
    s.read_round[i] += 1
    s.reader[i] = reader
    s.read_index[i] = s.commit_index[i]
    s.read_floor[i] = 0
    for j in s.servers:
        s.read_floor[i] = max(s.read_floor[i], s.commit_index[j])


@catalogue.action(Rule.READ_OWN_TERM)
def ask_read(s: Reading, i: Server) -> bool:
    """A client of leader i wants to read."""
    if not may_begin(s, i):
        return False
    begin_round(s, i, i)
    return True


@catalogue.action(Rule.READ_OWN_TERM)
def forward_read(s: Reading, i: Server) -> bool:
    """A client of follower i wants to read: its leader is asked."""
    if s.role[i] == Role.LEADER or s.leader[i] == NIL:
        return False
    s.messages.send(ForwardRead(source=i, dest=s.leader[i]))
    return True


@catalogue.action(Rule.READ_OWN_TERM)
def receive_forwarded_read(s: Reading, m: ForwardRead) -> bool:
    """Leader i is asked for the client of another server."""
    i = m.dest
    if not may_begin(s, i):
        return False
    s.messages.discard(m)
    begin_round(s, i, m.source)
    return True


# ----------------------------------------------------------------------------------------------- does it still lead?


@catalogue.action(Rule.READ_CONFIRMED)
def send_read_heartbeat(s: Reading, i: Server, j: Server) -> bool:
    """Leader i asks j whether it still leads, for all rounds so far (thesis §6.4, step 3)."""
    if not is_reading(s, i) or i == j or not is_member(s, i, j):
        return False
    s.messages.send(ReadHeartbeat(term=s.current_term[i], round=s.read_round[i], source=i, dest=j))
    return True


@catalogue.action(Rule.READ_CONFIRMED, Rule.HIGHER_TERM_STEPS_DOWN, Rule.REFUSE_STALE, Rule.YIELD_TO_LEADER)
def receive_read_heartbeat(s: Reading, m: ReadHeartbeat) -> bool:
    """Server i answers the leader of its term, and not one of an older term."""
    i = m.dest
    s.messages.discard(m)
    if m.term < s.current_term[i]:
        return True
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, m.source)
    if s.role[i] != Role.LEADER:
        follow(s, i, m.source)
        s.messages.send(ReadHeartbeatAnswer(term=s.current_term[i], round=m.round, source=i, dest=m.source))
    return True


@catalogue.action(Rule.READ_CONFIRMED, Rule.HIGHER_TERM_STEPS_DOWN, Rule.REPLY_TERM)
def receive_read_heartbeat_answer(s: Reading, m: ReadHeartbeatAnswer) -> bool:
    """Leader i learns that j knew of no later term when it answered: all rounds up to this one are confirmed by j."""
    i, j = m.dest, m.source
    s.messages.discard(m)
    if m.term > s.current_term[i]:
        become_follower(s, i, m.term, NIL)
    elif m.term == s.current_term[i] and is_reading(s, i) and m.round > s.confirmed[i][j]:
        s.confirmed[i][j] = m.round
    return True


def confirming(s: Reading, i: Server, half: int) -> int:
    """How many of a set have answered the round of the read that waits; the leader itself need not be asked."""
    count = 0
    for j in s.servers:
        if has(half, j) and (i == j or s.confirmed[i][j] >= s.read_round[i]):
            count += 1
    return count


def is_confirmed(s: Reading, i: Server) -> bool:
    """Whether a majority has answered; in a joint configuration, of both halves."""
    if not s.upholds(Rule.READ_CONFIRMED):
        return True
    new, old = voters(s, i), old_voters(s, i)
    if not is_majority(s, confirming(s, i, new), size(s, new)):
        return False
    return old == 0 or is_majority(s, confirming(s, i, old), size(s, old))


# ----------------------------------------------------------------------------------------------- the answer


@catalogue.action(Rule.READ_CONFIRMED, Rule.QUORUM_MAJORITY, Rule.JOINT_MAJORITIES)
def confirm_read(s: Reading, i: Server) -> bool:
    """Leader i did lead when it noted its commit index: the read may be answered from there (thesis §6.4, step 4)."""
    if not is_reading(s, i) or s.reader[i] == NIL or not is_confirmed(s, i):
        return False
    if s.reader[i] == i:
        s.answerable[i] = Answerable(s.read_index[i], s.read_floor[i])
    else:
        s.messages.send(ReadAnswer(read_index=s.read_index[i], read_floor=s.read_floor[i], source=i, dest=s.reader[i]))
    s.reader[i] = NIL
    return True


@catalogue.action(Rule.READ_CONFIRMED)
def receive_read_answer(s: Reading, m: ReadAnswer) -> bool:
    """Server i may answer its client once it has applied as much."""
    s.messages.discard(m)
    s.answerable[m.dest] = Answerable(m.read_index, m.read_floor)
    return True


@catalogue.action(Rule.APPLY_COMMITTED)
def answer_read(s: Reading, i: Server) -> bool:
    """Server i answers its client, when its state machine has applied the read's index (thesis §6.4, step 5)."""
    index = s.answerable[i].read_index
    if index == 0 or index > s.commit_index[i] or has_change(s, i, s.applied[i] + 1, index):
        return False
    s.answerable[i] = Answerable(0, 0)
    return True


# ----------------------------------------------------------------------------------------------- the network


@catalogue.action(fault="duplicate")
def duplicate_read_message(s: Reading, m: ReadMessage) -> bool:
    """The network delivers a message once more."""
    s.messages.send(m)
    return True


@catalogue.action(fault="drop")
def drop_read_message(s: Reading, m: ReadMessage) -> bool:
    """The network loses a message."""
    s.messages.discard(m)
    return True
