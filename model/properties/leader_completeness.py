"""Leader Completeness (Figure 3, §5.4).

The paper speaks of entries committed in a term before the leader's. A state does not record the term in which an
entry was committed, but the term of a server that knows it to be committed is at least that term. To compare the
leader's term with the term of the *entry* is tempting and wrong: a leader of term 3 that was replaced unawares may
meet an entry of term 2 that was committed in term 4, in correct Raft.
"""

from __future__ import annotations

from raftproof.model.properties.shared import Raft
from raftproof.model.vocabulary import Role


def leader_completeness(s: Raft) -> bool:
    """What a server knows to be committed is in the log of every leader of its term or a later one."""
    for leader in s.servers:
        if s.role[leader] == Role.LEADER:
            for i in s.servers:
                if s.current_term[leader] >= s.current_term[i]:
                    for k in range(1, min(s.commit_index[i], len(s.log[i])) + 1):
                        if len(s.log[leader]) < k or s.log[leader][k] != s.log[i][k]:
                            return False
    return True
