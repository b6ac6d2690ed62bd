"""The lessons: each begins with a question and a picture that our own tools draw, and ends with an exercise."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

COURSE = Path(__file__).parents[2] / "docs" / "course"
LESSONS = sorted(COURSE.glob("[0-9]*.md"))
PICTURES = {path.stem for path in (COURSE / "pictures").glob("*.svg")}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program that draws the pictures."""
    monkeypatch.syspath_prepend(str(COURSE / "exercises"))
    import grading

    return grading.load(COURSE / "exercises" / "pictures.py", "course_pictures")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_begins_with_a_question_and_a_picture_and_ends_with_an_exercise(lesson: Path) -> None:
    text = lesson.read_text()
    title, question, picture, command = re.split(r"\n\n", text)[:4]
    number, name = lesson.stem.split("-", 1)
    assert title.startswith(f"# {int(number)}. ")
    assert question.startswith("**") and "?" in question
    assert re.search(rf"\]\(pictures/{number}-[\w-]+\.svg\)$", picture)
    assert re.fullmatch(r"\*`[^`]+`\s+draws\s+it.*\*", command, re.DOTALL)
    exercise = f"{number}_{name.replace('-', '_')}.py"
    assert f"[exercises/{exercise}](exercises/{exercise})" in text
    assert f"`python docs/course/exercises/{exercise}`" in text
    assert "## What you know now" in text


def test_the_lessons_are_the_twelve_of_the_index_in_its_order() -> None:
    index = (COURSE / "README.md").read_text()
    assert re.findall(r"\((\d\d-[\w-]+)\.md\)", index) == [path.stem for path in LESSONS]
    assert len(LESSONS) == 12


def test_every_picture_is_shown_in_a_lesson_and_can_be_drawn_again(make: ModuleType) -> None:
    shown = {name for lesson in LESSONS for name in re.findall(r"\(pictures/([\w-]+)\.svg\)", lesson.read_text())}
    assert shown == PICTURES == set(make.PICTURES)


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_a_picture_has_a_title_for_those_who_cannot_see_it(name: str) -> None:
    root = ET.parse(COURSE / "pictures" / f"{name}.svg").getroot()
    titles = [element.text for element in root if element.tag.endswith("title")]
    assert titles


def test_a_picture_that_does_not_exist_is_told_in_a_sentence(make: ModuleType) -> None:
    with pytest.raises(SystemExit, match="There is no picture 13-paxos; there are 01-quorums, "):
        make.main(["13-paxos"])


@pytest.mark.parametrize("name", ["01-quorums", "03-two-votes", "08-rounds", "12-an-old-answer"])
def test_a_picture_is_fresh(make: ModuleType, name: str) -> None:
    _see_that_it_is_fresh(make, name)


@pytest.mark.thorough
def test_all_pictures_are_fresh(make: ModuleType) -> None:
    for name in make.PICTURES:
        _see_that_it_is_fresh(make, name)


def _see_that_it_is_fresh(make: ModuleType, name: str) -> None:
    kept = (COURSE / "pictures" / f"{name}.svg").read_text()
    assert make.PICTURES[name]() == kept, f"python docs/course/exercises/pictures.py {name}"
