"""The space-time diagram: that it is well made, says everything, and lets nothing stand on anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
import show_examples as examples
from msgspec import structs
from show_reading import SVG, misplaced, words

from raftproof.checker.result import Result
from raftproof.checker.show.behavior import behavior_of
from raftproof.checker.show.loggrid import grid_svg
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.spacetime_plan import FOLD_ABOVE, plan
from raftproof.checker.show.style import FACT, MESSAGE, PAPER, TERM_STYLES

MAKERS = (
    examples.two_leaders,
    examples.figure_8,
    examples.two_phase_commit,
    examples.puzzle,
    examples.rumour,
    examples.conflict,
)
every_example = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def draw(result: Result, *, fold: bool = True) -> ET.Element:
    return ET.fromstring(spacetime_svg(result, fold=fold))


@every_example
def test_a_picture_needs_nothing_but_itself(make: Callable[[], Result]) -> None:
    source = spacetime_svg(make())
    assert not re.search(r"<script|<image|<foreignObject|@import|@font-face|\bhref|\son\w+=|url\((?!#)", source)
    assert re.findall(r"https?://[^\"' ]+", source) == ["http://www.w3.org/2000/svg"]


@every_example
def test_every_step_is_numbered_and_named_and_every_fact_told(make: Callable[[], Result]) -> None:
    result = make()
    root = draw(result, fold=False)
    said = words(root)
    assert result.violation is not None
    for number, step in enumerate(result.violation.steps, start=1):
        assert str(number) in said
        assert any(word.startswith(step.action) for word in said)
        assert root.find(f".//{SVG}rect[@id='row{number}']") is not None
    for fact in result.violation.facts:
        assert set(fact.split()) <= set(" ".join(said).split())


@every_example
def test_no_words_stand_on_other_words_or_outside(make: Callable[[], Result]) -> None:
    assert misplaced(draw(make())) == []


def test_words_that_stand_on_others_are_found() -> None:
    root = draw(examples.puzzle())
    first, second = [element for element in root.iter(f"{SVG}text") if element.text][:2]
    second.attrib.update({"x": first.attrib["x"], "y": first.attrib["y"]})
    first.attrib["x"] = "-5"
    assert len(misplaced(root)) == 2


def _shafts(root: ET.Element) -> list[ET.Element]:
    return [
        p for p in root.iter(f"{SVG}path") if p.attrib.get("stroke") == MESSAGE and p.find(f"{SVG}title") is not None
    ]


@every_example
def test_every_message_is_one_arrow(make: Callable[[], Result]) -> None:
    result = make()
    flights = behavior_of(result).flights
    shafts = [s for s in _shafts(draw(result, fold=False)) if ", sent in step" in (s[0].text or "")]
    ends = [("marker-end" in s.attrib, (s[0].text or "").rsplit(", ", 1)[-1]) for s in shafts]
    assert len(shafts) == len(flights)
    assert sum(head for head, _ in ends) == sum(bool(f.arrived) for f in flights)
    assert sum(end.startswith("lost") for _, end in ends) == sum(f.lost for f in flights)
    assert sum(end == "in flight at the end" for _, end in ends) == sum(
        f.ended is None and not f.arrived for f in flights
    )


@every_example
def test_an_arrow_leads_from_its_sender_to_its_receiver(make: Callable[[], Result]) -> None:
    behavior = behavior_of(make())
    layout = plan(behavior, fold=False)
    drawn = [s for s in _shafts(draw(make(), fold=False)) if ", sent in step" in (s[0].text or "")]
    for flight, shaft in zip(behavior.flights, drawn, strict=True):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", shaft.attrib["d"])]
        begin, end = numbers[0], numbers[-2]
        if flight.copy_of is None:
            assert abs(begin - layout.x(flight.message["source"])) < 8
        if flight.arrived:
            assert abs(end - layout.x(flight.message["dest"])) < 8


@every_example
def test_no_arrow_flies_back_in_time(make: Callable[[], Result]) -> None:
    for shaft in _shafts(draw(make())):
        heights = [float(y) for y in re.findall(r"[-\d.]+ ([-\d.]+)(?=[LC]|$)", shaft.attrib["d"])]
        assert heights == sorted(heights), shaft.attrib["d"]


def test_a_lost_message_ends_in_a_cross_and_one_in_flight_fades() -> None:
    said = words(draw(examples.rumour()))
    assert said.count("lost") == 1
    assert said.count("in flight") == 1
    assert said.count("copied") == 1
    calm = words(draw(examples.two_leaders()))
    assert not {"lost", "in flight", "copied"} & set(calm)


def test_a_fact_is_pointed_at_where_it_is_and_where_it_arose() -> None:
    root = draw(examples.two_leaders())
    discs = [circle for circle in root.iter(f"{SVG}circle") if circle.attrib["fill"] == FACT]
    # For each of the two facts: where the term and the role arose, the panel of the last state, and the fact itself.
    assert len(discs) == 2 * 4


def test_a_fact_without_places_points_at_the_members_it_names() -> None:
    result = examples.two_phase_commit()
    root = draw(result)
    frames = [
        box for box in root.iter(f"{SVG}rect") if box.attrib.get("stroke") == FACT and box.attrib["fill"] == PAPER
    ]
    assert len(frames) == 2


def test_a_long_behavior_folds_what_is_quiet_and_nothing_else() -> None:
    folded, whole = words(draw(examples.conflict())), words(draw(examples.conflict(), fold=False))
    assert "2–39" in folded
    assert "2–39" not in whole
    assert {"1", "40", "41", "42"} <= set(folded)
    assert len(folded) < len(whole) / 2


@pytest.mark.parametrize(("quiet", "folded"), [(2, False), (3, True)])
def test_less_than_three_quiet_steps_are_not_worth_a_fold(quiet: int, folded: bool) -> None:
    story = examples.Cluster(["s1", "s2", "s3"])
    for _ in range(FOLD_ABOVE):
        story.timeout("s1")
    for index in range(quiet):
        message = story.message("AppendEntriesRequest", "s1", "s2", prev_log_index=index)
        story.on("append_entries", {"i": "s1", "j": "s2"}, send=message)
    result = examples.result(story, examples.RAFT, violation={"property": "Anything"})
    assert any("–" in word for word in words(draw(result))) is folded


def test_a_short_behavior_folds_nothing() -> None:
    assert not any("–" in word for word in words(draw(examples.rumour())))


def test_terms_differ_by_pattern_and_letters_stand_out_from_every_fill() -> None:
    patterns = [strokes for _, strokes in TERM_STYLES[1:]]
    assert len(set(patterns)) == len(patterns)
    for fill, _ in TERM_STYLES:
        assert (_luminance(fill) + 0.05) / (_luminance("#1a1a1a") + 0.05) > 7
    for strong in (FACT, MESSAGE):
        assert 1.05 / (_luminance(strong) + 0.05) > 4.5


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_same_result_is_drawn_the_same() -> None:
    for make in MAKERS:
        assert spacetime_svg(make()) == spacetime_svg(make())


def test_a_log_is_a_strip_with_its_terms_and_its_commit_mark() -> None:
    root = ET.fromstring(grid_svg(examples.figure_8()))
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles.count("index 1: term 2, v1") == 2
    assert titles.count("index 1: term 3, v2") == 1
    assert "match_index[s1][s2] = 1" in titles
    assert "next_index[s3][s1] = 2" in titles
    assert "commit 1" in words(root)


def test_an_entry_that_is_given_up_is_struck_through() -> None:
    titles = [title.text for title in draw(examples.conflict()).iter(f"{SVG}title")]
    assert "dropped: term 2, v1" in titles


def test_letters_that_xml_has_no_place_for_do_no_harm() -> None:
    result = examples.puzzle()
    assert result.violation is not None
    rude = structs.replace(result.violation, sentence="a\x00b\x1b\ufffe <&>", facts=["\x07 & <b>"])
    draw(structs.replace(result, violation=rude))
