"""The invariants of a server's fields can fail: each is put wrong by hand, and named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raftproof.impl.core import Configuration, Entry, Raft, Role
from raftproof.impl.core.invariants import check
from raftproof.impl.core.progress import PROBE
from tests.impl.core.cluster import Cluster


def leader() -> Raft:
    cluster = Cluster()
    cluster.elect(1)
    cluster.propose(1, b"a", b"b")
    cluster.deliver()
    raft = cluster.raft(1)
    check(raft)
    return raft


BROKEN: list[tuple[str, Callable[[Raft], object]]] = [
    ("last_index is not", lambda raft: setattr(raft.log, "last_index", 9)),
    ("marks of the log", lambda raft: setattr(raft.log, "offered_index", 99)),
    ("never given to the disk", lambda raft: setattr(raft.log, "stored_index", 99)),
    ("the log has a gap", lambda raft: raft.log.entries.__setitem__(0, Entry(2, 9))),
    ("terms fall along", lambda raft: raft.log.entries.__setitem__(0, Entry(3, 4))),
    ("writes in flight", lambda raft: raft.log.writes.extend([(2, 4), (1, 4)])),
    ("indexes are out of order", lambda raft: setattr(raft, "applied_index", 99)),
    ("of a later term", lambda raft: setattr(raft, "current_term", 1)),
    ("never given out", lambda raft: setattr(raft, "stored_number", 99)),
    ("both votes and learns", lambda raft: setattr(raft, "configuration", Configuration((1, 2), (), (2,)))),
    ("not in order", lambda raft: setattr(raft, "configuration", Configuration((2, 1)))),
    ("nothing to leave", lambda raft: setattr(raft, "configuration", Configuration((1,), auto_leave=True))),
    ("did not vote for itself", lambda raft: setattr(raft, "voted_for", 2)),
    ("follows itself", lambda raft: setattr(raft, "role", Role.FOLLOWER) or raft.votes.clear()),
    ("knows a leader", lambda raft: setattr(raft, "role", Role.CANDIDATE)),
    ("follows another", lambda raft: setattr(raft, "leader", 2)),
    ("not of its servers", lambda raft: raft.progress.pop(3)),
    ("out of place", lambda raft: setattr(raft.progress[2], "match_index", 99)),
    ("is not sent ahead", lambda raft: (raft.progress[2].inflight.append(6), setattr(raft.progress[2], "flow", PROBE))),
    ("without a probe", lambda raft: setattr(raft.progress[2], "paused", True)),
    ("appends to server 2", lambda raft: raft.progress[2].inflight.extend([6, 5])),
]


@pytest.mark.parametrize(("what", "spoil"), BROKEN, ids=[what for what, _ in BROKEN])
def test_a_broken_invariant_is_named(what: str, spoil: Callable[[Raft], object]) -> None:
    raft = leader()
    spoil(raft)
    with pytest.raises(AssertionError, match=what):
        check(raft)
