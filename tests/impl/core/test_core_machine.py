"""A Hypothesis state machine over the core: any order of events, any loss, any crash; Figure 3 holds."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from raftproof.impl.core import Change, ConfigurationChange, ProposeChange, ReadIndex, Role, TransferLeadership
from tests.impl.core.cluster import Cluster

IDS = st.integers(1, 3)


class CoreMachine(RuleBasedStateMachine):
    """Three servers, or five in the making; Hypothesis is time, chance, network and disk."""

    broken: ClassVar[frozenset[str]] = frozenset()
    pre_vote: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(
            broken=self.broken, pre_vote=self.pre_vote, check_quorum=self.pre_vote, max_append_bytes=1
        )
        self.leaders: dict[int, int] = {}
        self.committed: dict[int, tuple[int, bytes]] = {}
        self.commits: dict[int, int] = {}

    @rule(id=IDS, ticks=st.integers(1, 12))
    def tick(self, id: int, ticks: int) -> None:
        self.cluster.tick(id, ticks)

    @rule(id=IDS)
    def campaign(self, id: int) -> None:
        self.cluster.campaign(id)

    @rule(place=st.integers(0, 100), copies=st.sampled_from([0, 1, 1, 1, 1, 2]))
    def deliver_one(self, place: int, copies: int) -> None:
        if self.cluster.network:
            message = self.cluster.network.pop(place % len(self.cluster.network))
            for _ in range(copies):
                self.cluster.receive(message)

    @rule(first=IDS, second=IDS)
    def deliver_among(self, first: int, second: int) -> None:
        self.cluster.deliver(self.cluster.between(first, second))

    @rule(id=IDS, count=st.integers(1, 3))
    def propose(self, id: int, count: int) -> None:
        self.cluster.propose(id, *[b"%d" % number for number in range(count)])

    @rule(id=IDS)
    def read(self, id: int) -> None:
        self.cluster[id].step(ReadIndex(1))

    @rule(id=IDS, to=IDS)
    def transfer(self, id: int, to: int) -> None:
        self.cluster[id].step(TransferLeadership(to))

    @rule(id=IDS, server=st.integers(1, 5), kind=st.sampled_from(list(Change)))
    def change(self, id: int, server: int, kind: Change) -> None:
        if server not in self.cluster.servers:
            self.cluster.add(server)
        self.cluster[id].step(ProposeChange(ConfigurationChange(((kind, server),))))

    @rule(id=IDS)
    def hold_disk(self, id: int) -> None:
        self.cluster[id].held = True

    @rule(id=IDS)
    def release_disk(self, id: int) -> None:
        self.cluster[id].held = False
        self.cluster[id].store()

    @rule(id=IDS)
    def crash(self, id: int) -> None:
        self.cluster.restart(id)
        self.commits.pop(id, None)

    @rule(id=IDS, keep=st.integers(0, 3))
    def compact(self, id: int, keep: int) -> None:
        server = self.cluster[id]
        if not server.unstored and server.raft.applied_index > server.raft.snapshot.index:
            server.compact(max(server.raft.log.base_index, server.raft.applied_index - keep))

    @invariant()
    def at_most_one_leader_a_term(self) -> None:
        for id, server in self.cluster.servers.items():
            if server.raft.role is Role.LEADER:
                assert self.leaders.setdefault(server.raft.current_term, id) == id

    @invariant()
    def servers_apply_the_same_entries(self) -> None:
        for server in self.cluster.servers.values():
            for entry in server.applied:
                known = self.committed.setdefault(entry.index, (entry.term, entry.data))
                assert known == (entry.term, entry.data)

    @invariant()
    def commit_indexes_never_fall(self) -> None:
        for id, server in self.cluster.servers.items():
            assert server.raft.commit_index >= self.commits.get(id, 0)
            self.commits[id] = server.raft.commit_index

    @invariant()
    def the_marks_of_every_log_are_in_order(self) -> None:
        for server in self.cluster.servers.values():
            raft, log = server.raft, server.raft.log
            assert raft.applied_index <= raft.applying_index <= raft.commit_index <= log.last_index
            assert log.stored_index <= log.offered_index <= log.last_index
            assert log.base_index <= raft.snapshot.index
            terms = [log.base_term, *(entry.term for entry in log.entries), raft.current_term]
            assert terms == sorted(terms)
            for id, progress in raft.progress.items():
                assert progress.match_index < progress.next_index, f"server {id}"


QUICK = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
@pytest.mark.parametrize("pre_vote", [False, True])
def test_no_order_of_events_breaks_the_core(pre_vote: bool) -> None:
    machine = type("Machine", (CoreMachine,), {"pre_vote": pre_vote})
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("rule_off", ["quorum_majority", "log_up_to_date"])
def test_the_machine_finds_a_broken_rule(rule_off: str) -> None:
    machine = type("Machine", (CoreMachine,), {"broken": frozenset({rule_off})})
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=400, phases=[Phase.generate]))
