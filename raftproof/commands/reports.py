"""What `check` and `conform` write for machines that build and test: JUnit's XML and SARIF.

The files are written twice. Before anything else they say that there is no answer, which is an error; so a command that
is killed, or that refuses its question, never leaves an older file behind that says that all is well.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raftproof.commands.asking import USAGE, Refused, exit_code_of, fail

if TYPE_CHECKING:
    from raftproof.checker.result import Result
    from raftproof.checker.run import Question
    from raftproof.checker.show.cases import Case, Location
    from raftproof.traces.conformance import Outcome

JunitFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write JUnit's XML, for CI.", rich_help_panel="Answers")
]
SarifFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0, for CI.", rich_help_panel="Answers")
]
_PLACE = re.compile(r"(.+?):(\d+): ")
_FAILED = 1


@contextmanager
def reported(about: tuple[str, ...], junit: Path | None, sarif: Path | None) -> Iterator[Reports]:
    """The reports of a command, which say that there is no answer until they are told one."""
    reports = Reports(about, junit, sarif)
    reports.tell_none("The command did not run to its end.", _FAILED)
    try:
        yield reports
    except Refused as refused:
        reports.tell_none(refused.sentence, refused.exit_code)
        raise


class Reports:
    """The files that are asked for, if any."""

    def __init__(self, about: tuple[str, ...], junit: Path | None, sarif: Path | None) -> None:
        self._about, self._junit, self._sarif = about, junit, sarif

    def tell_none(self, sentence: str, exit_code: int) -> None:
        """Say that there is no answer."""
        if self._asked_for():
            from raftproof.checker.show.cases import no_answer

            self._write([no_answer(self._about[-1], sentence, _place_in(sentence))], exit_code)

    def tell_result(self, result: Result, question: Question) -> None:
        """Say what a search found."""
        if self._asked_for():
            from raftproof.checker.show.cases import cases_of, warnings_of

            cases = cases_of(result, question.model, question.only)
            self._write(cases, exit_code_of(result), result.setup_seconds + result.seconds, warnings_of(result))

    def tell_outcomes(self, outcomes: list[Outcome], exit_code: int, unanswered: str = "") -> None:
        """Say what came of traces; `unanswered` says why the rest of them has no answer, if there is a rest."""
        if self._asked_for():
            from raftproof.checker.show.cases import no_answer
            from raftproof.traces.conformance.cases import case_of

            cases = [case_of(outcome) for outcome in outcomes]
            cases += [no_answer("the other traces", unanswered)] if unanswered else []
            self._write(cases, exit_code, sum(outcome.seconds for outcome in outcomes))

    def _asked_for(self) -> bool:
        return self._junit is not None or self._sarif is not None

    def _write(self, cases: list[Case], exit_code: int, seconds: float = 0.0, warnings: tuple[str, ...] = ()) -> None:
        from raftproof.checker.show.cases import Report
        from raftproof.checker.show.junit import junit_xml
        from raftproof.checker.show.sarif import sarif_json

        asked = shlex.join(["raftproof", *sys.argv[1:]])
        report = Report(self._about, asked, cases, exit_code, seconds, warnings)
        root = working_copy()
        try:
            if self._junit is not None:
                self._junit.write_text(junit_xml(report, root), encoding="utf-8")
            if self._sarif is not None:
                self._sarif.write_text(sarif_json(report, root), encoding="utf-8")
        except OSError as fault:
            fail(f"{fault.filename}: {fault.strerror}; no report can be written there", USAGE)


def working_copy() -> Path:
    """The folder from which a code host names files: the one above that holds `.git`, or where the command runs."""
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _place_in(sentence: str) -> Location | None:
    """The file and the line that a sentence begins with."""
    from raftproof.checker.show.cases import Location

    found = _PLACE.match(sentence)
    if found is None or not Path(found[1]).is_file():
        return None
    return Location(Path(found[1]).resolve(), int(found[2]))
