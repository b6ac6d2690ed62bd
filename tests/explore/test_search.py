"""The compiled search: the same for any number of workers, true to its limits, and clear about what stopped it."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from functools import cache, partial
from typing import Annotated

import msgspec
import pytest
from comparing import compare, compiled_run
from grid import Rule, model

from raftproof.checker.explore import compiled
from raftproof.checker.explore.compiled import Limits, Outcome, Search, order_of
from raftproof.checker.explore.reference import search
from raftproof.checker.explore.walk import Walk
from raftproof.checker.language import Interpreter, Model, ModelError, State, UpTo
from raftproof.checker.language.errors import BoundsError
from raftproof.checker.native.build import PLAIN, Kernels, build
from raftproof.checker.replay import find_violation, parent_of
from raftproof.checker.run import Question, check, successors_of

NONE: tuple[str, ...] = ()


@cache
def kernels_of(symmetric: tuple[str, ...] = NONE) -> Kernels:
    return build(model, Question(model, symmetric=symmetric).layout())


def grid(*off: Rule, symmetric: tuple[str, ...] = NONE) -> Interpreter:
    layout = Question(model, symmetric=symmetric).layout()
    return Interpreter(model, layout, (), sum(1 << rule for rule in off))


def run(system: Interpreter, workers: int = 1, limits: Limits = compiled.NO_LIMITS) -> tuple[Search, Outcome]:
    symmetric = ("servers",) if system.layout.symmetric else NONE
    found = Search(kernels_of(symmetric), system, workers, limits)
    return found, found.run()


def test_all_states_are_those_of_the_plain_search() -> None:
    compare(Question(model, symmetric=NONE, broken=("monotone",)))


def test_orbits_sum_to_the_states_without_symmetry() -> None:
    system = grid(symmetric=("servers",))
    whole = compiled_run(kernels_of(), grid())
    classes = compiled_run(kernels_of(("servers",)), system)
    assert classes.outcome.distinct < whole.outcome.distinct
    assert sum(system.orbit(s) for level in classes.states for s in level) == whole.outcome.distinct


@pytest.mark.parametrize("off", ["honest", "monotone", ""])
def test_one_and_two_workers_give_the_same_answer_to_the_byte(off: str) -> None:
    answers = []
    for workers in (1, 2, 3):
        result = check(Question(model, broken=(off,) if off else (), symmetric=NONE, workers=workers))
        counts = (result.generated, result.distinct, result.depth, result.actions, result.witnesses)
        answers.append(msgspec.json.encode((result.violation, counts)))
    assert answers[0] == answers[1] == answers[2]


def test_a_counterexample_goes_back_through_the_least_predecessors() -> None:
    system = grid()
    levels = compiled_run(kernels_of(), system).states
    ways = set()
    with tempfile.TemporaryFile() as kept:
        found = Search(kernels_of(), system, keep=kept)
        pieces = found.run().levels
        for state in sorted(levels[3])[:20]:
            leading = [s for s in levels[2] if any(after == state for _, after in successors_of(system, s))]
            assert parent_of(found, state, pieces[2], kept) == min(leading, key=order_of)
            ways.add(len(leading))
    assert ways == {1, 2, 3}


def test_workers_that_share_small_pieces_and_a_growing_table_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    if PLAIN:
        pytest.skip("takes minutes without compilation")
    limits = Limits(states=400_000)
    monkeypatch.setattr(compiled, "SMALL_LEVEL", 64)
    system = grid(Rule.SHORT, symmetric=("servers",))
    whole = {run(system, workers)[1].distinct for workers in (1, 2)}
    assert whole == {10_010}  # two turns, six counters of 0..9 up to their order: 2 * C(15, 6)
    levels = [compiled_run(kernels_of(("servers",)), system, workers).states for workers in (1, 2)]
    assert levels[0] == levels[1]
    found, outcome = run(grid(Rule.SHORT), 2, limits)
    filled = sum(1 for cell in found.table.cells.tolist() if cell)
    assert outcome.reason == "states"
    assert filled == outcome.distinct == len(set(found.table.cells.tolist())) - 1


@pytest.mark.parametrize("cells", [900, 1000, 1100])
def test_a_search_in_a_small_table_and_small_blocks_goes_round_the_end_and_loses_nothing(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "FingerprintTable", partial(compiled.FingerprintTable, cells=cells))
    monkeypatch.setattr(compiled, "BLOCK_STATES", 1)
    found, outcome = run(grid())
    assert outcome.distinct == 1848
    assert len(found.table.cells) == 4 * cells


def test_a_limit_of_states_ends_the_search_with_what_it_has() -> None:
    _, outcome = run(grid(Rule.SHORT), limits=Limits(states=500))
    assert (outcome.reason, outcome.worst) == ("states", None)
    assert 500 <= outcome.distinct < 100_000
    assert outcome.generated >= outcome.distinct
    assert outcome.depth > 1
    assert outcome.actions["up"] == outcome.generated - 2


@pytest.mark.parametrize("workers", [1, 2])
def test_a_violation_in_a_level_that_a_limit_cut_short_is_told_all_the_same(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "SMALL_LEVEL", 8)
    system = grid(Rule.SHORT, Rule.MONOTONE)
    whole = run(system)[1]
    for states in range(10, 110, 10):
        found, outcome = run(system, workers, Limits(states=states))
        if outcome.worst is None:
            assert outcome.reason == "states"
            continue
        assert states <= outcome.distinct <= whole.distinct
        violation = find_violation(found, outcome)
        assert (violation.property, violation.depth) == ("CountersGrow", 4)
    assert outcome.worst is not None


def test_a_limit_of_seconds_ends_the_search() -> None:
    _, outcome = run(grid(Rule.SHORT), limits=Limits(seconds=0.3))
    assert outcome.reason == "seconds"
    assert 0.3 <= outcome.seconds < 5


def test_a_limit_of_memory_ends_the_search_before_the_memory_is_taken() -> None:
    if PLAIN:
        pytest.skip("takes minutes without compilation")
    found, outcome = run(grid(Rule.SHORT), limits=Limits(memory_bytes=compiled.BASE_BYTES + (6 << 20)))
    assert outcome.reason == "memory"
    assert found.table.bytes <= 6 << 20
    assert outcome.distinct > 0


def test_an_interrupt_ends_the_search_with_what_it_has() -> None:
    search_of_all = Search(kernels_of(), grid(Rule.SHORT), 1, Limits(seconds=30))

    def interrupt_once_under_way() -> None:
        while search_of_all.workers[0].inserted < 1000:
            time.sleep(0.001)
        signal.raise_signal(signal.SIGINT)

    impatient = threading.Thread(target=interrupt_once_under_way)
    impatient.start()
    outcome = search_of_all.run()
    impatient.join()
    assert outcome.reason == "interrupted"
    assert outcome.distinct > 100
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_violation_in_an_initial_state_has_depth_one() -> None:
    system = grid(Rule.GOOD_START)
    found, outcome = run(system)
    assert outcome.worst is not None
    violation = find_violation(found, outcome)
    assert (violation.property, violation.depth, violation.steps) == ("NobodyLied", 1, [])
    assert (outcome.generated, outcome.distinct, outcome.depth) == (2, 2, 1)


def test_without_an_initial_state_inside_the_bounds_nothing_is_explored() -> None:
    _, outcome = run(grid(Rule.NEAR_START))
    assert (outcome.generated, outcome.distinct, outcome.depth, outcome.worst) == (2, 0, 0, None)


Number = Annotated[int, UpTo("max_n")]


class Full(State):
    """A number."""

    n: Number


def begin_beyond(s: Full) -> None:
    """The number is above its limit."""
    s.n = 2


def test_a_check_without_an_initial_state_inside_the_bounds_is_refused_and_holds_nothing() -> None:
    beyond = Model("beyond", Full, bounds={"max_n": 1})
    beyond.initial(begin_beyond)
    with pytest.raises(BoundsError, match="beyond has no initial state inside the bounds"):
        check(Question(beyond, symmetric=NONE))


def test_two_initial_states_are_both_explored_and_one_twice_is_one() -> None:
    both, one = run(grid())[1], run(grid(Rule.TWO_STARTS))[1]
    assert both.distinct == 2 * one.distinct
    assert search(grid(Rule.TWO_STARTS)).generated == one.generated


def test_a_model_that_comes_to_rest_is_exhausted() -> None:
    _, outcome = run(grid(Rule.TWO_STARTS))
    assert (outcome.reason, outcome.depth) == ("", 7)
    assert outcome.distinct == 924  # six counters of sum at most 6: C(12, 6)


def test_a_step_that_breaks_a_property_ends_the_counterexample() -> None:
    result = check(Question(model, symmetric=NONE, broken=("monotone",), workers=1))
    assert result.violation is not None
    assert (result.violation.property, result.violation.depth) == ("CountersGrow", 4)
    assert [step.action for step in result.violation.steps] == ["up", "up", "fall"]


def test_witnesses_of_states_and_of_steps_have_the_depth_of_the_state_that_shows_them() -> None:
    depths = {"TotalOfFour": 5, "ThirdStep": 4, "TurnKept": 2}
    assert run(grid())[1].witnesses == depths
    assert search(grid()).witnesses == depths


def test_a_property_of_steps_is_asked_of_steps_that_write_nothing_it_reads() -> None:
    plain = search(grid(Rule.IDLE))
    found, outcome = run(grid(Rule.IDLE))
    assert plain.violated == "TurnsChange"
    assert outcome.worst is not None
    violation = find_violation(found, outcome)
    assert (violation.property, violation.depth) == ("TurnsChange", len(plain.path)) == ("TurnsChange", 2)


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        (Rule.IN_RANGE, r"grid\.py:\d+: grid: leap\(s\d\): count\[\d\] = 12 is outside its declared range 0\.\.10"),
        (Rule.DIVISOR, r"grid\.py:\d+: grid: share\(s\d\): ZeroDivisionError"),
        (Rule.SOMEBODY, r"grid\.py:\d+: grid: count_for_nobody\(s\d\): count\[-1\]: the index is no Server"),
        (Rule.IN_LINE, r"grid\.py:\d+: grid: look_beyond\(s\d\): line\[3\]: its indexes are 1\.\.0"),
        (Rule.STRIDE, r"grid\.py:\d+: grid: tread\(s\d\): ValueError: range\(\) arg 3 must not be zero"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_that_leaves_its_range_is_named(rule: Rule, answer: str, workers: int) -> None:
    with pytest.raises(ModelError, match=answer):
        run(grid(rule), workers)


# --------------------------------------------------------------------------------------------------- random behaviors


def walk(system: Interpreter) -> Walk:
    return Walk(Search(kernels_of(), system))


def test_a_random_behavior_whose_initial_state_violates_a_property_is_one_state_long() -> None:
    walked = walk(grid(Rule.GOOD_START))
    assert walked.run(10, 10, 1, None) == ""
    assert (len(walked.path), walked.longest, walked.violated().name) == (1, 1, "NobodyLied")


def test_a_random_behavior_begins_inside_the_bounds_or_is_refused() -> None:
    with pytest.raises(BoundsError, match="grid has no initial state inside the bounds"):
        walk(grid(Rule.NEAR_START))


@pytest.mark.parametrize("rule", [Rule.IN_RANGE, Rule.DIVISOR, Rule.SOMEBODY, Rule.STRIDE])
def test_a_random_step_that_leaves_its_range_is_named(rule: Rule) -> None:
    with pytest.raises(ModelError, match=r"grid\.py:\d+: grid: (leap|share|count_for_nobody|tread)\(s\d\): "):
        walk(grid(rule)).run(1000, 20, 1, None)


def begin_anywhere(s: Full, n: Number) -> None:
    """Any number."""
    s.n = n


@pytest.mark.thorough
def test_more_initial_states_than_a_block_holds_are_a_sentence() -> None:
    many = Model("many", Full, bounds={"max_n": 20_000})
    many.initial(begin_anywhere)
    with pytest.raises(BoundsError, match="many has more than 16,384 initial states; lower a bound"):
        check(Question(many, symmetric=NONE))
