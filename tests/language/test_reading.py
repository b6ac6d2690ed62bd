"""What is read from a model's source: its frames, its rules, its parameters."""

from __future__ import annotations

from collections.abc import Callable

from model_head import HEAD

from raftproof.checker.language import Model
from raftproof.checker.language.analysis import Frame, rules_of

FindText = Callable[[str], Model]

ACTIONS = '''
class Counted(Protocol):
    """A state that counts."""

    x: Annotated[int, UpTo("max_term")]


def bump(s: Counted, by: int) -> None:
    s.x = s.x + by


def allows(s: S) -> bool:
    return s.upholds(Rule.SECOND)


@model.action()
def writes(s: S, i: Server) -> bool:
    if s.flag or len(s.log[i]) > 0:
        return False
    s.nexts[i] = len(s.servers)
    s.up.add(i)
    return True


@model.action()
def increases(s: S, i: Server) -> bool:
    s.nexts[i] += 1
    return True


@model.action()
def calls(s: S) -> bool:
    if size(s) > 0:
        return False
    bump(s, 1)
    return True


@model.action()
def asks(s: S, m: Ask) -> bool:
    if not s.upholds(Rule.FIRST) and allows(s):
        return False
    s.messages.discard(m)
    return True


@model.action_invariant
def grows(s: Counted, t: Counted) -> bool:
    return s.x <= t.x


@model.witness
def both(s: S, t: S) -> bool:
    return s.flag and t.color == Color.RED


@model.invariant
def some(s: S, i: Server) -> bool:
    return i in s.up
'''


def frame(reads: str, writes: str) -> Frame:
    return Frame(frozenset(writes.split()), frozenset(reads.split()))


def test_a_frame_is_what_a_function_and_its_helpers_read_and_write(find_text: FindText) -> None:
    model = find_text(HEAD + ACTIONS)
    # To write into a container is to read where it is.
    frames = {a.name: a.frame for a in model.actions}
    assert frames["writes"] == frame("flag log nexts up", "nexts up")
    assert frames["increases"] == frame("nexts", "nexts")
    assert frames["calls"] == frame("queue x", "x")
    assert frames["asks"] == frame("messages", "messages")
    assert [p.frame for p in model.properties()] == [frame("up", ""), frame("x", "")]
    assert [w.frame for w in model.witnesses] == [frame("flag color", "")]


def test_the_rules_that_an_action_or_its_helper_asks_about_can_be_switched_off(find_text: FindText) -> None:
    model = find_text(HEAD + ACTIONS)
    asks = next(a for a in model.actions if a.name == "asks")
    assert rules_of(asks.function) == {"FIRST", "SECOND"}
    assert [r.name for r in model.breakable()] == ["FIRST", "SECOND"]
    assert rules_of(model.actions[0].function) == set()


def test_a_property_is_named_after_its_function_and_described_by_its_first_line(find_text: FindText) -> None:
    text = "@model.invariant\ndef all_is_well(s: S) -> bool:\n    '''All is well.\n\n    More.'''\n    return True\n"
    declared = find_text(HEAD + text).invariants[0]
    assert (declared.name, declared.sentence) == ("AllIsWell", "All is well.")


def test_a_witness_of_two_states_is_one_of_steps(find_text: FindText) -> None:
    assert [(w.name, w.states) for w in find_text(HEAD + ACTIONS).witnesses] == [("Both", 2)]
