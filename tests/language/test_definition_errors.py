"""What a model must not say ends, where it is defined, in a sentence: file, line, and what to write instead.

Each case is a name that is a sentence, the text (its faulty line marked `# <-`), and a part of the answer.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

import pytest
from model_head import HEAD

from raftproof.checker.language import BoundsError, Model, ModelError
from raftproof.checker.run import Question

FindText = Callable[[str], Model]

BODIES = {
    "a_list_comprehension": ("xs = [k for k in range(3)]  # <-", "write a plain for"),
    "a_set_comprehension": ("xs = {k for k in range(3)}  # <-", "write a plain for"),
    "a_generator": ("x = max(k for k in range(3))  # <-", "write a plain for"),
    "a_lambda": ("f = lambda: 1  # <-", "write a helper function"),
    "an_exception_raised": ("raise ValueError  # <-", "a model raises nothing"),
    "an_exception_caught": ("try:  # <-\n    s.x = 1\nexcept ValueError:\n    pass", "test the condition first"),
    "an_assertion": ("assert s.x == 1  # <-", "write an invariant"),
    "a_while": ("while s.x < 1:  # <-\n    s.x = 1", "write a for over a range"),
    "a_with": ("with s.x:  # <-\n    pass", "no resources"),
    "a_match": ("match s.x:  # <-\n    case 1:\n        pass", "write if and elif"),
    "a_for_with_an_else": ("for k in range(2):\n    pass\nelse:\n    s.x = 1  # <-", "write an if after it"),
    "a_for_over_a_sequence": ("for e in s.queue:  # <-\n    pass", "range(…)"),
    "a_for_over_a_set": ("for e in s.up:  # <-\n    pass", "range(…)"),
    "a_float": ("s.x = 1.0  # <-", "1.0 is a float"),
    "a_division": ("s.x = s.x / 1  # <-", "write //"),
    "a_power": ("s.x = 1 ** s.x  # <-", "write a product"),
    "a_number_beyond_64_bits": (f"s.x = min(1, {1 << 64})  # <-", "64 bits"),
    "a_string": ("x = 'a'  # <-", "holds nothing else"),
    "a_formatted_string": ("x = f'{s.x}'  # <-", "no strings"),
    "none_as_a_value": ("x = None  # <-", "None is no integer"),
    "an_assignment_in_an_expression": ("if (y := s.x) > 1:  # <-\n    pass", "assign in a statement"),
    "a_function_inside": ("def f() -> int:  # <-\n    return 1", "at the head of the file"),
    "an_import_inside": ("import os  # <-", "at the head of the file"),
    "a_global_statement": ("global TABLE  # <-", "no state but its own"),
    "a_yield": ("yield 1  # <-", "return once"),
    "a_slice": ("x = s.queue[1:2]  # <-", "a for over the indexes"),
    "a_deletion": ("del s.nexts[i]  # <-", "a Set has discard"),
    "a_list": ("x = [1]  # <-", "declare a Seq"),
    "a_dictionary": ("x = {1: 2}  # <-", "declare a Map"),
    "a_test_of_identity": ("x = s.x is s.x  # <-", "write =="),
    "a_field_that_the_state_lacks": ("s.y = 1  # <-", "the state has no field y; it has color, flag"),
    "a_field_that_a_record_lacks": ("x = s.last.index  # <-", "Entry has no field index; it has term, color"),
    "a_name_that_may_be_unset": ("if s.flag:\n    y = 1\ns.x = y  # <-", "y may have no value here"),
    "a_name_set_only_in_a_loop": ("for k in range(s.x):\n    y = k\ns.x = y  # <-", "y may have no value here"),
    "a_name_increased_before_it_is_set": ("y += 1  # <-", "y may have no value here"),
    "an_undefined_name": ("s.x = yy  # <-", "yy is not defined"),
    "a_builtin_that_is_no_part_of_the_language": ("print(s.x)  # <-", "len, range, min, max, abs, int, bool"),
    "a_module": ("s.x = math.gcd(1, 1)  # <-", "from math import …"),
    "a_list_of_the_module": ("s.x = TABLE[0]  # <-", "TABLE is a list"),
    "a_float_of_the_module": ("x = min(RATE, 1)  # <-", "RATE is a float"),
    "a_string_of_the_module": ("x = MODE == MODE  # <-", "MODE is a str"),
    "an_enumeration_called": ("s.color = Color(1)  # <-", "name the member, as in Color.RED"),
    "a_sort_called": ("s.nexts[Server(0)] = 1  # <-", "write the number"),
    "a_helper_that_answers_and_writes": ("if answers_and_writes(s):\n    pass", "a helper that writes returns None"),
    "a_helper_that_calls_itself": ("s.x = endless(1)", "endless calls itself; write a for"),
    "helpers_that_call_each_other": ("s.x = ping(1)", "calls itself; write a for"),
    "a_division_in_a_helper": ("s.x = halves(1)", "write //"),
    "a_helper_without_an_answer_as_a_value": ("x = wipe(s)  # <-", "wipe answers nothing"),
    "a_name_for_a_map": ("x = s.nexts  # <-", "no name may stand for it"),
    "a_name_for_a_part_of_a_map": ("x = s.log[i]  # <-", "no name may stand for it"),
    "a_name_for_one_of_two": ("x, y = s.nexts, 1  # <-", "no name may stand for it"),
    "a_name_for_a_choice": ("x = s.queue if s.flag else s.queue  # <-", "no name may stand for it"),
    "a_container_passed_on": ("x = min(s.queue, 1)  # <-", "no name may stand for it"),
    "a_container_returned": ("return s.up  # <-", "no name may stand for it"),
    "two_sets_compared": ("x = s.up == s.votes[i]  # <-", "no name may stand for it"),
    "a_name_for_the_state": ("t = s  # <-", "name a field of it"),
    "a_map_set": ("s.nexts = 1  # <-", "change what is in it"),
    "a_container_in_a_map_set": ("s.log[i] = 1  # <-", "change what is in it"),
    "the_members_set": ("s.servers = 1  # <-", "is a constant"),
    "an_item_of_a_sequence_set": ("s.queue[1] = 1  # <-", "truncate it and append"),
    "a_field_of_a_record_set": ("s.last.term = 1  # <-", "set s.last as a whole"),
    "an_unknown_method": ("s.queue.push(1)  # <-", "methods are add, discard, clear, append, pop"),
    "a_method_with_a_named_argument": ("s.queue.append(item=1)  # <-", "without a name"),
    "a_method_that_the_state_lacks": ("s.uphold(Rule.FIRST)  # <-", "a state has no method uphold"),
    "a_rule_by_its_number": ("x = s.upholds(1)  # <-", "s.upholds(Rule.NAME)"),
    "the_length_of_a_map": ("s.x = len(s.nexts)  # <-", "a Map has no length"),
    "a_membership_in_a_sequence": ("x = 1 in s.queue  # <-", "write a for over the indexes"),
    "a_write_before_the_decision": ("s.x = 1\nif s.flag:\n    return False  # <-", "decide first, then write"),
    "a_write_in_a_loop_before_the_decision": (
        "for k in range(2):\n    if s.flag:\n        return False  # <-\n    s.x = k",
        "decide first, then write",
    ),
    "a_helpers_write_before_the_decision": ("wipe(s)\nreturn False  # <-", "decide first, then write"),
    "a_decision_that_looks_at_what_was_written": ("s.x = 1\nreturn s.x == 1  # <-", "decide first, then write"),
    "a_return_without_an_answer": ("if s.flag:\n    return  # <-", "write return True or return False"),
}

DEFINITIONS = {
    "a_parameter_without_a_sort": ("def act(s: S, i) -> bool:  # <-\n    return True", "the parameter i has no sort"),
    "a_parameter_that_is_any_integer": ("def act(s: S, i: int) -> bool:  # <-\n    return True", "Annotated[int, UpTo"),
    "a_parameter_of_an_unknown_bound": (
        'def act(s: S, i: Annotated[int, UpTo("max_trm")]) -> bool:  # <-\n    return True',
        "no bound is named 'max_trm'; there are max_log, max_term, servers",
    ),
    "a_parameter_that_is_a_set_of_numbers": (
        "def act(s: S, i: Annotated[int, SubsetOf(int)]) -> bool:  # <-\n    return True",
        "the parameter i has no sort",
    ),
    "a_message_that_no_bag_holds": ("def act(s: S, e: Entry) -> bool:  # <-\n    return True", "of the state's Bag"),
    "two_messages": ("def act(s: S, a: Ask, b: Ask) -> bool:  # <-\n    return True", "takes 2 messages"),
    "no_parameter": ("def act() -> bool:  # <-\n    return True", "takes no state; write (s: S, …)"),
    "a_state_without_its_class": ("def act(s) -> bool:  # <-\n    return True", "takes no state"),
    "an_unknown_class": ("def act(s: Foo) -> bool:  # <-\n    return True", "name 'Foo' is not defined"),
    "an_answer_that_is_no_truth_value": ("def act(s: S) -> int:  # <-\n    return 1", "act must be annotated -> bool"),
    "an_answer_without_a_type": ("def act(s: S):  # <-\n    return True", "act must be annotated -> bool"),
    "an_end_without_an_answer": ("def act(s: S) -> bool:\n    s.x = 1  # <-", "write a return"),
    "a_default_value": ("def act(s: S, i: Server = 0) -> bool:  # <-\n    return True", "without *, / or default"),
    "any_number_of_parameters": ("def act(s: S, *i: Server) -> bool:  # <-\n    return True", "plain parameters"),
    "an_asynchronous_action": ("async def act(s: S) -> bool:  # <-\n    return True", "write def act(…)"),
    "a_field_that_a_message_lacks": (
        "def act(s: S, m: Ask) -> bool:\n    return m.term == 1  # <-",
        "Ask has no field term; it has n, source",
    ),
}

PROPERTIES = {
    "an_invariant_that_writes": ("invariant", "(s: S) -> bool:\n    s.x = 0\n    return True", "a property only reads"),
    "an_invariant_of_a_message": ("invariant", "(s: S, m: Ask) -> bool:\n    return True", "the parameter m has no"),
    "a_witness_that_answers_a_number": ("witness", "(s: S) -> int:\n    return 1", "must be annotated -> bool"),
    "a_constraint_that_calls_a_writer": (
        "constraint",
        "(s: S) -> bool:\n    wipe(s)\n    return True",
        "a property only reads",
    ),
    "an_action_invariant_of_one_state": (
        "action_invariant",
        "(s: S) -> bool:\n    return True",
        "takes no state; write (s: S, t: S, …)",
    ),
    "an_initial_state_that_answers": ("initial", "(s: S) -> bool:\n    return True", "must be annotated -> None"),
}


def refused(find_text: FindText, text: str) -> str:
    """The message, after the file and, where the text marks it, the line were found to be right."""
    with pytest.raises(ModelError) as caught:
        find_text(text)
    place = re.match(r"(.*mine\.py):(\d+): ", str(caught.value))
    assert place is not None, caught.value
    marked = [n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# <-")]
    assert not marked or marked == [int(place[2])], caught.value
    return str(caught.value)


@pytest.mark.parametrize("name", BODIES)
def test_a_function_may_not_hold(name: str, find_text: FindText) -> None:
    body, answer = BODIES[name]
    text = f"@model.action()\ndef act(s: S, i: Server) -> bool:\n{textwrap.indent(body, '    ')}\n    return True\n"
    assert answer in refused(find_text, HEAD + text)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_an_action_may_not_have(name: str, find_text: FindText) -> None:
    text, answer = DEFINITIONS[name]
    assert answer in refused(find_text, f"{HEAD}\n@model.action()\n{text}\n")


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_model_may_not_have(name: str, find_text: FindText) -> None:
    kind, rest, answer = PROPERTIES[name]
    assert answer in refused(find_text, f"{HEAD}\n@model.{kind}\ndef fresh{rest}\n")


def test_two_actions_may_not_have_one_name(find_text: FindText) -> None:
    action = "@model.action()\ndef act(s: S) -> bool:\n    return False\n"
    assert "act is declared already" in refused(find_text, HEAD + action + action)


def test_a_function_may_not_use_names_of_the_function_around_it(find_text: FindText) -> None:
    text = "def make(k: int) -> None:\n    @model.action()\n    def act(s: S) -> bool:  # <-\n        s.x = k\n"
    assert "act uses k of the function around it" in refused(find_text, f"{HEAD}{text}        return True\nmake(1)\n")


FIELDS = {
    "an_integer_without_a_sort": ("int", "n: int is no sort; write bool, an IntEnum"),
    "a_float": ("float", "a state holds no floats; write Annotated[int, UpTo(…)]"),
    "a_float_in_a_map": ("Map[Server, float]", "a state holds no floats"),
    "a_list": ("list[int]", "is no sort"),
    "a_string": ("str", "n: str is no sort"),
    "a_map_from_integers": ("Map[int, bool]", "no sort to index by"),
    "a_map_to_no_sort": ("Map[Server, int]", "n: int is no sort"),
    "a_set_of_no_sort": ("Set[str]", "no sort to index by"),
    "members_of_no_sort": ("Members[int]", "Members needs a sort"),
    "an_enumeration_with_gaps": ("Gaps", "n: Gaps is no sort"),
    "the_base_of_all_symmetric_sorts": ("Symmetric", "n: Symmetric is no sort"),
    "none_of_an_enumeration": ("OrNil[Color]", "is no sort"),
    "a_set_of_numbers_as_a_value": ("Annotated[int, SubsetOf(int)]", "SubsetOf names a class derived from Symmetric"),
    "a_set_of_colors_as_a_value": ("Annotated[int, SubsetOf(Color)]", "SubsetOf names a class derived from Symmetric"),
    "a_sequence_without_a_bound": ("Seq[Color]", "a Seq can overflow; write Annotated[Seq[…], AtMost(…)]"),
    "a_bag_without_a_bound": ("Bag[Ask]", "a Bag can overflow; write Annotated[Bag[…], AtMost(…)]"),
    "a_sequence_of_sets": ('Annotated[Seq[Set[Server]], AtMost("max_log")]', "a Seq holds scalars or records"),
    "a_bound_that_is_not_declared": ('Annotated[int, UpTo("max_trm")]', "no bound is named 'max_trm'; there are"),
    "a_capacity_that_is_not_declared": ('Annotated[Seq[Color], AtMost("max_lg")]', "no bound is named 'max_lg'"),
    "a_second_bag": ('Annotated[Bag[Ask], AtMost("max_log")]', "a state has one bag"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_state_may_not_hold(name: str, find_text: FindText) -> None:
    annotation, answer = FIELDS[name]
    last = '    messages: Annotated[Bag[Ask], AtMost("max_log")]'
    text = HEAD.replace(last, f"{last}\n    n: {annotation}")
    text = text.replace("class S(State):", "class Gaps(IntEnum):\n    A = 1\n    B = 3\n\n\nclass S(State):")
    model = find_text(text)
    with pytest.raises(ModelError) as caught:
        Question(model).layout()
    line = text.splitlines().index(f"    n: {annotation}") + 1
    assert answer in str(caught.value)
    assert f"mine.py:{line}: " in str(caught.value)


BOUNDS = {
    "a_bound_of_zero": ('Annotated[int, UpTo("max_term")]', {"max_term": 0}, "the bound max_term is 0"),
    "a_bound_below_zero": ('Annotated[int, UpTo("max_term")]', {"max_term": -1}, "the bound max_term is -1"),
    "an_integer_of_no_values": ('Annotated[int, UpTo("max_term - 1")]', {}, "'max_term - 1' is 0"),
    "a_sequence_that_holds_nothing": ('Annotated[Seq[Color], AtMost("max_log - 1")]', {}, "'max_log - 1' is 0"),
    "a_bound_that_is_a_call": ('Annotated[int, UpTo("max(1, 2)")]', {}, "is not a bound: write numbers"),
    "a_bound_that_is_no_expression": ('Annotated[int, UpTo("max_term +")]', {}, "is not a bound: write numbers"),
    "too_many_servers_to_permute": ("bool", {"servers": 9}, "9 symmetric members of Server do not fit"),
    "an_unknown_bound": (
        "bool",
        {"max_trm": 2},
        "mine has no bound max_trm (did you mean max_term?); its bounds are servers, max_term, max_log",
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_that_make_no_sense_are_named(name: str, find_text: FindText) -> None:
    annotation, bounds, answer = BOUNDS[name]
    model = find_text(HEAD.replace("    flag: bool", f"    flag: bool\n    n: {annotation}"))
    with pytest.raises(BoundsError, match=re.escape(answer)):
        Question(model, bounds).layout()


def test_an_action_may_be_called_like_a_field(find_text: FindText) -> None:
    text = "@model.action()\ndef votes(s: S, i: Server) -> bool:\n    return i in s.votes[i]\n"
    assert find_text(HEAD + text).actions[0].frame.reads == {"votes"}


MANY = {
    "invariants": ("@model.invariant\ndef f{k}(s: S) -> bool:\n    return True\n", "63 invariants, those of steps"),
    "invariants_of_steps": (
        "@model.action_invariant\ndef f{k}(s: S, t: S) -> bool:\n    return True\n",
        "63 invariants",
    ),
    "witnesses": ("@model.witness\ndef f{k}(s: S) -> bool:\n    return True\n", "63 witnesses; this is one too many"),
    "faults": (
        '@model.action(fault="{k}")\ndef f{k}(s: S) -> bool:\n    return False\n',
        "63 faults; this is one too many",
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_more_than_fit_a_word_are_refused_at_the_first_that_does_not(name: str, find_text: FindText) -> None:
    function, answer = MANY[name]
    functions = [function.format(k=k) for k in range(64)]
    assert find_text(HEAD + "\n".join(functions[:63]))
    with pytest.raises(ModelError, match=f"a model has at most {answer}") as caught:
        find_text(HEAD + "\n".join(functions))
    lines = (HEAD + "\n".join(functions)).splitlines()
    assert f"mine.py:{next(k for k, line in enumerate(lines, 1) if 'def f63' in line)}: " in str(caught.value)
