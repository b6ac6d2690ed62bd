"""The handlers of `abstract` are made of the loose steps of the proved protocol.

    raftproof check model/refinement/handlers.py --max-term 3 --faults restart

    timeout                    Timeout, RequestVote, GrantVote (by itself)
    receive_request_vote       ObserveTerm, if the term is later; GrantVote, if it may
    become_leader              BecomeLeader, SendAppend …
    client_request             ClientRequest, AcknowledgeOwn, SendAppend …
    receive_append_entries     ObserveTerm or StepDown, if need be; Truncate; Append …; Acknowledge
    advance_commit_index       LeaderCommit, SendAppend …
    observe_term, restart      ObserveTerm; Restart

A leader sends whatever it can as soon as it can: that is what saturated means.
"""

from __future__ import annotations

from raftproof.checker.language import Model
from raftproof.model import abstract
from raftproof.model.abstract import Sent, has_previous, init
from raftproof.model.refinement.history import (
    History,
    conflict,
    send_all,
    states_agree,
    steps_are_matched,
    take_acknowledge,
    take_acknowledge_own,
    take_append,
    take_become_leader,
    take_client_request,
    take_grant_vote,
    take_leader_commit,
    take_observe_term,
    take_request_vote,
    take_restart,
    take_step_down,
    take_timeout,
    take_truncate,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Role, Server, Term, Value


class Raft(abstract.Raft):
    """A state of `abstract`, and of the proved protocol beside it."""

    history: History


model = Model("handlers", Raft, bounds=abstract.model.bounds, rules=Rule, view=abstract.model.view)
model.invariant(steps_are_matched)
model.invariant(states_agree)


@model.invariant
def networks_agree(s: Raft, n: Server, t: Term) -> bool:
    """Both states agree in what was sent, and in the history of each term."""
    if s.history.leader[t] != s.leader[t] or s.history.commit_mark[t] != s.commit_mark[t]:
        return False
    if (t in s.history.requested[n]) != (t in s.requested[n]) or s.history.request[n][t] != s.request[n][t]:
        return False
    for c in s.servers:
        if (c in s.history.voted[n][t]) != (c in s.voted[n][t]):
            return False
    if s.history.acked[n][t] != s.acked[n][t] or len(s.history.term_log[t]) != len(s.term_log[t]):
        return False
    for i in range(1, len(s.term_log[t]) + 1):
        if s.history.term_log[t][i] != s.term_log[t][i]:
            return False
    return True


@model.initial
def begin(s: Raft) -> None:
    """Both begin alike."""
    init(s)


@model.after(abstract.model, abstract.timeout)
def timeout(before: Raft, s: Raft, n: Server, t: Term) -> bool:
    """Timeout, RequestVote, GrantVote."""
    take_timeout(s.history, n, t)
    take_request_vote(s.history, n)
    take_grant_vote(s.history, n, n)
    return True


@model.after(abstract.model, abstract.receive_request_vote)
def receive_request_vote(before: Raft, s: Raft, n: Server, c: Server, t: Term) -> bool:
    """ObserveTerm, GrantVote."""
    if t > before.current_term[n]:
        take_observe_term(s.history, n, t)
    if c in s.voted[n][t] and c not in before.voted[n][t]:
        take_grant_vote(s.history, n, c)
    return True


@model.after(abstract.model, abstract.become_leader)
def become_leader(before: Raft, s: Raft, n: Server) -> bool:
    """BecomeLeader, SendAppend …."""
    take_become_leader(s.history, n)
    send_all(s.history, n, s.history.commit_mark[s.history.current_term[n]])
    return True


@model.after(abstract.model, abstract.client_request)
def client_request(before: Raft, s: Raft, n: Server, v: Value) -> bool:
    """ClientRequest, AcknowledgeOwn, SendAppend …."""
    take_client_request(s.history, n, v)
    take_acknowledge_own(s.history, n, len(s.log[n]))
    send_all(s.history, n, s.history.commit_mark[s.history.current_term[n]])
    return True


@model.after(abstract.model, abstract.receive_append_entries)
def receive_append_entries(before: Raft, s: Raft, n: Server, t: Term, prev: Sent, last: Sent, commit: Sent) -> bool:
    """ObserveTerm or StepDown, Truncate, Append …, Acknowledge."""
    if t > before.current_term[n]:
        take_observe_term(s.history, n, t)
    elif before.role[n] != Role.FOLLOWER:
        take_step_down(s.history, n)
    if has_previous(s.history, n, t, prev):
        i = conflict(s.history, n, t, prev, last)
        if i > 0:
            take_truncate(s.history, n, t, prev, last, i, i - 1)
        for k in range(len(s.history.log[n]) + 1, last + 1):
            take_append(s.history, n, t, prev, last, k)
        take_acknowledge(s.history, n, t, prev, last, commit)
    return True


@model.after(abstract.model, abstract.advance_commit_index)
def advance_commit_index(before: Raft, s: Raft, n: Server, i: Sent) -> bool:
    """LeaderCommit, SendAppend …."""
    take_leader_commit(s.history, n, i)
    send_all(s.history, n, s.history.commit_mark[s.history.current_term[n]])
    return True


@model.after(abstract.model, abstract.observe_term)
def observe_term(before: Raft, s: Raft, n: Server, k: Server) -> bool:
    """ObserveTerm."""
    take_observe_term(s.history, n, before.current_term[k])
    return True


@model.after(abstract.model, abstract.restart)
def restart(before: Raft, s: Raft, n: Server) -> bool:
    """Restart."""
    take_restart(s.history, n)
    return True
