"""Each check of the simulator can fail: what it looks at is put wrong by hand, and it says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from raftproof.impl.core import Entry, Role, Snapshot
from raftproof.impl.core import messages as m
from raftproof.impl.sim import PropertyViolated, World, plan
from raftproof.impl.sim.machine import Machine
from raftproof.impl.sim.violation import PropertyViolated as Violated


@pytest.fixture
def world() -> World:
    """A cluster in good order, with a leader."""
    found = World(plan(1, 1000, frozenset()))
    for _ in range(900):
        found.step()
    return found


def leader(world: World) -> Machine:
    return next(machine for machine in world.machines.values() if machine.raft.role is Role.LEADER)


def follower(world: World) -> Machine:
    return next(machine for machine in world.machines.values() if machine.raft.role is Role.FOLLOWER)


def falls(name: str, act: Callable[[], None]) -> None:
    with pytest.raises(PropertyViolated) as caught:
        act()
    assert caught.value.name == name
    assert isinstance(caught.value, Violated)
    assert caught.value.facts


def test_two_leaders_of_a_term(world: World) -> None:
    world.checks.leaders[leader(world).raft.current_term] = 99
    falls("ElectionSafety", lambda: world.checks.elected(leader(world)))


def test_a_leader_without_the_votes(world: World) -> None:
    world.checks.votes.clear()
    falls("ElectedByMajority", lambda: world.checks.elected(leader(world)))


def test_a_leader_without_a_committed_entry(world: World) -> None:
    index, term = world.checks.newest
    world.checks.newest = (index + 50, term - 1)
    falls("LeaderCompleteness", lambda: world.checks.elected(leader(world)))


def test_a_second_vote(world: World) -> None:
    world.checks.promised(m.RequestVoteResponse(9, 1, 2, True))
    falls("OneVoteATerm", lambda: world.checks.promised(m.RequestVoteResponse(9, 1, 3, True)))


def test_two_entries_of_one_index_and_term(world: World) -> None:
    machine = leader(world)
    last = machine.raft.log.entries[-1]
    other = Entry(last.term, last.index, b"something else")
    falls("LogMatching", lambda: world.checks.appended(machine, (other,)))


def test_a_commit_index_that_falls(world: World) -> None:
    machine = leader(world)
    machine.commit_seen = machine.raft.commit_index + 1
    falls("CommitMonotonic", lambda: world.checks.committed(machine))


def test_a_commit_that_no_majority_holds(world: World) -> None:
    machine = leader(world)
    for other in world.machines.values():
        other.raft.log.stored_index = other.raft.log.base_index
    machine.commit_seen = 0
    falls("CommittedOnMajority", lambda: world.checks.committed(machine))


def test_a_commit_of_an_older_term(world: World) -> None:
    machine = leader(world)
    machine.raft.current_term += 1
    machine.commit_seen = 0
    falls("CommitOwnTerm", lambda: world.checks.committed(machine))


def test_another_entry_applied_at_an_index(world: World) -> None:
    known = world.checks.history[3]
    other = Entry(known.term, known.index, b"other")
    falls("StateMachineSafety", lambda: world.checks.applied(leader(world), other, 0))


def test_an_entry_left_out(world: World) -> None:
    falls("StateMachineSafety", lambda: world.checks.applied(leader(world), Entry(2, 9_999), 0))


def test_stores_that_differ(world: World) -> None:
    machine = leader(world)
    world.checks.hashes[7] = 1
    falls("StatesEqual", lambda: world.checks.compare(machine, 7))


def test_a_snapshot_that_takes_a_server_back(world: World) -> None:
    falls("AppliedMonotonic", lambda: world.checks.installed(leader(world), Snapshot(4, 1)))


def test_a_server_that_forgets_its_term(world: World) -> None:
    world.checks.terms[1] = 1_000
    falls("TermMonotonic", lambda: world.checks.started(world.machines[1]))


def test_a_log_refused_without_damage(world: World) -> None:
    falls("CrashesRecover", lambda: world.checks.refused(world.machines[1], "why"))


def test_an_acknowledgement_of_what_does_not_match(world: World) -> None:
    one, other = leader(world), follower(world)
    last = other.raft.log.last_index
    one.raft.log.entries[-1] = Entry(99, one.raft.log.last_index)
    answer = m.AppendEntriesResponse(one.raft.current_term, other.id, one.id, last, True)
    if last == one.raft.log.last_index:
        falls("AcknowledgedMatches", lambda: world.checks.acknowledged(one, answer))


def test_a_stale_serializable_read(world: World) -> None:
    machine = leader(world)
    machine.shown = machine.raft.applied_index + 1
    falls("SerializableReads", lambda: world.checks.read_locally(machine, b"k0", None))


def test_a_serializable_read_of_what_never_was(world: World) -> None:
    falls("SerializableReads", lambda: world.checks.read_locally(leader(world), b"k0", b"never"))
