"""What was sent may be received ever after; what can have no effect any more is forgotten: memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from raftproof.traces.conformance import network as module
from raftproof.traces.conformance.departure import Departure, Unknown
from raftproof.traces.conformance.network import OF_OLD, WINDOW, Network
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Event, HardState, Message, Placed
from tests.traces.steady import beginning, steady


def message(index: int, source: str = "1", term: int = 3) -> Message:
    return Message("MsgApp", term, source, "2", 1, 3, index, index, "0", False, 0)


def network() -> Network:
    return Network(lambda m, ready: m.index < 1 << 20, lambda: 1)


def test_a_message_stays_with_the_first_ready_that_carried_it() -> None:
    sent = network()
    sent.send(message(7), 4, again=False)
    sent.send(message(7), 9, again=False)
    assert sent.sent(message(7)) == 4
    assert sent.sent(message(8)) is None
    sent.send(message(7), 12, again=True)
    assert sent.sent(message(7)) == 12
    assert sent.latest(message(8)) == message(7)


def test_a_number_names_one_message() -> None:
    sent = network()
    sent.number(message(7), 1001)
    sent.compare_number(message(7), 1001)
    for other, number in ((message(8), 1001), (message(7), 1002), (message(7, source="3"), 1001)):
        with pytest.raises(Departure, match="another message"):
            sent.compare_number(other, number)


def test_numbers_of_old_messages_are_forgotten() -> None:
    sent = network()
    for number in range(1, 2 * WINDOW + 1):
        sent.number(message(number), number)
    sent.compare_number(message(5), 7)  # forgotten
    with pytest.raises(Departure, match="another message"):
        sent.compare_number(message(5), WINDOW + 7)
    with pytest.raises(Departure, match="another message"):
        sent.compare_number(message(5), 1 << module.LIFE_BITS)  # of another life


def test_only_what_is_spent_and_old_is_forgotten_and_its_ranges_stay() -> None:
    sent, last = network(), 2 * WINDOW
    lasting = [message(1 << 20), message(1 << 21)]
    for k, m in enumerate((*lasting, *(message(k) for k in range(1, last - 1)))):
        sent.send(m, k, again=False)
    assert len(sent) == WINDOW + len(lasting)
    assert all(sent.sent(m) is not None for m in lasting)
    assert sent.sent(message(WINDOW)) is not None
    assert sent.sent(message(7)) is None
    assert sent.may_be_forgotten(message(7))
    assert not sent.may_be_forgotten(message(WINDOW + 1))  # beyond the forgotten ones
    assert not sent.may_be_forgotten(message(7, source="3"))
    assert not sent.may_be_forgotten(message(7, term=4))
    assert not sent.may_be_forgotten(msgspec.structs.replace(message(7), vote="1"))
    sent.send(message(7), 99_000, again=False)
    sent.send(message(1 << 22), 99_001, again=False)
    assert sent.sent(message(7)) == OF_OLD  # the first one may come only now: it shows nothing of Ready 99,000
    assert sent.sent(message(1 << 22)) == 99_001


def test_terms_in_which_nobody_can_be_any_more_are_remembered_together() -> None:
    sent = Network(lambda m, ready: True, lambda: 5)
    for k in range(1, 2 * WINDOW + 1):
        sent.send(message(k, term=1 + k % 6), k, again=False)
    assert sent.may_be_forgotten(message(7, term=2))
    assert {term for *_, term in sent._forgotten} == {0, 5, 6}


# ----------------------------------------------------------------------------------------------- a long trace


def resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)


class Long:
    """A long trace, and the memory after so many events of it."""

    def __init__(self, counts: Sequence[int]) -> None:
        self.run, self.megabytes = Run(), list[float]()
        items, before = steady(counts[-1]), 0
        for count in counts:
            self.run.follow(islice(items, count - before))
            self.megabytes.append(resident_megabytes())
            before = count
        assert self.run.events == counts[-1]


@pytest.fixture(scope="module")
def long() -> Long:
    return Long((75_000, 150_000))


def test_memory_stays_bounded_on_a_long_trace(long: Long) -> None:
    cluster, (first, second) = long.run.cluster, long.megabytes
    assert len(cluster.network) < 2 * WINDOW
    assert second - first < 12
    leader = next(s for s in cluster.servers.values() if s.role == "StateLeader")
    assert leader.last > 9_000
    assert cluster.machine.unreal[leader.i] > leader.last - 5000  # the model has given back what came before


@pytest.mark.thorough
def test_memory_stays_bounded_on_a_million_events() -> None:
    million = Long((100_000, 300_000, 1_000_000))
    assert len(million.run.cluster.network) < 2 * WINDOW
    first, second, last = million.megabytes
    assert second - first < 12
    assert last - first < 16  # of 60,000 entries a log keeps 8 bytes each


def late(run: Run, message: Message) -> Placed:
    """A line on which a server receives a message in its present state."""
    dest = run.cluster.servers[message.dest]
    assert dest.conf is not None
    state = HardState(dest.term, dest.vote, dest.commit)
    line = Event("ReceiveAppendEntriesRequest", dest.nid, state, "StateFollower", dest.last, dest.conf, message)
    return Placed("t", 0, line)


def sent_early() -> Message:
    """A message that was sent, and never received since."""
    items = list(islice(steady(3000), 3000))
    return next(i.event.msg for i in items[2000:] if i.event.msg and i.event.msg.type == "MsgApp")


def test_a_message_that_was_forgotten_is_taken_late(long: Long) -> None:
    old = sent_early()
    assert long.run.cluster.network.sent(old) is None
    assert long.run.cluster.network.may_be_forgotten(old)
    dest = long.run.cluster.servers[old.dest]
    long.run.follow([late(long.run, old)])
    assert [owed.name for owed in dest.owed] == ["SendAppendEntriesResponse"]  # with its commit index
    dest.owed.clear()


def test_a_message_of_a_kind_that_nobody_sent_is_none_of_the_forgotten(long: Long) -> None:
    old = sent_early()
    follower = next(nid for nid in long.run.cluster.servers if nid not in (old.source, old.dest))
    for other in ({"source": follower}, {"index": 1 << 30}, {"log_term": 7}, {"entries": 9}, {"reject_hint": 3}):
        forged = msgspec.structs.replace(old, **other)
        with pytest.raises(Departure, match="nobody sent"):
            long.run.follow([late(long.run, forged)])


def test_a_forgotten_message_that_would_have_an_effect_is_not_judged(long: Long) -> None:
    old = sent_early()
    dest = long.run.cluster.servers[old.dest]
    commit, dest.commit = dest.commit, old.index
    try:
        with pytest.raises(Unknown, match="sent long ago"):
            long.run.follow([late(long.run, old)])
    finally:
        dest.commit = commit


def test_the_synthetic_trace_begins_as_a_real_one() -> None:
    assert [item.event for item in islice(steady(50), 50)] == [item.event for item in beginning()[:50]]
