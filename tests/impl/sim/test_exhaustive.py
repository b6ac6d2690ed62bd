"""The plain search of the checker drives the real core: every behavior of a small cluster, within the stated bounds."""

from __future__ import annotations

from typing import Any

import pytest

from raftproof.checker.explore.reference import search
from raftproof.impl.sim.small import SmallCluster


@pytest.mark.slow
@pytest.mark.parametrize(
    ("servers", "max_term", "max_entries", "max_in_flight", "more", "distinct", "depth"),
    [
        (2, 2, 1, 2, {}, 41, 8),
        (2, 3, 2, 3, {"crashes": 1}, 10_944, 20),
        (2, 2, 2, 2, {"crashes": 1, "duplicates": True}, 1_800, 15),
        (3, 2, 1, 3, {}, 8_995, 16),
        (3, 3, 1, 2, {}, 11_580, 22),
    ],
)
def test_no_behavior_within_the_bounds_breaks_a_property(
    servers: int, max_term: int, max_entries: int, max_in_flight: int, more: dict[str, Any], distinct: int, depth: int
) -> None:
    found = search(SmallCluster(servers, max_term, max_entries, max_in_flight, **more))
    assert found.violated is None
    assert found.complete
    assert (found.distinct, found.depth) == (distinct, depth), "another number of states: the core decides otherwise"
    assert {"campaign", "deliver", "lose", "propose"} <= set(found.actions)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "bounds", "more", "falls", "states"),
    [
        ("quorum_majority", (2, 2, 1, 2), {}, "ElectionSafety", 3),
        ("vote_once", (3, 2, 1, 3), {}, "ElectionSafety", 9),
        ("vote_persisted", (3, 2, 1, 3), {"crashes": 1}, "ElectionSafety", 10),
        ("log_up_to_date", (3, 3, 1, 3), {}, "LeaderCompleteness", 11),
        ("match_monotonic", (2, 2, 2, 3), {}, "MatchMonotonic", 11),
    ],
)
def test_a_planted_bug_is_found_by_a_shortest_behavior(
    rule: str, bounds: tuple[int, int, int, int], more: dict[str, Any], falls: str, states: int
) -> None:
    found = search(SmallCluster(*bounds, broken=frozenset({rule}), **more))
    assert found.violated == falls
    assert len(found.path) == states


def test_a_state_is_what_decides_and_nothing_else() -> None:
    """Two ways to one state meet: a message that was lost and one that was never sent leave the same cluster."""
    system = SmallCluster(2, 2, 1, 3)
    (first,) = system.initial_states()
    campaign = next(action for action in system.actions(first) if action.action == "campaign")
    sent = system.next_state(first, campaign)
    assert sent is not None
    lose = next(action for action in system.actions(sent) if action.action == "lose")
    lost = system.next_state(sent, lose)
    assert lost is not None
    assert lost != sent
    assert not lost.messages
    assert lost.cores[0] is sent.cores[0], "what an action does not touch is shared"
    assert first.cores[0].current_term == 1, "and never changed"
