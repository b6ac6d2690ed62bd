"""A result in words."""

from __future__ import annotations

import show_examples as examples
from msgspec import structs

from raftproof.checker.result import Result
from raftproof.checker.show.text import coloured_text, result_text
from raftproof.checker.show.words import bounds_text, verdict_text


def test_a_counterexample_ends_with_the_facts_that_contradict_each_other(golden) -> None:
    """With a quorum of N/2 two candidates of one term win at once: steps, what each changed, the facts, the command."""
    text = result_text(examples.two_leaders())
    golden("two_leaders.txt", text)
    assert text.splitlines()[-5:] == [
        "These contradict each other:",
        "  1. s1 leads term 2",
        "  2. s2 leads term 2",
        "",
        "Again:  raftproof check figure2 --break quorum_majority",
    ]


def test_a_network_that_loses_and_copies_is_told_message_by_message(golden) -> None:
    """A rumour over a bad network: + is sent or copied by the step, - received or lost; the state changes between."""
    golden("rumour.txt", result_text(examples.rumour()))


def test_a_puzzle_without_actors_is_told_as_well(golden) -> None:
    """Die Hard's jugs: no servers, no messages, no bounds."""
    golden("puzzle.txt", result_text(examples.puzzle()))


def test_a_result_without_a_violation_says_how_sure_it_is(golden) -> None:
    """An exhausted search: its bounds, its symmetry, and the chance that two fingerprints collided."""
    golden("exhausted.txt", result_text(examples.exhausted()))


def test_every_verdict_has_its_sentence() -> None:
    holds = examples.exhausted()
    within = "3 servers, 1 value, term <= 2, log <= 1, in flight <= 1, copies <= 1"
    assert verdict_text(holds) == f"No violation in 57,021 states: {within}, exhausted."
    incomplete = structs.replace(holds, verdict="incomplete", reason="--max-states 57,021 is reached")
    assert verdict_text(incomplete).startswith("Incomplete: no violation in the 57,021 states that were explored, 3")
    assert verdict_text(incomplete).endswith("; the search ended early because --max-states 57,021 is reached.")
    sampled = structs.replace(holds, verdict="none_found", seed=7)
    assert "from seed 7" in verdict_text(sampled)
    assert "A sample, not a search." in verdict_text(sampled)
    found = examples.two_leaders()
    assert "a shortest counterexample" in verdict_text(found)
    assert "a shortest counterexample" not in verdict_text(structs.replace(found, seed=7))


def test_no_sentence_claims_more_than_was_explored() -> None:
    for result in everything():
        assert "verified" not in result_text(result).lower()
        for bound in result.bounds.values():
            assert f"{bound}" in verdict_text(result)


def test_an_action_that_never_fired_and_a_witness_that_was_not_reached_are_warnings() -> None:
    text = result_text(examples.two_leaders())
    assert "Warning: restart was never enabled" in text
    assert "Warning: an_entry_is_committed was not reached" in text
    assert "Warning" not in result_text(examples.exhausted())


def test_the_collision_probability_is_printed_where_a_miss_would_matter() -> None:
    assert "1.2e-09" in result_text(examples.exhausted())
    exact = structs.replace(examples.exhausted(), collision_probability=0.0)
    assert "compared whole" in result_text(exact)


def test_one_is_not_many() -> None:
    assert bounds_text({"servers": 1, "values": 2, "max_in_flight": 1}) == "1 server, 2 values, in flight <= 1"


def test_colours_change_no_letter() -> None:
    for result in everything():
        plain = "\n".join(line.rstrip() for line in coloured_text(result).plain.splitlines()) + "\n"
        assert plain == result_text(result)


def everything() -> list[Result]:
    makers = (examples.two_leaders, examples.figure_8, examples.two_phase_commit, examples.puzzle, examples.rumour)
    return [make() for make in (*makers, examples.conflict, examples.exhausted)]
