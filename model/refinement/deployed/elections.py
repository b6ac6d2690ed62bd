"""How the steps of an election are matched (§5.2), with pre-vote, check-quorum and a leadership that is handed over."""

from __future__ import annotations

from raftproof.model.deployed.parts import is_written
from raftproof.model.deployed.state import (
    PreVoteAnswer,
    RequestPreVote,
    RequestVote,
    Role,
    TimeoutNow,
    VoteAnswer,
)
from raftproof.model.refinement.deployed.promises import Raft, follow_role, take_lead
from raftproof.model.refinement.history import take_grant_vote, take_request_vote, take_step_down
from raftproof.model.vocabulary import Server


def elects(before: Raft, s: Raft, n: Server) -> bool:
    """Whether the step makes n a leader."""
    return before.role[n] != Role.LEADER and s.role[n] == Role.LEADER


def campaign(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing: the term and the vote are not on the disk."""
    return True


def request_vote(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """RequestVote, of the term on the disk."""
    if not is_written(s, i):
        s.history.refused = True
        return True
    take_request_vote(s.history, i)
    return True


def own_vote_elects(before: Raft, s: Raft, i: Server) -> bool:
    """BecomeLeader, ClientRequest, SendAppend …."""
    if not elects(before, s, i):
        return False
    take_lead(s.history, i)
    return True


def count_own_vote(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing, or StepDown: the proved protocol counts the votes themselves."""
    follow_role(s, i)
    return True


def receive_vote_request(before: Raft, s: Raft, m: RequestVote) -> bool:
    """Nothing: the answer waits for the disk. One that grants and does not wait must be GrantVote at once."""
    i = m.dest
    granted = VoteAnswer(term=s.current_term[i], reject=False, source=i, dest=m.source)
    if granted in s.messages and granted not in before.messages:
        if is_written(s, i):
            take_grant_vote(s.history, i, m.source)
        else:
            s.history.refused = True
    return True


def vote_answer_elects(before: Raft, s: Raft, m: VoteAnswer) -> bool:
    """BecomeLeader, ClientRequest, SendAppend …."""
    if not elects(before, s, m.dest):
        return False
    take_lead(s.history, m.dest)
    return True


def receive_vote_answer(before: Raft, s: Raft, m: VoteAnswer) -> bool:
    """Nothing, or StepDown: the proved protocol counts the votes themselves."""
    follow_role(s, m.dest)
    return True


# Pre-vote.


def pre_campaign(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing, or StepDown, of a candidate that asks around once more."""
    follow_role(s, i)
    return True


def request_pre_vote(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """Nothing: a pre-vote promises nothing."""
    return True


def count_own_pre_vote(before: Raft, s: Raft, i: Server) -> bool:
    """Nothing."""
    return True


def receive_pre_vote_request(before: Raft, s: Raft, m: RequestPreVote) -> bool:
    """Nothing."""
    return True


def receive_pre_vote_answer(before: Raft, s: Raft, m: PreVoteAnswer) -> bool:
    """Nothing."""
    return True


# Check-quorum, and leadership handed over.


def ignore_under_lease(before: Raft, s: Raft, m: RequestVote | RequestPreVote) -> bool:
    """Nothing."""
    return True


def step_down(before: Raft, s: Raft, i: Server) -> bool:
    """StepDown."""
    take_step_down(s.history, i)
    return True


def transfer(before: Raft, s: Raft, i: Server, j: Server) -> bool:
    """Nothing: an election timeout may come at any moment."""
    return True


def receive_timeout_now(before: Raft, s: Raft, m: TimeoutNow) -> bool:
    """Nothing: the term and the vote are not on the disk."""
    return True
