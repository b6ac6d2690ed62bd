"""The course's exercises: as given they are not yet right, the solutions are, and plausible wrong answers are not."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

COURSE = Path(__file__).parents[2] / "docs" / "course"
EXERCISES = COURSE / "exercises"
LESSONS = sorted(path.stem for path in EXERCISES.glob("[0-9]*.py"))
THOROUGH = {"03", "04", "05", "06", "08", "09", "10", "11", "12"}
"""Lessons whose checks take long."""


def _marked(lessons: list[str]) -> list[Any]:
    return [pytest.param(one, marks=pytest.mark.thorough) if one[:2] in THOROUGH else one for one in lessons]


@pytest.fixture
def grading(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The grading module, as an exercise imports it."""
    monkeypatch.syspath_prepend(str(EXERCISES))
    import grading

    monkeypatch.setattr(grading, "MOST_BYTES", resource.RLIM_INFINITY)  # this process runs other tests, too
    return grading


def _wrong_answers(grading: ModuleType, lesson: str) -> dict[str, dict[str, Any]]:
    """By the blank's name, then by what is wrong about the answer."""
    wrong: dict[str, dict[str, Any]] = {}
    for name, value in vars(grading.load(Path(__file__).parent / "wrong" / f"{lesson}.py", f"wrong_{lesson}")).items():
        blank, mark, why = name.partition("__")
        if blank and mark:
            wrong.setdefault(blank, {})[why] = value
    return wrong


def test_every_lesson_has_its_exercise_its_solution_and_its_wrong_answers() -> None:
    lessons = sorted(path.stem for path in COURSE.glob("[0-9]*.md"))
    names = [lesson.replace("-", "_") for lesson in lessons]
    assert names == LESSONS
    assert names == sorted(path.stem for path in (COURSE / "solutions").glob("*.py"))
    assert names == sorted(path.stem for path in (Path(__file__).parent / "wrong").glob("*.py"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_exercise_as_it_is_given_is_not_yet_right(grading: ModuleType, lesson: str) -> None:
    path = EXERCISES / f"{lesson}.py"
    parts = grading.parts_of(lesson[:2])
    for one in grading.graded(parts, grading.answers_in(path), path):
        assert one.hint is not None
        assert one.hint.startswith("Not filled in yet")


@pytest.mark.parametrize("lesson", _marked(LESSONS))
def test_a_solution_is_right_in_every_part(grading: ModuleType, lesson: str) -> None:
    path = COURSE / "solutions" / f"{lesson}.py"
    grades = grading.graded(grading.parts_of(lesson[:2]), grading.answers_in(path), path)
    assert [one.hint for one in grades] == [None] * len(grades)


@pytest.mark.parametrize("lesson", _marked(LESSONS))
def test_wrong_answers_to_every_part_are_refused_with_a_hint(grading: ModuleType, lesson: str) -> None:
    path = COURSE / "solutions" / f"{lesson}.py"
    parts, right, wrong = grading.parts_of(lesson[:2]), grading.answers_in(path), _wrong_answers(grading, lesson)
    for one in parts:
        blanks = [name for name in one.blanks if name in wrong]
        assert blanks, f"no wrong answer is tried for {one.title}"
        for name in blanks:
            for why, value in wrong[name].items():
                (graded,) = grading.graded([one], {**right, name: value}, path)
                assert graded.hint, f"{name} ({why}) passed {one.title}"
                assert "Python stopped" not in graded.hint, graded.hint


def test_solutions_fill_the_blanks_and_nothing_else(grading: ModuleType) -> None:
    for lesson in LESSONS:
        blanks = {name for one in grading.parts_of(lesson[:2]) for name in one.blanks}
        assert blanks <= set(grading.answers_in(COURSE / "solutions" / f"{lesson}.py"))


def _run(path: Path, capsys: pytest.CaptureFixture[str], grading: ModuleType) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        grading.grade(str(path))
    return int(ended.value.code or 0), capsys.readouterr().out


def test_a_solution_ends_with_0_and_an_exercise_with_1(
    grading: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, text = _run(COURSE / "solutions" / "01_quorums.py", capsys, grading)
    assert (code, text.splitlines()[-1]) == (0, "5 of 5 right. Well done.")
    code, text = _run(EXERCISES / "01_quorums.py", capsys, grading)
    assert code == 1
    assert "Not filled in yet: quorum in 01_quorums.py" in text


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (("return BLANK", "return ((servers"), "Python cannot read this: '(' was never closed"),
        (("VOTES = BLANK", "VOTES = vier"), "01_quorums.py:48: VOTES = vier\nPython stopped: NameError"),
        (("return BLANK", "return servers / 0"), "Python stopped: ZeroDivisionError"),
        (("return BLANK", "return 'two'"), "quorum(1) is 'two'; a quorum of 1 servers has 1 to 1 of them."),
        (("VOTES = BLANK", ""), "The name VOTES is no longer in 01_quorums.py"),
        (("QUORUMS = BLANK", "QUORUMS = 7"), "QUORUMS is not of the form that is asked for"),
    ],
)
def test_a_broken_edit_is_told_in_words(
    grading: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path, edit: tuple[str, str], told: str
) -> None:
    path = tmp_path / "01_quorums.py"
    path.write_text((EXERCISES / "01_quorums.py").read_text().replace(*edit))
    code, text = _run(path, capsys, grading)
    assert code == 1
    assert told in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n        pass",
        "while True:\n        try:\n            servers += 1\n        except Exception:\n            pass",
    ],
)
def test_an_answer_that_never_ends_is_stopped_at_its_line(
    grading: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, body: str
) -> None:
    monkeypatch.setattr(grading, "LONGEST_SECONDS", 0.2)
    path = tmp_path / "01_quorums.py"
    path.write_text((EXERCISES / "01_quorums.py").read_text().replace("return BLANK", body))
    code, text = _run(path, capsys, grading)
    assert code == 1
    assert re.search(r"  1  not yet  the size of a quorum\n     01_quorums.py:2\d: ", text)
    assert "is there a loop that never ends?" in text
    assert "2  not yet" in text, "the other parts are checked all the same"


def test_a_file_that_never_ends_is_stopped_at_its_line(
    grading: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(grading, "LONGEST_SECONDS", 0.2)
    path = tmp_path / "01_quorums.py"
    path.write_text("while True:\n    pass\n")
    code, text = _run(path, capsys, grading)
    assert code == 1
    assert re.match(r"01_quorums.py:[12]: .*\nThis was stopped after", text)


def test_a_list_that_grows_for_ever_is_stopped_before_the_memory_is_full(tmp_path: Path) -> None:
    path = tmp_path / "01_quorums.py"
    grows = "VOTES = [1]\nwhile True:\n    VOTES = VOTES + VOTES"
    path.write_text((EXERCISES / "01_quorums.py").read_text().replace("VOTES = BLANK", grows))
    limit = "import sys; sys.path.insert(0, sys.argv[1]); import grading; grading.MOST_BYTES = 1 << 30"
    program = [sys.executable, "-c", f"{limit}; grading.grade(sys.argv[2])", EXERCISES, path]
    done = subprocess.run(program, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.match(r"01_quorums.py:50: VOTES = VOTES \+ VOTES\nThis took more than 1 GiB of memory", done.stdout)


def test_an_exercise_that_is_interrupted_ends_with_130(
    grading: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "01_quorums.py"
    path.write_text((EXERCISES / "01_quorums.py").read_text().replace("return BLANK", "raise KeyboardInterrupt"))
    code, text = _run(path, capsys, grading)
    assert (code, text.strip()) == (130, "Stopped before all parts were checked.")


def test_an_exercise_runs_as_a_program(tmp_path: Path) -> None:
    exercise = subprocess.run([sys.executable, EXERCISES / "01_quorums.py"], capture_output=True, text=True)
    assert (exercise.returncode, exercise.stderr) == (1, "")
    program = [sys.executable, EXERCISES / "grading.py", COURSE / "solutions" / "01_quorums.py"]
    solution = subprocess.run(program, capture_output=True, text=True)
    assert (solution.returncode, solution.stderr) == (0, "")
    unknown = subprocess.run([*program[:2], tmp_path / "99_none.py"], capture_output=True, text=True)
    assert unknown.returncode == 2
    assert "no exercise begins with '99'" in unknown.stderr


def test_an_exercise_that_python_cannot_read_is_told_so_by_python(tmp_path: Path) -> None:
    path = tmp_path / "01_quorums.py"
    path.write_text((EXERCISES / "01_quorums.py").read_text().replace("VOTES = BLANK", "VOTES = (4"))
    broken = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert broken.returncode == 1
    assert "01_quorums.py" in broken.stderr and "was never closed" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_a_python_without_raftproof_is_told_how_to_get_it() -> None:
    without = [sys.executable, "-S", EXERCISES / "03_one_vote.py"]
    bare = subprocess.run(without, capture_output=True, text=True, cwd=EXERCISES, env={})
    assert bare.returncode == 2
    assert bare.stderr.startswith("This Python does not know raftproof")
    assert "Traceback" not in bare.stderr
