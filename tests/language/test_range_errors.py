"""An interpreted step that leaves what was declared ends in a sentence: file, line, step, and what is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from model_head import HEAD

from raftproof.checker.explore.reference import search
from raftproof.checker.language import Model, ModelError
from raftproof.checker.run import Question

FindText = Callable[[str], Model]

STEPS = {
    "a_scalar_beyond_its_limit_and_one": ("s.x = 3", "x = 3 is outside its declared range 0..2"),
    "a_scalar_below_zero": ("s.x = s.x - 1", "x = -1 is outside its declared range 0..2"),
    "a_map_value": ("s.nexts[i] = 4", "nexts[0] = 4 is outside its declared range 0..3"),
    "a_map_index": ("s.nexts[i + 2] = 1", "nexts[2]: the index is no Server"),
    "a_map_index_of_nobody": ("s.nexts[-1] = 1", "nexts[-1]: the index is no Server"),
    "a_map_read": ("s.x = s.nexts[i + 2]", "nexts[2]: the index is no Server"),
    "a_sequence_that_overflows": (
        "s.queue.append(Color.RED)\ns.queue.append(Color.RED)\ns.queue.append(Color.RED)",
        "queue would hold more than 2 items; declare AtMost(..., over=…)",
    ),
    "a_sequence_index_of_zero": ("s.x = s.queue[0]", "queue[0]: its indexes are 1..0"),
    "a_sequence_index_beyond_its_end": ("s.queue.append(Color.BLUE)\ns.x = s.queue[2]", "its indexes are 1..1"),
    "a_sequence_popped_empty": ("s.queue.pop()", "queue: pop from an empty sequence"),
    "a_sequence_truncated_to_more": ("s.queue.truncate(1)", "queue: cannot keep 1 of 0 items"),
    "a_sequence_item": ("s.queue.append(2)", "= 2 is outside its declared range 0..1"),
    "a_bag_that_overflows": (
        "s.messages.send(Ask(1, i))\ns.messages.send(Ask(1, i))\ns.messages.send(Ask(2, i))",
        "messages would hold more than 2 messages; declare AtMost(..., over=…)",
    ),
    "a_message_that_is_not_in_flight": ("s.messages.discard(Ask(1, i))", "is not in flight"),
    "a_message_of_another_class": ("s.messages.send(Entry(1, Color.RED))", "is none of its messages"),
    "a_message_field": ("s.messages.send(Ask(9, i))", "Ask.n = 9 is outside its declared range 0..3"),
    "a_set_member": ("s.up.add(2)", "up: 2 is no Server"),
    "nobody_as_a_set_member": ("s.up.add(-1)", "up: -1 is no Server"),
    "a_record_field": ("s.last = Entry(3, Color.RED)", "last.term = 3 is outside its declared range 0..2"),
    "a_record_of_another_class": ("s.last = Ask(1, i)", "is no Entry"),
    "a_number_for_a_record": ("s.last = 3", "last = 3 is no Entry"),
    "a_record_for_a_number": ("s.x = s.last", "TypeError"),
    "a_record_with_too_few_fields": ("s.last = Entry(1)", "missing 1 required positional argument"),
    "a_division_by_zero": ("s.x = 1 // s.x", "ZeroDivisionError"),
    "a_member_that_an_enumeration_lacks": ("s.color = Color.GREEN", "GREEN"),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_may_not_reach(name: str, find_text: FindText) -> None:
    body, answer = STEPS[name]
    steps = textwrap.indent(f"{body}\nreturn True\n", "    ")
    text = f"{HEAD}\n@model.action()\ndef act(s: S, i: Server) -> bool:\n{steps}"
    question = Question(find_text(text))
    with pytest.raises(ModelError) as caught:
        search(question.interpreter(question.layout()))
    assert answer in str(caught.value)
    assert ": mine: act(s" in str(caught.value)
    line = int(str(caught.value).split(":")[1])
    # What is sent is looked at when the step is over: then the place is the action itself.
    first = text.splitlines().index("@model.action()") + 1
    assert line == first or first + 2 <= line < first + 2 + len(body.splitlines())


@pytest.mark.parametrize("kind", ["invariant", "constraint", "witness"])
def test_a_property_that_fails_is_named_with_its_line(kind: str, find_text: FindText) -> None:
    text = f"{HEAD}\n@model.{kind}\ndef first(s: S) -> bool:\n    return s.queue[1] == Color.RED\n"
    question = Question(find_text(text))
    with pytest.raises(ModelError) as caught:
        search(question.interpreter(question.layout()))
    assert f"mine.py:{len(text.splitlines())}: mine: First: queue[1]: its indexes are 1..0" in str(caught.value)


def test_an_initial_state_that_fails_is_named_with_its_line(find_text: FindText) -> None:
    text = HEAD.replace('    """Nothing is set."""', "    s.x = 7")
    question = Question(find_text(text))
    with pytest.raises(ModelError, match=r"mine\.py:\d+: mine: init: x = 7 is outside its declared range 0\.\.2"):
        search(question.interpreter(question.layout()))


def test_properties_of_steps_may_have_parameters(find_text: FindText) -> None:
    text = f"""{HEAD}
@model.action()
def join(s: S, i: Server) -> bool:
    s.up.add(i)
    return True


@model.action_invariant
def stays_out(s: S, t: S, i: Server) -> bool:
    return i in s.up or i not in t.up


@model.witness
def joins(s: S, t: S, i: Server) -> bool:
    return i not in s.up and i in t.up
"""
    question = Question(find_text(text))
    found = search(question.interpreter(question.layout()))
    assert (found.violated, len(found.path), found.witnesses) == ("StaysOut", 2, {"Joins": 2})
