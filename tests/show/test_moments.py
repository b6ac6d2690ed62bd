"""The story in the logs: what is a moment, and what a panel shows of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import show_examples as examples
from hypothesis import HealthCheck, given, settings
from show_random import results
from show_reading import misplaced

from raftproof.checker.result import Result
from raftproof.checker.show.behavior import behavior_of
from raftproof.checker.show.moments import PANELS_MAX, moments_of, moments_svg
from raftproof.model.gallery import exhibits, replayed


def exhibit(model: str, rule: str) -> Result:
    asked = next(asked for asked in exhibits() if (asked.model.name, asked.rule) == (model, rule))
    return replayed(asked, exhibits()[asked])


def captions(result: Result) -> list[str]:
    """What the moments tell, as words."""
    return [", ".join(f"{actor} {verb}" for actor, verb in moment.words) for moment in moments_of(behavior_of(result))]


def test_figure_8_is_told_in_the_panels_of_the_paper() -> None:
    assert captions(exhibit("figure2", "commit_own_term")) == [
        "s1 leads term 2, s1 appends entry 1",
        "s2 leads term 3, s2 appends entry 1",
        "s1 leads term 4",
        "s3 stores entry 1",
        "s1 commits entry 1",
        "s2 leads term 5",
    ]


def test_a_dropped_entry_is_a_moment_of_its_own_and_struck_through() -> None:
    result = exhibit("figure2", "truncate_on_conflict")
    assert captions(result)[1:3] == ["s2 stores entry 1", "s2 drops entry 1"]
    assert "dropped: term 2, v1" in moments_svg(result)


def test_where_no_log_holds_an_entry_the_votes_are_the_story() -> None:
    told = captions(exhibit("figure2", "vote_once"))
    assert told[0] == "s2 voted_for s1, s2 voted_for s2"
    assert told[-1] == "s1 leads term 2"
    assert "voted_for s2" in moments_svg(exhibit("figure2", "vote_once"))
    assert "voted_for" not in moments_svg(exhibit("figure2", "commit_own_term"))


def test_the_last_step_is_always_the_last_moment() -> None:
    for result in (examples.two_leaders(), examples.conflict(), examples.figure_8()):
        behavior = behavior_of(result)
        assert moments_of(behavior)[-1].number == len(behavior.moves)


def test_the_last_panel_points_at_every_fact_of_a_server() -> None:
    picture = ET.fromstring(moments_svg(exhibit("figure2", "commit_own_term")))
    badges = [e.text for e in picture.iter() if e.get("class") == "light bold"]
    assert sorted(filter(None, badges)) == ["1", "1", "2", "2"], "each in the panel, and before its words"


def test_under_the_panels_stands_what_falls_and_what_contradicts_it() -> None:
    words = " ".join(e.text or "" for e in ET.fromstring(moments_svg(exhibit("figure2", "commit_own_term"))).iter())
    assert "LeaderCompleteness is violated. It says: What a server knows to be committed" in words
    assert "current_term[s1] = 5 and commit_index[s1] = 1 and log[s1][1] = (term 2, value v1)" in words


def test_a_model_without_logs_has_no_story() -> None:
    with pytest.raises(ValueError, match="the model has no logs"):
        moments_svg(examples.puzzle())


@settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(results())
def test_in_the_story_of_any_model_no_words_stand_on_others(result: Result) -> None:
    if result.shape.view is None or result.shape.actors is None or not result.shape.members[result.shape.actors]:
        return
    picture = ET.fromstring(moments_svg(result))
    assert misplaced(picture) == []
    assert sum(e.get("rx") == "5" for e in picture.iter()) <= PANELS_MAX
