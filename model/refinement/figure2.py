"""The published specification refines the proved protocol.

    raftproof check refinement --faults restart             every step of every state, with two terms
    raftproof check refinement --break vote_once            a step that is no step of the proved protocol

Each action of `figure2` is taken over under the names of the loose steps that match its steps, so the table of
generated successors is the table of matched steps:

    update_term                      ObserveTerm
    handle_request_vote_request      GrantVote, or nothing
    handle_append_entries_request    StepDown; Truncate; Append; Acknowledge; Acknowledge, ForgetCommit; or nothing
    client_request                   ClientRequest, AcknowledgeOwn
    advance_commit_index             LeaderCommit; ForgetCommit; or nothing
    append_entries                   SendAppend
    the others                       the step of the same name, or nothing

What a message in flight says is not looked up in the history: that it was sent is a guard of the step that receives it.
"""

from __future__ import annotations

from raftproof.checker.language import Model
from raftproof.model import figure2
from raftproof.model.figure2 import (
    AppendEntriesRequest,
    AppendEntriesResponse,
    Message,
    RequestVoteRequest,
    RequestVoteResponse,
    Response,
    init,
)
from raftproof.model.properties import leader_elected, log_truncated, two_leaders
from raftproof.model.refinement.history import (
    History,
    states_agree,
    steps_are_matched,
    take_acknowledge,
    take_acknowledge_own,
    take_append,
    take_become_leader,
    take_client_request,
    take_forget_commit,
    take_grant_vote,
    take_leader_commit,
    take_observe_term,
    take_request_vote,
    take_restart,
    take_send_append,
    take_step_down,
    take_timeout,
    take_truncate,
)
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import NIL, Server, Term, Value


class Raft(figure2.Raft):
    """A state of the published specification, and of the proved protocol beside it."""

    history: History


model = Model("refinement", Raft, bounds=figure2.model.bounds, rules=Rule, view=figure2.model.view)


model.invariant(steps_are_matched)
model.invariant(states_agree)
for _witness in (leader_elected, log_truncated, two_leaders):
    model.witness(_witness)


@model.witness
def second_leader(s: Raft, t: Term, u: Term) -> bool:
    """Two terms have had a leader."""
    return t < u and s.history.leader[t] != NIL and s.history.leader[u] != NIL


@model.initial
def begin(s: Raft) -> None:
    """The first state of the specification, in term 1; the proved protocol begins in term 0, and all observe term 1."""
    init(s)
    for n in s.servers:
        take_observe_term(s.history, n, 1)


# Elections.


@model.after(figure2.model, figure2.timeout)
def timeout(before: Raft, s: Raft, i: Server) -> bool:
    """Timeout."""
    take_timeout(s.history, i, s.current_term[i])
    return True


@model.after(figure2.model, figure2.request_vote)
def request_vote(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """RequestVote: the request is the same whoever receives it."""
    take_request_vote(s.history, i)
    return True


@model.after(figure2.model, figure2.update_term)
def observe_term(before: Raft, s: Raft, m: Message) -> bool:
    """ObserveTerm."""
    take_observe_term(s.history, m.dest, m.term)
    return True


@model.after(figure2.model, figure2.handle_request_vote_request)
def grant_vote(before: Raft, s: Raft, m: RequestVoteRequest) -> bool:
    """GrantVote: the voter had voted for no one, or for another."""
    if s.voted_for[m.dest] == before.voted_for[m.dest]:
        return False
    take_grant_vote(s.history, m.dest, m.source)
    return True


@model.after(figure2.model, figure2.handle_request_vote_request)
def answer_vote(before: Raft, s: Raft, m: RequestVoteRequest) -> bool:
    """Nothing: a refusal, or a vote that was given before."""
    return s.voted_for[m.dest] == before.voted_for[m.dest]


@model.after(figure2.model, figure2.handle_request_vote_response)
def count_vote(before: Raft, s: Raft, m: RequestVoteResponse) -> bool:
    """Nothing: the proved protocol counts the votes themselves."""
    return True


@model.after(figure2.model, figure2.become_leader)
def become_leader(before: Raft, s: Raft, i: Server) -> bool:
    """BecomeLeader."""
    take_become_leader(s.history, i)
    return True


# Replication.


@model.after(figure2.model, figure2.client_request)
def client_request(before: Raft, s: Raft, i: Server, v: Value) -> bool:
    """ClientRequest, AcknowledgeOwn: what a server appends is on its disk at once."""
    take_client_request(s.history, i, v)
    take_acknowledge_own(s.history, i, len(s.log[i]))
    return True


@model.after(figure2.model, figure2.append_entries)
def send_append(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """SendAppend: the entry at next_index, or, past the end of the log, none."""
    last = min(len(s.log[i]), s.next_index[i][j])
    take_send_append(s.history, i, last, min(s.commit_index[i], last))
    return True


@model.after(figure2.model, figure2.handle_append_entries_request)
def step_down(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """StepDown: a candidate follows, and leaves the request in flight."""
    if s.role[m.dest] == before.role[m.dest]:
        return False
    take_step_down(s.history, m.dest)
    return True


@model.after(figure2.model, figure2.handle_append_entries_request)
def truncate(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Truncate: the log loses its last entry."""
    end, new = len(s.log[m.dest]), m.prev_log_index + 1
    if end >= len(before.log[m.dest]):
        return False
    take_truncate(s.history, m.dest, m.term, m.prev_log_index, new, new, end)
    return True


@model.after(figure2.model, figure2.handle_append_entries_request)
def append(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Append."""
    new = m.prev_log_index + 1
    if len(s.log[m.dest]) <= len(before.log[m.dest]):
        return False
    take_append(s.history, m.dest, m.term, m.prev_log_index, new, new)
    return True


def is_accepted(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Whether a follower changed neither its role nor its log, and answered that it stores the entries."""
    n = m.dest
    if before.role[n] != s.role[n] or len(before.log[n]) != len(s.log[n]):
        return False
    refusal = AppendEntriesResponse(term=s.current_term[n], success=False, match_index=0, source=n, dest=m.source)
    return refusal not in s.messages or refusal in before.messages


def take_accepted(h: History, m: AppendEntriesRequest) -> None:
    """Acknowledge what the request holds."""
    last = m.prev_log_index if m.entry.term == 0 else m.prev_log_index + 1
    take_acknowledge(h, m.dest, m.term, m.prev_log_index, last, m.commit_index)


@model.after(figure2.model, figure2.handle_append_entries_request)
def acknowledge(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Acknowledge."""
    if not is_accepted(before, s, m) or s.commit_index[m.dest] < before.commit_index[m.dest]:
        return False
    take_accepted(s.history, m)
    return True


@model.after(figure2.model, figure2.handle_append_entries_request)
def acknowledge_and_forget_commit(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Acknowledge, ForgetCommit: the specification takes leader_commit even where it is less than commit_index."""
    if not is_accepted(before, s, m) or s.commit_index[m.dest] >= before.commit_index[m.dest]:
        return False
    take_accepted(s.history, m)
    take_forget_commit(s.history, m.dest, m.commit_index)
    return True


@model.after(figure2.model, figure2.handle_append_entries_request)
def refuse_append(before: Raft, s: Raft, m: AppendEntriesRequest) -> bool:
    """Nothing: the request is stale, or the log lacks the entry before the new ones."""
    unchanged = before.role[m.dest] == s.role[m.dest] and len(before.log[m.dest]) == len(s.log[m.dest])
    return unchanged and not is_accepted(before, s, m)


@model.after(figure2.model, figure2.handle_append_entries_response)
def count_append(before: Raft, s: Raft, m: AppendEntriesResponse) -> bool:
    """Nothing: the proved protocol counts the acknowledgements themselves."""
    return True


# Commit.


@model.after(figure2.model, figure2.advance_commit_index)
def leader_commit(before: Raft, s: Raft, i: Server) -> bool:
    """LeaderCommit."""
    if s.commit_index[i] <= before.commit_index[i]:
        return False
    take_leader_commit(s.history, i, s.commit_index[i])
    return True


@model.after(figure2.model, figure2.advance_commit_index)
def forget_commit(before: Raft, s: Raft, i: Server) -> bool:
    """ForgetCommit: match_index fell, and commit_index with it."""
    if s.commit_index[i] >= before.commit_index[i]:
        return False
    take_forget_commit(s.history, i, s.commit_index[i])
    return True


@model.after(figure2.model, figure2.advance_commit_index)
def commit_stays(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing: no further entry is on a quorum."""
    return s.commit_index[i] == before.commit_index[i]


# The network, and crashes.


@model.after(figure2.model, figure2.drop_stale_response)
def drop_stale_response(before: Raft, s: Raft, m: Response) -> bool:
    """Nothing."""
    return True


@model.after(figure2.model, figure2.duplicate_message)
def duplicate_message(before: Raft, s: Raft, m: Message) -> bool:
    """Nothing: what was sent may be received again at any time."""
    return True


@model.after(figure2.model, figure2.drop_message)
def drop_message(before: Raft, s: Raft, m: Message) -> bool:
    """Nothing: what was sent need never be received."""
    return True


@model.after(figure2.model, figure2.restart)
def restart(before: Raft, s: Raft, i: Server) -> bool:
    """Restart."""
    take_restart(s.history, i)
    return True
