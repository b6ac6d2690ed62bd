"""What was sent is never forgotten, and an old message takes sixteen bytes."""

from __future__ import annotations

import random

import pytest

from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.network import Ledger, Network
from raftproof.traces.events import Message


def message(index: int, source: str = "1") -> Message:
    return Message("MsgApp", 3, source, "2", 1, 3, index, index, "0", False, 0)


def test_a_ledger_that_packs_is_a_dictionary() -> None:
    chance = random.Random(9)
    ledger, plain = Ledger(young=16), dict[int, int]()
    for _ in range(2000):
        key = chance.choice((chance.randrange(-(1 << 63), 1 << 63), chance.randrange(-300, 300)))
        if chance.random() < 0.6:
            value = chance.randrange(-5, 1 << 40)
            ledger.put(key, value)
            plain[key] = value
        assert ledger.get(key) == plain.get(key)
    assert all(ledger.get(key) == value for key, value in plain.items())


def test_a_message_stays_with_the_first_ready_that_carried_it() -> None:
    network = Network()
    network.send(message(7), 4, again=False)
    network.send(message(7), 9, again=False)
    assert network.sent(message(7)) == 4
    assert network.sent(message(8)) is None
    network.send(message(7), 12, again=True)
    assert network.sent(message(7)) == 12
    assert network.latest(message(8)) == message(7)


def test_a_number_names_one_message() -> None:
    network = Network()
    network.number(message(7), 1001)
    network.compare_number(message(7), 1001)
    for other, number in ((message(8), 1001), (message(7), 1002), (message(7, source="3"), 1001)):
        with pytest.raises(Departure, match="another message"):
            network.compare_number(other, number)
