"""The search for a linear order: against every order tried by hand, and against histories whose verdict is known."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import permutations
from random import Random

import pytest

from raftproof.traces.linearizability import Call, apply, check, check_key
from raftproof.traces.linearizability_picture import draw


def put(client: int, value: str, called: int, returned: int | None) -> Call:
    return Call(client, "k", "put", called, returned, value)


def get(client: int, value: str | None, called: int, returned: int | None) -> Call:
    return Call(client, "k", "get", called, returned, value)


def delete(client: int, done: bool, called: int, returned: int | None) -> Call:
    return Call(client, "k", "delete", called, returned, done=done)


def swap(client: int, expected: str | None, value: str, done: bool, called: int, returned: int | None) -> Call:
    return Call(client, "k", "swap", called, returned, value, expected, done)


YES, NO = "linearizable", "not_linearizable"


@pytest.mark.parametrize(
    ("verdict", "calls"),
    [
        (YES, []),
        (YES, [get(1, None, 1, 2)]),
        (NO, [get(1, "a", 1, 2)]),
        (YES, [put(1, "a", 1, 2), get(1, "a", 3, 4)]),
        (NO, [put(1, "a", 1, 2), get(1, None, 3, 4)]),
        (YES, [put(1, "a", 1, 5), get(2, None, 2, 3)]),
        (YES, [put(1, "a", 1, 5), get(2, "a", 2, 3)]),
        (NO, [put(1, "a", 1, 9), get(2, "a", 2, 3), get(2, None, 4, 5)]),
        (YES, [put(1, "a", 1, None), get(2, None, 2, 3)]),
        (YES, [put(1, "a", 1, None), get(2, "a", 2, 3)]),
        (NO, [put(1, "a", 1, None), get(2, "a", 2, 3), get(2, None, 4, 5)]),
        (NO, [put(1, "a", 4, None), get(2, "a", 2, 3)]),
        (YES, [delete(1, False, 1, 2)]),
        (NO, [delete(1, True, 1, 2)]),
        (YES, [put(1, "a", 1, 2), delete(1, True, 3, 4), get(1, None, 5, 6)]),
        (NO, [put(1, "a", 1, 2), delete(1, True, 3, 4), delete(1, True, 5, 6)]),
        (YES, [put(1, "a", 1, None), delete(2, True, 2, 3)]),
        (YES, [swap(1, None, "a", True, 1, 2), swap(2, "a", "b", True, 3, 4), get(1, "b", 5, 6)]),
        (NO, [swap(1, None, "a", True, 1, 2), swap(2, None, "b", True, 3, 4)]),
        (YES, [swap(1, None, "a", True, 1, 4), swap(2, None, "b", False, 2, 3)]),
        (NO, [swap(1, None, "a", True, 1, 4), swap(2, "a", "b", True, 2, 3), get(3, "a", 5, 6)]),
    ],
)
def test_a_small_history_has_the_verdict_that_a_reader_gives_it(verdict: str, calls: list[Call]) -> None:
    assert check(calls).verdict == verdict


def naive(calls: list[Call]) -> bool:
    """Every order of every choice of what happened."""
    due = [call for call in calls if call.returned is not None]
    open_ended = [call for call in calls if call.returned is None]
    for chosen in range(1 << len(open_ended)):
        taken = due + [call for place, call in enumerate(open_ended) if chosen >> place & 1]
        for order in permutations(taken):
            if _in_time(order) and _fits(order):
                return True
    return False


def _in_time(order: tuple[Call, ...]) -> bool:
    return all(
        later.returned is None or later.returned > earlier.called
        for place, earlier in enumerate(order)
        for later in order[place + 1 :]
    )


def _fits(order: tuple[Call, ...]) -> bool:
    state: str | None = None
    for call in order:
        fits, state = apply(state, call)
        if not fits:
            return False
    return True


def random_history(chance: Random, size: int) -> list[Call]:
    times = sorted(chance.sample(range(100), 2 * size))
    calls = []
    for client in range(size):
        called = times.pop(chance.randrange(len(times) - 1 or 1))
        after = [time for time in times if time > called]
        returned = chance.choice(after) if after and chance.random() < 0.8 else None
        if returned is not None:
            times.remove(returned)
        value, other = chance.choice("ab"), chance.choice([None, "a", "b"])
        done = chance.random() < 0.5
        calls.append(
            chance.choice(
                [
                    put(client, value, called, returned),
                    get(client, other, called, returned if returned is not None else called + 100),
                    delete(client, done, called, returned),
                    swap(client, other, value, done, called, returned),
                ]
            )
        )
    return calls


def test_the_search_agrees_with_trying_every_order() -> None:
    chance = Random(7)
    verdicts = {True: 0, False: 0}
    for _ in range(1500):
        calls = random_history(chance, chance.randrange(1, 6))
        expected = naive(calls)
        found = check(calls)
        assert (found.verdict == YES) is expected, calls
        verdicts[expected] += 1
    assert min(verdicts.values()) > 300


def test_the_order_that_is_found_is_a_proof() -> None:
    chance = Random(8)
    for _ in range(300):
        calls = sorted(random_history(chance, 5), key=lambda call: call.called)
        found = check_key("k", calls)
        if found.verdict == YES:
            order = tuple(found.calls[place] for place in found.longest)
            assert _in_time(order)
            assert _fits(order)
            assert {call for call in calls if call.returned is not None} <= set(order)


def test_keys_are_judged_each_for_itself() -> None:
    one = Call(1, "a", "put", 1, 2, "x")
    two = Call(1, "b", "get", 3, 4, "x")
    found = check([one, two])
    assert (found.verdict, found.key) == (NO, "b")


def test_a_search_that_is_cut_off_says_that_it_does_not_know() -> None:
    calls = [put(client, f"v{client}", 1, 100 + client) for client in range(12)]
    calls += [get(20, "v1", 200, 201), get(20, "v2", 202, 203)]
    assert check(calls, most_tries=500).verdict == "unknown"


def test_a_long_history_with_few_clients_takes_little_time() -> None:
    calls, time = [], 0
    for number in range(3000):
        calls += [put(1, f"v{number}", time, time + 2), get(2, f"v{number}", time + 3, time + 4)]
        time += 5
    assert check(calls).verdict == YES


def test_the_picture_points_at_what_cannot_come_next() -> None:
    calls = [put(1, "a", 1, 2), put(2, "b", 3, 8), get(3, "b", 4, 5), get(3, "a", 6, 7), put(1, "c", 9, None)]
    found = check(calls)
    assert found.verdict == NO
    picture = draw(found)
    ET.fromstring(picture)
    assert "not linearizable" in picture
    assert picture.count('stroke="#b00000"') == len(found.stuck) == 1
    assert "<script" not in picture
    assert draw(found) == picture
