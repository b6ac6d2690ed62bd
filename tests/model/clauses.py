"""`figure2` with other properties: each clause of a property alone, and a tempting one that correct Raft violates.

raftproof check tests/model/clauses.py --max-term 4 --max-log 2 --only LeaderHasOlderEntries
"""

from __future__ import annotations

from raftproof.checker.language import Model
from raftproof.model import figure2
from raftproof.model.figure2 import Raft
from raftproof.model.vocabulary import Role

model = Model(
    "clauses",
    figure2.model.state,
    figure2.model.bounds,
    figure2.model.rules,
    view=figure2.model.view,
    actions=list(figure2.model.actions),
    initials=list(figure2.model.initials),
)


@model.invariant
def leader_has_older_entries(s: Raft) -> bool:
    """Tempting and wrong: a committed entry is in the log of every leader of a later term than the entry's own."""
    for leader in s.servers:
        if s.role[leader] == Role.LEADER:
            for i in s.servers:
                for k in range(1, min(s.commit_index[i], len(s.log[i])) + 1):
                    is_later = s.current_term[leader] > s.log[i][k].term
                    if is_later and (len(s.log[leader]) < k or s.log[leader][k] != s.log[i][k]):
                        return False
    return True


@model.invariant
def leader_completeness_length(s: Raft) -> bool:
    """A leader's log is as long as what a server of its term or an earlier one knows to be committed."""
    for leader in s.servers:
        if s.role[leader] == Role.LEADER:
            for i in s.servers:
                committed = min(s.commit_index[i], len(s.log[i]))
                if s.current_term[leader] >= s.current_term[i] and len(s.log[leader]) < committed:
                    return False
    return True


@model.invariant
def leader_completeness_entries(s: Raft) -> bool:
    """As far as a leader's log goes, it has what a server of its term or an earlier one knows to be committed."""
    for leader in s.servers:
        if s.role[leader] == Role.LEADER:
            for i in s.servers:
                if s.current_term[leader] >= s.current_term[i]:
                    for k in range(1, min(min(s.commit_index[i], len(s.log[i])), len(s.log[leader])) + 1):
                        if s.log[leader][k] != s.log[i][k]:
                            return False
    return True


@model.action_invariant
def leader_append_only_length(s: Raft, t: Raft) -> bool:
    """A server that leads before and after a step has no shorter log after it."""
    for i in s.servers:
        if s.role[i] == Role.LEADER and t.role[i] == Role.LEADER and len(t.log[i]) < len(s.log[i]):
            return False
    return True


@model.action_invariant
def leader_append_only_entries(s: Raft, t: Raft) -> bool:
    """A server that leads before and after a step has changed no entry that is in both logs."""
    for i in s.servers:
        if s.role[i] == Role.LEADER and t.role[i] == Role.LEADER:
            for k in range(1, min(len(s.log[i]), len(t.log[i])) + 1):
                if t.log[i][k] != s.log[i][k]:
                    return False
    return True
