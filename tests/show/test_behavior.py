"""What a drawing derives: who acted, and which arrow is whose."""

from __future__ import annotations

import pytest
import show_examples as examples
from msgspec import structs

from raftproof.checker.result import DamagedResult, Step
from raftproof.checker.show.behavior import Place, behavior_of, fault_of


def test_a_place_is_read_as_it_is_written() -> None:
    for text in ("messages", "role[s1]", "next_index[s1][s2]"):
        assert str(Place.of(text)) == text


def test_each_message_flies_from_the_step_that_sent_it_to_the_step_that_took_it() -> None:
    behavior = behavior_of(examples.rumour())
    flights = [(f.message["dest"], f.sent, f.arrived, f.ended, f.lost) for f in behavior.flights]
    assert flights == [
        ("bob", 1, [], 4, True),
        ("eve", 1, [3], 3, False),
        ("eve", 2, [7], 7, False),
        ("ann", 3, [6], 6, False),
        ("bob", 5, [], None, False),
    ]
    assert behavior.flights[2].copy_of is behavior.flights[1]


def test_a_message_that_is_looked_at_and_kept_arrives_before_it_ends() -> None:
    flights = behavior_of(examples.figure_8()).flights
    kept = [flight for flight in flights if len(flight.arrived) > 1]
    assert kept
    assert all(flight.arrived[-1] == flight.ended for flight in kept)


def test_no_message_is_made_or_lost_in_the_matching() -> None:
    for make in (examples.two_leaders, examples.figure_8, examples.rumour, examples.conflict):
        behavior = behavior_of(make())
        for number, state in enumerate(behavior.states):
            flying = [f for f in behavior.flights if f.sent <= number and (f.ended is None or f.ended > number)]
            in_bag = state[behavior.shape.bag]
            assert sorted(map(str, in_bag)) == sorted(str(flight.message) for flight in flying)


def test_a_step_may_take_equal_messages_at_once() -> None:
    whole = examples.rumour()
    violation = whole.violation
    assert violation is not None
    twice = [message := {"kind": "Tell", "what": "", "source": "ann", "dest": "bob"}, message]
    greedy = Step("hear_all", {"m": message}, {"network": (twice, [])})
    taken = structs.replace(violation, initial={**violation.initial, "network": twice}, steps=[greedy])
    assert [flight.ended for flight in behavior_of(structs.replace(whole, violation=taken)).flights] == [1, 1]


def test_the_actor_is_the_member_that_is_named_or_the_one_that_receives() -> None:
    actors = {move.number: move.actor for move in behavior_of(examples.rumour()).moves}
    assert actors == {1: "ann", 2: None, 3: "eve", 4: None, 5: "ann", 6: "ann", 7: "eve"}
    manager = behavior_of(examples.two_phase_commit()).moves
    assert [move.actor for move in manager][6:9] == [None, "r1", None]


def test_a_fault_is_told_by_the_step_or_by_its_name() -> None:
    assert fault_of(Step("restart", {}, {})) == "restart"
    assert fault_of(Step("drop_message", {}, {})) == "drop"
    assert fault_of(Step("drop_stale_response", {}, {})) == ""
    assert fault_of(Step("lightning", {}, {}, fault="restart")) == "restart"


def test_steps_that_do_not_fit_their_states_are_damage() -> None:
    whole = examples.two_leaders()
    violation = whole.violation
    assert violation is not None
    wrong = [
        structs.replace(violation, steps=[Step("timeout", {}, {"role[s9][s1]": ("FOLLOWER", "LEADER")})]),
        structs.replace(violation, initial=[]),
        structs.replace(violation, initial={**violation.initial, "messages": 3}),
        structs.replace(violation, initial={**violation.initial, "messages": [{"no": "kind"}]}),
        structs.replace(violation, initial={**violation.initial, "log": {"s1": []}}),
        structs.replace(violation, initial={**violation.initial, "log": {"s1": [3], "s2": [], "s3": []}}),
    ]
    for broken in wrong:
        with pytest.raises(DamagedResult):
            behavior_of(structs.replace(whole, violation=broken))
    with pytest.raises(DamagedResult, match="actors"):
        behavior_of(structs.replace(whole, shape=structs.replace(whole.shape, actors="Nobody")))


def test_what_is_said_of_one_actor_place_by_place_is_one_fact() -> None:
    whole = examples.two_leaders()
    violation = whole.violation
    assert violation is not None
    values = {"role[s1]": "LEADER", "role[s2]": "LEADER", "current_term[s1]": "2", "log[s2]": "[(term 2)]"}
    values |= {"log[s2][1]": "(term 2)"}
    by_place = structs.replace(
        violation,
        facts=[f"{place} = {value}" for place, value in values.items()],
        fact_places=[[place] for place in values],
    )
    facts = behavior_of(structs.replace(whole, violation=by_place)).facts
    assert [fact.text for fact in facts] == [
        "role[s1] = LEADER and current_term[s1] = 2",
        "role[s2] = LEADER and log[s2][1] = (term 2)",
    ]
    assert facts[0].places == ["role[s1]", "current_term[s1]"]
    in_prose = behavior_of(whole).facts
    assert [fact.text for fact in in_prose] == violation.facts
