"""Whatever a model looks like, every form can be made of its result."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from show_random import results
from show_reading import Balanced, misplaced, read_itf

from raftproof.checker.result import Result
from raftproof.checker.show.behavior import behavior_of, key_of
from raftproof.checker.show.graphs import path_graph
from raftproof.checker.show.html import result_html
from raftproof.checker.show.itf import itf_json
from raftproof.checker.show.loggrid import grid_svg
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.text import result_text

often = settings(
    max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@often
@given(results())
def test_in_a_picture_of_any_model_no_words_stand_on_others(result: Result) -> None:
    assert misplaced(ET.fromstring(spacetime_svg(result))) == []
    if result.shape.view is not None:
        assert misplaced(ET.fromstring(grid_svg(result))) == []


@often
@given(results())
def test_the_messages_of_any_model_fly_from_a_step_to_a_later_one(result: Result) -> None:
    behavior = behavior_of(result)
    for flight in behavior.flights:
        assert flight.ended is None or flight.ended > flight.sent
        assert flight.arrived == sorted(set(flight.arrived))
    for number, state in enumerate(behavior.states):
        flying = [f.message for f in behavior.flights if f.sent <= number < (f.ended or number + 1)]
        assert sorted(map(key_of, flying)) == sorted(map(key_of, state.get("mail", [])))


@often
@given(results())
def test_the_other_forms_of_any_model_are_well_made(result: Result) -> None:
    page = Balanced()
    page.feed(result_html(result))
    assert page.open == []
    assert result.violation is not None
    for number, step in enumerate(result.violation.steps, start=1):
        assert f"{number:3}  {step.action}" in result_text(result)
    assert path_graph(result).source.count(" -> ") == len(result.violation.steps)
    for state in json.loads(itf_json(result))["states"]:
        for name in set(state) - {"#meta"}:
            read_itf(state[name])
