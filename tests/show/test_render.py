"""`raftproof render` and the folder of `--out`: every form from the JSON again, and a sentence for every bad input."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import show_examples as examples
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from typer.testing import CliRunner, Result

from raftproof.checker.result import Result as Found
from raftproof.checker.result import from_json, to_json
from raftproof.checker.show import write_all
from raftproof.commands.render import command

APP = typer.Typer()
APP.command()(command)
FORMS = ("svg", "html", "dot", "text", "itf")


def render(*arguments: object) -> Result:
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def saved(result: Found, folder: Path) -> Path:
    path = folder / "result.json"
    path.write_bytes(to_json(result))
    return path


def test_a_result_is_the_same_after_it_was_written_and_read(tmp_path: Path) -> None:
    for make in (examples.two_leaders, examples.puzzle, examples.exhausted):
        assert from_json(saved(make(), tmp_path)) == make()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_made_again_from_the_json(form: str, tmp_path: Path) -> None:
    path, out = saved(examples.two_leaders(), tmp_path), tmp_path / "out"
    printed = render(path, "--format", form)
    assert printed.exit_code == 0
    assert render(path, "--format", form, "-o", out).exit_code == 0
    assert out.read_text(encoding="utf-8") == printed.stdout


def test_the_picture_is_what_comes_without_asking(tmp_path: Path) -> None:
    ET.fromstring(render(saved(examples.puzzle(), tmp_path)).stdout)


@pytest.mark.parametrize("form", FORMS)
def test_without_a_violation_only_the_text_has_something_to_say(form: str, tmp_path: Path) -> None:
    path = saved(examples.exhausted(), tmp_path)
    answer = render(path, "--format", form)
    if form == "text":
        assert answer.exit_code == 0
        assert "No violation in 57,021 states" in answer.stdout
    else:
        assert answer.exit_code == 2
        assert answer.stdout == ""
        assert "nothing to draw" in answer.stderr


def test_all_states_are_drawn_where_nothing_broke_and_they_are_known(tmp_path: Path) -> None:
    calm = structs.replace(examples.puzzle(), verdict="holds", violation=None)
    answer = render(saved(calm, tmp_path), "--format", "dot")
    assert answer.exit_code == 0
    assert "The 16 states of die_hard" in answer.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a result"),
        (b"{", "not a result"),
        (b"[1, 2]", "not a result"),
        (b'{"verdict": "holds"}', "not a result"),
        (b'{"verdict": "perhaps"}', "not a result"),
        (b"\xff\xfe", "not a result"),
        (b'{"event": "become_leader", "term": 3}\n{"event": "restart"}\n', "not a result"),
        (b'{"verdict": ' * 5000, "not a result"),
    ],
)
def test_a_file_that_is_no_result_is_named_in_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    path.write_bytes(content)
    for form in FORMS:
        answer = render(path, "--format", form, "--at", 3)
        assert answer.exit_code == 4
        assert sentence in answer.stderr
        assert str(path) in answer.stderr
        assert answer.stderr.count("\n") == 1
        assert answer.stdout == ""


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        answer = render(path)
        assert answer.exit_code == 4
        assert why in answer.stderr


def test_at_is_for_traces(tmp_path: Path) -> None:
    answer = render(saved(examples.puzzle(), tmp_path), "--at", 4)
    assert answer.exit_code == 2
    assert "--at picks a line of a trace" in answer.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    answer = render(saved(examples.puzzle(), tmp_path), "-o", tmp_path / "nowhere" / "x.svg")
    assert answer.exit_code == 2
    assert "cannot be written" in answer.stderr


PATHS = st.lists(st.one_of(st.integers(0, 30), st.sampled_from(["violation", "shape", "steps", "initial"])), max_size=8)
WORST = st.sampled_from([None, 0, -1, 1.5, "", "s1", "messages", [], {}, [[]], {"s1": 1}, [{"kind": 3}], True, 10**30])


@settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(["two_leaders", "rumour", "puzzle"]), path=PATHS, worst=WORST, form=st.sampled_from(FORMS))
def test_damage_anywhere_in_a_result_ends_in_a_sentence(
    name: str, path: list[int | str], worst: object, form: str, tmp_path: Path
) -> None:
    whole = json.loads(to_json(getattr(examples, name)()))
    holder, key = _descend(whole, path)
    holder[key] = worst
    damaged = tmp_path / "damaged.json"
    damaged.write_text(json.dumps(whole))
    answer = render(damaged, "--format", form)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), repr(answer.exception)
    assert answer.exit_code in (0, 2, 4)


def _descend(value: object, path: list[int | str]) -> tuple[dict[object, object] | list[object], object]:
    """Some place in a JSON value: names lead to members, numbers to the n-th of whatever is there."""
    assert isinstance(value, dict | list)
    names: list[object] = sorted(value) if isinstance(value, dict) else list(range(len(value)))
    step = path[0] if path else 0
    key = step if step in names and isinstance(step, str) else names[hash_free(step) % len(names)]
    inside = value[key]  # type: ignore[index, call-overload]
    return _descend(inside, path[1:]) if path[1:] and isinstance(inside, dict | list) and inside else (value, key)


def hash_free(step: int | str) -> int:
    return step if isinstance(step, int) else len(step)


def test_the_folder_holds_every_form(tmp_path: Path) -> None:
    names = {
        "result.json",
        "command.txt",
        "counterexample.txt",
        "counterexample.itf.json",
        "spacetime.svg",
        "index.html",
        "path.dot",
    }
    assert names <= {path.name for path in write_all(examples.puzzle(), tmp_path / "a" / "b").files}
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} >= {*names, "states.dot"}
    assert "logs.svg" in {path.name for path in write_all(examples.two_leaders(), tmp_path).files}
    assert (tmp_path / "command.txt").read_text() == "raftproof check figure2 --break quorum_majority\n"
    calm = {path.name for path in write_all(examples.exhausted(), tmp_path / "calm").files}
    assert calm == {"result.json", "command.txt", "result.txt"}


@pytest.mark.real("dot")
def test_no_old_counterexample_stands_beside_a_result_without_one(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("of others")
    write_all(examples.exhausted(), tmp_path)
    assert (tmp_path / "index.html").read_text() == "of others", "nothing of ours was there"
    write_all(examples.two_leaders(), tmp_path)
    (tmp_path / "notes.txt").write_text("of others")
    files = {path.name for path in write_all(examples.exhausted(), tmp_path).files}
    assert {path.name for path in tmp_path.iterdir()} == files | {"notes.txt"}


def test_with_dot_the_folder_has_the_graphs_as_pictures(tmp_path: Path) -> None:
    written = write_all(examples.puzzle(), tmp_path)
    assert {"path.svg", "states.svg"} <= {path.name for path in written.files}
    assert written.notes == []


def test_without_dot_the_folder_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    written = write_all(examples.puzzle(), tmp_path)
    assert [note.split(":")[0] for note in written.notes] == ["No path.svg", "No states.svg"]
    assert (tmp_path / "path.dot").exists()
    assert not (tmp_path / "path.svg").exists()
