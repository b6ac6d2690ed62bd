"""What a model of Raft carries with it to show that it refines the proved protocol: a state of that protocol.

A refinement of one protocol by another is a diagram that closes, step for step:

        loose     h ──── some loose steps, or none ───▶ h'        the state that is carried
                  │                                     │
        model     s ───────── one step ───────────────▶ s'        current_term, role, log, commit_index agree

The loose steps are named by whoever follows the model's steps. Their guards are those of `loose`, asked in h; what they
write is what `loose` writes. A guard that does not hold makes the history *refuse*, which is a violation, and so is a
state s' that does not agree with h'. The history depends on what went before, so it is a part of the state: a model's
state is explored together with each history that leads to it.
"""

from __future__ import annotations

from typing import Protocol

from raftproof.checker.language import Map, Members, Seq
from raftproof.model import loose
from raftproof.model.abstract import (
    add_entry,
    ask_for_votes,
    commit_up_to,
    count_own,
    enter_term,
    forget,
    lead,
    tell_stored,
)
from raftproof.model.loose import (
    become_candidate,
    lower_commit,
    may_acknowledge,
    may_acknowledge_own,
    may_append,
    may_commit,
    may_grant_vote,
    may_lead,
    may_lose,
    may_request_vote,
    may_send,
    may_truncate,
    send,
    vote,
)
from raftproof.model.vocabulary import Entry, Role, Server, Value


class History(loose.Raft):
    """A state of the proved protocol, and whether it could take every step that was asked of it."""

    refused: bool


class Followed(Protocol):
    """A state of another model, with its history beside it."""

    servers: Members[Server]
    current_term: Map[Server, int]
    role: Map[Server, Role]
    log: Map[Server, Seq[Entry]]
    commit_index: Map[Server, int]
    history: History


def steps_are_matched(s: Followed) -> bool:
    """Every step so far is made of steps of the proved protocol."""
    return not s.history.refused


def states_agree(s: Followed) -> bool:
    """Both states agree in what the properties of Raft speak of."""
    for n in s.servers:
        if s.history.current_term[n] != s.current_term[n] or s.history.role[n] != s.role[n]:
            return False
        if s.history.commit_index[n] != s.commit_index[n] or len(s.history.log[n]) != len(s.log[n]):
            return False
        for i in range(1, len(s.log[n]) + 1):
            if s.history.log[n][i] != s.log[n][i]:
                return False
    return True


def take_timeout(h: History, n: Server, t: int) -> None:
    """Server n becomes a candidate in a later term t."""
    if t > h.current_term[n]:
        become_candidate(h, n, t)
    else:
        h.refused = True


def take_request_vote(h: History, n: Server) -> None:
    """Candidate n asks for votes."""
    if may_request_vote(h, n):
        ask_for_votes(h, n)
    else:
        h.refused = True


def take_observe_term(h: History, n: Server, t: int) -> None:
    """Server n follows in a later term t."""
    if t > h.current_term[n]:
        enter_term(h, n, t)
    else:
        h.refused = True


def take_grant_vote(h: History, n: Server, c: Server) -> None:
    """Server n votes for c."""
    if may_grant_vote(h, n, c):
        vote(h, n, c)
    else:
        h.refused = True


def take_become_leader(h: History, n: Server) -> None:
    """Candidate n leads."""
    if may_lead(h, n):
        lead(h, n)
    else:
        h.refused = True


def take_step_down(h: History, n: Server) -> None:
    """Server n follows in its term."""
    h.role[n] = Role.FOLLOWER


def take_client_request(h: History, n: Server, v: Value) -> None:
    """Leader n appends an entry."""
    if h.role[n] == Role.LEADER:
        add_entry(h, n, v)
    else:
        h.refused = True


def take_send_append(h: History, n: Server, last: int, commit: int) -> None:
    """Leader n sends slices that end at last."""
    if may_send(h, n, last, commit):
        send(h, n, last, commit)
    else:
        h.refused = True


def take_truncate(h: History, n: Server, t: int, prev: int, last: int, i: int, end: int) -> None:
    """Server n's entry at i conflicts; it cuts its log to end at `end`."""
    if may_truncate(h, n, t, prev, last, i, end):
        h.log[n].truncate(end)
    else:
        h.refused = True


def take_append(h: History, n: Server, t: int, prev: int, last: int, i: int) -> None:
    """Server n appends the entry at i of the log of term t."""
    if may_append(h, n, t, prev, last, i):
        h.log[n].append(h.term_log[t][i])
    else:
        h.refused = True


def take_acknowledge(h: History, n: Server, t: int, prev: int, last: int, commit: int) -> None:
    """Server n acknowledges the log of term t up to last."""
    if may_acknowledge(h, n, t, prev, last, commit):
        tell_stored(h, n, t, last, commit)
    else:
        h.refused = True


def take_acknowledge_own(h: History, n: Server, i: int) -> None:
    """Leader n counts itself among those that store its log up to i."""
    if may_acknowledge_own(h, n, i):
        count_own(h, n, i)
    else:
        h.refused = True


def take_leader_commit(h: History, n: Server, i: int) -> None:
    """Leader n commits up to i."""
    if may_commit(h, n, i):
        commit_up_to(h, n, i)
    else:
        h.refused = True


def take_forget_commit(h: History, n: Server, i: int) -> None:
    """Server n lowers its commit index to i, if it is above."""
    lower_commit(h, n, i)


def take_restart(h: History, n: Server) -> None:
    """Server n loses what is not persistent."""
    forget(h, n)


def take_lose(h: History, n: Server, end: int) -> None:
    """Server n's log goes no further than `end` after a crash."""
    if may_lose(h, n, end):
        h.log[n].truncate(end)
    else:
        h.refused = True


def send_all(h: History, n: Server, commit: int) -> None:
    """Leader n sends every slice of its log, with a commit index: it may as well, since nobody need receive them."""
    for last in range(len(h.log[n]) + 1):
        take_send_append(h, n, last, commit)


def conflict(h: History, n: Server, t: int, prev: int, last: int) -> int:
    """The first index after prev at which n's log and the slice of the log of term t hold different terms, or 0."""
    for i in range(prev + 1, min(last, len(h.log[n]), len(h.term_log[t])) + 1):
        if h.log[n][i].term != h.term_log[t][i].term:
            return i
    return 0
