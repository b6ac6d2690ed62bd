"""Every command that a page shows is run, and says what the page says it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from _pytest.mark import ParameterSet
from typer.main import get_command

from raftproof.commands import app
from tests.docs import session
from tests.docs.pages import PAGES, ROOT, File, Page, Session, read, read_text

NOT_RUN = {
    "make test": "runs this",
    "make docs": "`test_site.py` builds the same",
}
"""Commands that are shown and not run here, each with the reason."""
LONG_SECONDS = 2400
"""What all commands of a page may take together, on a busy machine that has compiled nothing yet."""
READ = [read(path) for path in PAGES]
A_COMMAND = re.compile(r"^\s*(\$ |(raftproof|make|etcdctl|etcd|pytest|pip|python3?|git) [\w.<\[-])", re.MULTILINE)


def _parts(page: Page, *, thorough: bool) -> list[Session | File]:
    """What is run of a page: what a few seconds suffice for, or all of it."""
    parts: list[Session | File] = []
    for part in page.parts:
        if isinstance(part, Session):
            commands = [c for c in part.commands if c.words not in NOT_RUN]
            if commands and (thorough or not part.thorough):
                parts.append(Session(part.line, part.thorough, commands))
        else:
            parts.append(part)
    return parts if any(isinstance(part, Session) for part in parts) else []


def _pages(*, thorough: bool) -> list[ParameterSet]:
    chosen = []
    for page in READ:
        if _parts(page, thorough=thorough) and (not thorough or any(s.thorough for s in page.sessions)):
            real = [pytest.mark.real(p) for p in ("etcdctl", "dot") if any(_uses(s, p) for s in page.sessions)]
            marks = [*real, pytest.mark.thorough if thorough else pytest.mark.slow]
            chosen.append(pytest.param(page, id=page.name, marks=marks))
    return chosen


def _uses(shown: Session, program: str) -> bool:
    return any(re.search(rf"\b{program} ", command.text) for command in shown.commands)


@pytest.mark.parametrize("page", _pages(thorough=False))
def test_what_a_page_shows_is_what_happens(page: Page, tmp_path: Path) -> None:
    faults = session.run(_parts(page, thorough=False), tmp_path)
    assert not faults, f"{page.name}:\n" + "\n".join(faults)


@pytest.mark.timeout(LONG_SECONDS + 60)
@pytest.mark.parametrize("page", _pages(thorough=True))
def test_what_a_page_shows_is_what_happens_the_long_commands_too(page: Page, tmp_path: Path) -> None:
    faults = session.run(_parts(page, thorough=True), tmp_path, LONG_SECONDS)
    assert not faults, f"{page.name}:\n" + "\n".join(faults)


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_no_command_hides_in_a_block_that_is_not_run(page: Page) -> None:
    hidden = [f"{page.name}:{b.line}: {b.text.strip()}" for b in page.other if A_COMMAND.search(b.text)]
    assert not hidden, "write ```console and `$ ` before the command:\n" + "\n".join(hidden)


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_every_command_that_is_shown_has_options_that_exist(page: Page) -> None:
    shown = [text for _, text in page.inline] + [c.words for session in page.sessions for c in session.commands]
    wrong = [f"{page.name}: {text}: {fault}" for text in shown if (fault := _fault_of(text))]
    assert not wrong, "\n".join(wrong)


def _fault_of(text: str) -> str:
    """What the command line says of these words, without running anything; a sentence may leave out arguments."""
    if not text.startswith("raftproof "):
        return ""
    shown = shlex.split(re.split(r" [|>&]", text)[0])[1:]
    words = ["1" if re.fullmatch("[A-Z]+", word) else word for word in shown if word != "…"]  # LINE stands for a line
    try:
        group = get_command(app)
        with group.make_context("raftproof", words) as context:
            rest = [*context._protected_args, *context.args]
            while rest:
                name, command, rest = group.resolve_command(context, rest)
                context = command.make_context(name, rest, parent=context)
                rest = [*context._protected_args, *context.args] if hasattr(command, "resolve_command") else []
                group = command
    except typer.Exit:  # --help
        return ""
    except Exception as fault:
        if not hasattr(fault, "format_message"):  # typer has a UsageError of its own, without a public name
            raise
        said = str(fault.format_message())
        return "" if said.startswith("Missing argument") or said.endswith("requires an argument.") else said
    return ""


def test_every_command_that_is_not_run_is_shown() -> None:
    shown = {command.words for page in READ for part in page.sessions for command in part.commands}
    assert shown >= NOT_RUN.keys()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```console\n$ raftproof check jugs\n$ echo $?\n0\n```\n", "exit code 1, not 0"),
        ("```console\n$ echo one two\none three\n```\n", "does not say"),
        ("```console\n$ printf 'a\\nb\\n'\nb\na\n```\n", "does not say"),
        ("```console\n$ cat mine.py\n```\n", "exit code 1"),
    ],
)
def test_a_page_that_shows_what_does_not_happen_is_found(text: str, fault: str, tmp_path: Path) -> None:
    faults = session.run(read_text(ROOT / "page.md", text).parts, tmp_path)
    assert len(faults) == 1 and fault in faults[0]


def test_what_is_shown_may_leave_out_lines_and_name_other_durations(tmp_path: Path) -> None:
    file = "<!-- file: words -->\n```\none 3.2 s\ntwo\nthree, as ever\n```\n"
    text = file + "```console\n$ cat words\none 71 s\nthree, …\n```\n"
    assert session.run(read_text(ROOT / "page.md", text).parts, tmp_path) == []


def test_a_command_that_runs_on_is_waited_for_and_stopped(tmp_path: Path) -> None:
    text = "```console\n$ (sleep 0.5; echo ready; sleep 60) &\nready\n$ kill %1\n```\n"
    assert session.run(read_text(ROOT / "page.md", text).parts, tmp_path) == []


def test_an_option_that_does_not_exist_is_found() -> None:
    assert "--color" in _fault_of("raftproof check figure2 --color")
    assert not _fault_of("raftproof kv put hello world")
    assert "No such" in _fault_of("raftproof kv take hello")
