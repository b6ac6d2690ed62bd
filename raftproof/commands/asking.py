"""What `check` and `simulate` share: their options, their progress, how they end."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from raftproof.checker.explore.compiled import Statistics
    from raftproof.checker.language.layout import Layout
    from raftproof.checker.result import Result
    from raftproof.checker.run import Question

USAGE, BAD_MODEL, INTERRUPTED = 2, 4, 130
BOUNDS = ("servers", "values", "max_term", "max_log", "max_in_flight", "max_copies")
"""The bounds that have options of their own."""
PROGRESS_SECONDS = 60.0
"""How often progress is told where nobody watches a terminal."""

ModelName = Annotated[
    str,
    typer.Argument(
        help="A model's name, as `raftproof check --list` has them, or FILE.py[:NAME], your own.", show_default=False
    ),
]


def _count(sentence: str) -> Any:
    """A bound, which the model sets where nobody else does."""
    return typer.Option(show_default=False, help=f"{sentence} [default: the model's]", rich_help_panel="Bounds")


Servers = Annotated[int | None, _count("How many servers there are.")]
Values = Annotated[int | None, _count("How many different values clients write.")]
MaxTerm = Annotated[int | None, _count("The last term.")]
MaxLog = Annotated[int | None, _count("The most entries in a log.")]
MaxInFlight = Annotated[int | None, _count("The most messages in flight at once.")]
MaxCopies = Annotated[int | None, _count("The most copies of one message in flight.")]
Bound = Annotated[
    list[str] | None,
    typer.Option(
        "--bound",
        metavar="NAME=N",
        help="A bound that has no option of its own; may be repeated.",
        rich_help_panel="Bounds",
    ),
]
Faults = Annotated[
    str,
    typer.Option(
        metavar="none|restart,drop,…",
        help="What may go wrong; each model has its own.",
        rich_help_panel="What is checked",
    ),
]
Symmetry = Annotated[
    str,
    typer.Option(
        metavar="server|server,value|none",
        help="Whose names make no difference; also a sort of your own.",
        rich_help_panel="How",
    ),
]
Break = Annotated[
    list[str] | None,
    typer.Option(
        "--break",
        metavar="RULE",
        help="Switch a rule off, as `raftproof gallery` lists them; may be repeated.",
        rich_help_panel="What is checked",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PROPERTY", help="Watch only this property; may be repeated.", rich_help_panel="What is checked"
    ),
]
Workers = Annotated[str, typer.Option(metavar="ALL|N", help="How many threads search.", rich_help_panel="How")]
Reduce = Annotated[
    str,
    typer.Option(metavar="none|live,…", help="Which reductions of the model's states are used.", rich_help_panel="How"),
]
States = Annotated[int | None, typer.Option(help="Give up after so many states.", rich_help_panel="Limits", min=1)]
Memory = Annotated[
    str | None,
    typer.Option(metavar="BYTES", help="Give up before taking more; 3GB, 512MiB.", rich_help_panel="Limits"),
]
Seconds = Annotated[float | None, typer.Option(help="Give up after so long.", rich_help_panel="Limits", min=0.0)]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write every picture and text here.", rich_help_panel="Answers")
]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the answer as JSON; - is stdout.", rich_help_panel="Answers"),
]


class Refused(typer.Exit):
    """The end of a command that gives no answer, and why."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(code)
        self.sentence = sentence


def fail(text: str, code: int) -> NoReturn:
    """End with a sentence on stderr."""
    print(f"raftproof: {text}", file=sys.stderr)
    raise Refused(text, code)


def question_of(options: dict[str, Any]) -> Question:
    """The question that a command's options ask; ends with exit code 2 or 4 where they make no sense."""
    from raftproof.checker.explore.compiled import Limits
    from raftproof.checker.language import BoundsError, ModelError
    from raftproof.checker.run import Question
    from raftproof.commands.models import MODELS, find_model

    if not options["model"]:
        fail(f"name a model: {', '.join(MODELS)}, or your own as FILE.py[:NAME]", USAGE)
    limits = Limits(options["max_states"], _memory_limit(options["max_memory"]), options["max_seconds"])
    bounds = {name: options[name] for name in BOUNDS if options[name] is not None}
    try:
        question = Question(
            model=find_model(options["model"]),
            bounds=bounds | dict(map(_own_bound, options["bound"] or [])),
            faults=_names(options["faults"]),
            broken=tuple(options["breaks"] or ()),
            symmetric=tuple(f"{name}s" for name in _names(options["symmetry"])),
            reduce=_names(options["reduce"]),
            only=tuple(options["only"]) if options["only"] else None,
            workers=_workers(options["workers"]),
            limits=limits,
            command=shlex.join(["raftproof", *sys.argv[1:]]),
        )
        layout = question.layout()
        _see_that_symmetric(options["symmetry"], layout)
        question.interpreter(layout)
    except BoundsError as fault:
        fail(str(fault), USAGE)
    except ModelError as fault:
        fail(str(fault), BAD_MODEL)
    return question


def answer(
    ask: Callable[[Callable[[Statistics], None]], Result],
    options: dict[str, Any],
    report: Callable[[Result], None] | None = None,
) -> NoReturn:
    """Ask with progress, tell the answer, to `report` too, and end with its exit code; never with a traceback."""
    from raftproof.checker.language import BoundsError, ModelError

    prepare(options["out"], options["json_file"])
    try:
        with progress_line() as progress:
            result = ask(progress)
    except BoundsError as fault:
        fail(str(fault), USAGE)
    except ModelError as fault:
        fail(str(fault), BAD_MODEL)
    except KeyboardInterrupt:
        fail("interrupted before there was an answer", INTERRUPTED)
    if report is not None:
        report(result)
    finish(result, options["out"], options["json_file"])


def _own_bound(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not equals or not value.lstrip("-").isdigit():
        fail(f"--bound {text}: write NAME=N", USAGE)
    return name, int(value)


def _names(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _see_that_symmetric(text: str, layout: Layout) -> None:
    """A symmetric sort is named by its bound: the clients of a bound `clients` are `client`."""
    own = [sort.symmetric.bound.removesuffix("s") for sort in layout.all_symmetric() if sort.symmetric]
    known = dict.fromkeys(("server", "value", *own))
    for name in _names(text):
        if name not in known:
            fail(f"--symmetry {text}: {name} is none of {', '.join(known)}; write some of these, or none", USAGE)
    if own and text == "server" not in own:
        announce(f"states that differ only in who is who count apart; --symmetry {own[0]} counts them once")


def _workers(text: str) -> int:
    if text.upper() == "ALL":
        return len(os.sched_getaffinity(0))
    if not text.isdigit() or not 1 <= int(text) <= 256:
        fail(f"--workers {text}: write ALL, or a number from 1 to 256", USAGE)
    return int(text)


def prepare(out: Path | None, json_file: str | None) -> None:
    """See that the answers can be written before a long search begins."""
    try:
        if json_file not in (None, "-"):
            Path(str(json_file)).open("ab").close()
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            _try_to_write(out)
    except OSError as fault:
        fail(f"{fault.filename}: {fault.strerror}; nothing can be written there", USAGE)


def _try_to_write(folder: Path) -> None:
    """Raise OSError, with the folder's name, where no file can be made."""
    import tempfile

    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as fault:
        raise OSError(fault.errno, fault.strerror, str(folder)) from None


# --------------------------------------------------------------------------------------------------- progress


@contextmanager
def progress_line() -> Iterator[Callable[[Statistics], None]]:
    """On a terminal one live line; elsewhere a sentence a minute. Always on stderr."""
    if not sys.stderr.isatty():
        yield _Sentences().tell
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(Text("starting"), console=Console(stderr=True), refresh_per_second=8, transient=True) as live:
        yield lambda s: live.update(Text(_line(s)))


def _line(s: Statistics) -> str:
    found, made = s.distinct / max(s.seconds, 1e-9), s.generated / max(s.seconds, 1e-9)
    return (
        f"depth {s.depth}  {s.distinct:,} distinct ({found / 1e6:.2f} M/s)  "
        f"{s.generated:,} generated ({made / 1e6:.1f} M/s)  "
        f"{s.queue:,} queued  {s.memory_bytes / 2**30:.2f} GiB  {s.seconds:.0f} s"
    )


class _Sentences:
    """TLC's progress sentence, once a minute."""

    def __init__(self) -> None:
        self._told, self._generated, self._distinct = time.monotonic(), 0, 0

    def tell(self, s: Statistics) -> None:
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS:
            return
        minutes = (now - self._told) / 60
        print(
            f"Progress({s.depth}) at {time.strftime('%Y-%m-%d %H:%M:%S')}: {s.generated:,} states generated "
            f"({(s.generated - self._generated) / minutes:,.0f} s/min), {s.distinct:,} distinct states found "
            f"({(s.distinct - self._distinct) / minutes:,.0f} ds/min), {s.queue:,} states left on queue.",
            file=sys.stderr,
        )
        self._told, self._generated, self._distinct = now, s.generated, s.distinct


def announce(text: str) -> None:
    """Say what is going on before the search begins."""
    print(f"raftproof: {text}", file=sys.stderr)


# --------------------------------------------------------------------------------------------------- the end


def finish(result: Result, out: Path | None, json_file: str | None) -> NoReturn:
    """Print, write what was asked for, and end with the verdict's exit code."""
    from raftproof.checker.result import to_json
    from raftproof.checker.show.text import coloured_text, result_text

    if json_file == "-":
        sys.stdout.buffer.write(to_json(result))
        sys.stdout.flush()
    elif sys.stdout.isatty():
        from rich.console import Console

        Console(highlight=False).print(coloured_text(result), end="")
    else:
        print(result_text(result), end="")
    try:
        if json_file not in (None, "-"):
            Path(str(json_file)).write_bytes(to_json(result))
        if out is not None:
            _write_out(result, out)
    except OSError as fault:
        fail(f"{fault.filename}: {fault.strerror}", USAGE)
    raise typer.Exit(exit_code_of(result))


def exit_code_of(result: Result) -> int:
    """The exit code of a command that found a result."""
    return INTERRUPTED if result.reason == "interrupted" else result.exit_code


def _write_out(result: Result, out: Path) -> None:
    from raftproof.checker.show import write_all

    written = write_all(result, out)
    for note in written.notes:
        announce(note)
    announce(f"wrote {len(written.files)} files to {out}")


def _memory_limit(text: str | None) -> int:
    """A number of bytes such as 3GB; by default four fifths of what the machine can give."""
    from raftproof.checker.explore.compiled import BASE_BYTES

    if text is None:
        return available_bytes() * 4 // 5
    units = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
    number = text.upper().rstrip("KMGIB")
    try:
        limit = int(float(number) * units[text.upper()[len(number) :]])
    except (ValueError, KeyError, OverflowError):
        fail(f"--max-memory {text}: write a number of bytes such as 3GB or 512MiB", USAGE)
    if limit <= BASE_BYTES:
        fail(f"--max-memory {text}: a search needs at least {BASE_BYTES >> 20} MiB to begin", USAGE)
    return limit


def available_bytes() -> int:
    """How much memory this process may come to hold, without pushing others to disk."""
    limits = [int(line.split()[1]) * 1024 for line in _lines("/proc/meminfo") if line.startswith("MemAvailable")]
    limits += [int(line) for line in _lines("/sys/fs/cgroup/memory.max") if line.strip().isdigit()]
    return min(limits, default=4 << 30)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
