"""`raftproof check MODEL`: explore every behavior within bounds."""

from __future__ import annotations

from typing import Annotated

import typer

from raftproof.commands import asking


def command(
    model: asking.ModelName = "",
    servers: asking.Count = None,
    values: asking.Count = None,
    max_term: asking.Count = None,
    max_log: asking.Count = None,
    max_in_flight: asking.Count = None,
    max_copies: asking.Count = None,
    bound: asking.Bound = None,
    faults: asking.Faults = "none",
    breaks: asking.Break = None,
    only: asking.Only = None,
    symmetry: asking.Symmetry = "server",
    workers: asking.Workers = "ALL",
    reduce: Annotated[str, typer.Option(metavar="none", help="Reductions.", rich_help_panel="How")] = "none",
    max_states: Annotated[
        int | None, typer.Option(help="Give up after so many states.", rich_help_panel="Limits", min=1)
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(metavar="BYTES", help="Give up before taking more; 3GB, 512MiB.", rich_help_panel="Limits"),
    ] = None,
    max_seconds: asking.Seconds = None,
    out: asking.Out = None,
    json_file: asking.JsonFile = None,
    list_models: Annotated[bool, typer.Option("--list", help="List the models, and stop.")] = False,
) -> None:
    """Explore every behavior of a model within bounds, and show what breaks.

    `raftproof check figure2` exhausts Raft as published with three servers. `--max-term 3 --faults restart` looks
    further. `--break vote_once --out broken` switches a rule off and draws what goes wrong. `raftproof check mine.py`
    checks a model of your own.

    Exit codes: 0 holds, 1 violated, 2 usage, 3 incomplete (a limit came first), 4 a bad model, 130 Ctrl-C.
    """
    from raftproof.commands.models import MODELS

    if list_models:
        for name, (_, sentence) in MODELS.items():
            print(f"{name:18} {sentence}")
        return
    if not model:
        asking.fail(f"name a model: {', '.join(MODELS)}, or your own as FILE.py[:NAME]", asking.USAGE)
    if reduce != "none":
        asking.fail(f"--reduce {reduce}: no reduction is known by this name; write none", asking.USAGE)
    from raftproof.checker.explore.compiled import BASE_BYTES, Limits
    from raftproof.checker.language import BoundsError, ModelError
    from raftproof.checker.run import check

    memory = asking.memory_limit(max_memory)
    if memory <= BASE_BYTES:
        asking.fail(f"--max-memory {max_memory}: a search needs at least {BASE_BYTES >> 20} MiB to begin", asking.USAGE)
    question = asking.question_of(
        model,
        {
            "servers": servers,
            "values": values,
            "max_term": max_term,
            "max_log": max_log,
            "max_in_flight": max_in_flight,
            "max_copies": max_copies,
        },
        bound or [],
        {
            "faults": faults,
            "broken": breaks,
            "symmetry": symmetry,
            "only": only,
            "workers": workers,
            "limits": Limits(max_states, memory, max_seconds),
        },
    )
    asking.prepare(out, json_file)
    try:
        with asking.progress_line() as progress:
            result = check(question, progress, asking.announce)
    except BoundsError as fault:
        asking.fail(str(fault), asking.USAGE)
    except ModelError as fault:
        asking.fail(str(fault), asking.BAD_MODEL)
    except KeyboardInterrupt:
        asking.fail("interrupted before the search began", asking.INTERRUPTED)
    asking.finish(result, out, json_file)
