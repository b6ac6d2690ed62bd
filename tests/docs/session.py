"""Runs the sessions of a page as what they are: one shell, from top to bottom, in a copy of the repository.

The copy holds links to what is in the repository; what commands write lies beside them. Each command's words go to a
file of its own, its exit code to another.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, File, Session, Shown

LEFT_OUT = {".git", ".venv", ".pytest_cache", "out", "docs"}
_ANYTHING = "…"
_MEASURED = re.compile(
    r"\d[\d,]*(\.\d+)?(?=( CPU)? ?(s|ms|seconds?|[KMG]i?B)\b)|\d[\d,]*(?= (a CPU second|events a second))"
)


def run(parts: list[Session | File], place: Path, seconds: int = 240) -> list[str]:
    """Run sessions, with the files that stand between them; what is not as shown, in sentences."""
    _copy_repository(place)
    kept = place / ".shown"
    kept.mkdir()
    commands: list[Shown] = []
    script = ["set +e"]
    for part in parts:
        if isinstance(part, File):
            source = kept / f"file.{len(script)}"
            source.write_text(part.text)
            script.append(f"cp {shlex.quote(str(source))} {shlex.quote(part.name)}")
            continue
        for command in part.commands:
            script.append(_step(command, kept / str(len(commands))))
            commands.append(command)
    script.append("kill $(jobs -p) 2>/dev/null; wait")
    _bash("\n".join(script), place, seconds)
    return [fault for number, command in enumerate(commands) for fault in _faults(command, kept / str(number))]


def _copy_repository(place: Path) -> None:
    for entry in ROOT.iterdir():
        if entry.name not in LEFT_OUT:
            (place / entry.name).symlink_to(entry)
    for folder, inside in (("docs", ROOT / "docs"), (".venv", Path(sys.prefix))):
        (place / folder).mkdir()
        for entry in inside.iterdir():
            if entry.name not in ("_build", ".ready"):
                (place / folder / entry.name).symlink_to(entry)
    (place / ".venv" / ".ready").touch()  # what `make setup` makes: everything is installed


def _step(command: Shown, to: Path) -> str:
    """The command, its words and its exit code kept; behind one that runs on, a wait for what it is to say."""
    lines = [f"{{ {command.text}", f"}} >{to}.out 2>&1 </dev/null", f"echo $? >{to}.code"]
    if command.runs_on and command.output:
        longest = max(command.output[-1].split(_ANYTHING), key=len).strip()
        lines.append(f"for t in $(seq 150); do grep -qF -- {shlex.quote(longest)} {to}.out && break; sleep 0.2; done")
    return "\n".join(lines)


def _bash(script: str, place: Path, seconds: int) -> None:
    here = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100", "NO_COLOR": "1"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=place,
        env=inherited | here | {"TERM": "dumb"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):  # the commands that did not come to run say so
            process.wait(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _faults(command: Shown, kept: Path) -> list[str]:
    code, out = Path(f"{kept}.code"), Path(f"{kept}.out")
    where = f"line {command.line}: {command.text}"
    if not code.exists():
        return [f"{where}\n  did not end in time" if out.exists() else f"{where}\n  was not reached"]
    said = out.read_text(errors="replace").splitlines()
    faults = []
    if int(code.read_text()) != command.exit_code:
        ended = "\n    ".join(said[-12:])
        faults.append(f"{where}\n  exit code {code.read_text().strip()}, not {command.exit_code}:\n    {ended}")
    missing = first_missing(command.output, said)
    if missing is not None:
        ended = "\n    ".join(said[-60:])
        faults.append(f"{where}\n  does not say (here)\n    {missing}\n  but\n    {ended}")
    return faults


def first_missing(shown: list[str], said: list[str]) -> str | None:
    """The first of the shown lines that is not said behind those before it."""
    rest = iter([_comparable(line) for line in said])
    for line in shown:
        if line.strip() == _ANYTHING:
            continue
        pattern = ".*?".join(re.escape(part) for part in _comparable(line).split(_ANYTHING))
        if not any(re.fullmatch(pattern, other) for other in rest):
            return line
    return None


def _comparable(line: str) -> str:
    """A line without what differs from run to run: durations, sizes, and the spaces that align them."""
    return " ".join(_MEASURED.sub("#", line).split())
