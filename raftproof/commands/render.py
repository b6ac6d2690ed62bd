"""`raftproof render FILE`: make the pictures and texts of a result again from its JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from raftproof.checker.result import Result


class Format(StrEnum):
    """What can be made of a result."""

    svg = "svg"
    html = "html"
    dot = "dot"
    text = "text"
    itf = "itf"


def command(
    file: Annotated[
        Path,
        typer.Argument(help="The JSON that `raftproof check --json FILE` wrote; a trace with --at.", metavar="FILE"),
    ],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="**svg**: the space-time diagram. **html**: a page to step through. **dot**: the path as a graph, or "
            "all states if nothing broke. **text**: verdict and steps. **itf**: for Apalache, Quint and their tools.",
        ),
    ] = Format.svg,
    at: Annotated[int | None, typer.Option(help="Of a trace: the line to draw.", metavar="LINE")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here and not to standard output.")] = None,
) -> None:
    """Draw a result again from its JSON: svg, html, dot, text or itf.

    `raftproof render result.json --format html -o failure.html` makes one file that steps through the counterexample by
    keyboard; `raftproof render result.json > failure.svg` draws it.
    """
    from raftproof.checker.result import DamagedResult, from_json

    try:
        result = from_json(file)
        if at is not None:
            _fail(f"{file} is a result of `raftproof check`; --at picks a line of a trace, so leave it out", 2)
        _put(_made(result, form, file, coloured=out is None and sys.stdout.isatty()), out)
    except DamagedResult as fault:
        what = str(fault) if str(fault).startswith(str(file)) else f"{file}: {fault}"
        if at is not None:
            _put(_trace(file, at, form, what), out)
            return
        _fail(
            f"{what}; `raftproof check MODEL --json FILE` writes what can be drawn; of a trace, --at LINE draws a part",
            4,
        )
    except RecursionError:
        _fail(f"{file}: a value is nested too deeply", 4)


def _trace(file: Path, line: int, form: Format, why_no_result: str) -> str:
    """The picture of a trace around a line."""
    from raftproof.traces.conformance.picture import NoSuchLine, picture_at
    from raftproof.traces.reading import Malformed

    try:
        drawn = picture_at(str(file), line)
    except Malformed as fault:
        _fail(f"{why_no_result}, and no trace either: {fault.reason}", 4)
    except NoSuchLine as fault:
        _fail(str(fault), 2)
    if form is not Format.svg:
        _fail(f"--format {form.value}: a trace is drawn as svg", 2)
    return drawn


def _made(result: Result, form: Format, file: Path, *, coloured: bool) -> str:
    """The result in the form that was asked for."""
    if form is Format.text:
        return _text(result, coloured=coloured)
    if form is Format.dot and result.violation is None and result.graph is not None:
        from raftproof.checker.show.graphs import state_graph

        return str(state_graph(result).source)
    if result.violation is None:
        _fail(
            f"{file}: nothing to draw: the verdict of {result.model} is {result.verdict}, without a violation; "
            f"`raftproof render {file} --format text` says what was explored",
            2,
        )
    if form is Format.html:
        from raftproof.checker.show.html import result_html

        return result_html(result)
    if form is Format.dot:
        from raftproof.checker.show.graphs import path_graph

        return str(path_graph(result).source)
    if form is Format.itf:
        from raftproof.checker.show.itf import itf_json

        return itf_json(result)
    from raftproof.checker.show.spacetime import spacetime_svg

    return spacetime_svg(result)


def _text(result: Result, *, coloured: bool) -> str:
    from raftproof.checker.show.text import coloured_text, result_text

    if not coloured:
        return result_text(result)
    from rich.console import Console

    console = Console()
    with console.capture() as captured:
        console.print(coloured_text(result), soft_wrap=True, highlight=False, end="")
    return captured.get()


def _put(content: str, out: Path | None) -> None:
    """Write UTF-8, whatever the locale says: the forms that have an encoding declare it."""
    if out is None:
        sys.stdout.buffer.write(content.encode())
        sys.stdout.buffer.flush()
        return
    try:
        out.write_text(content, encoding="utf-8")
    except OSError as fault:
        _fail(f"{out}: cannot be written: {fault.strerror}", 2)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(f"raftproof render: {sentence}.", err=True)
    raise typer.Exit(code)
