"""`raftproof simulate MODEL`: walk random behaviors."""

from __future__ import annotations

from typing import Annotated

import typer

from raftproof.commands import asking


def command(
    model: asking.ModelName,
    servers: asking.Servers = None,
    values: asking.Values = None,
    max_term: asking.MaxTerm = None,
    max_log: asking.MaxLog = None,
    max_in_flight: asking.MaxInFlight = None,
    max_copies: asking.MaxCopies = None,
    bound: asking.Bound = None,
    behaviors: Annotated[int, typer.Option(help="How many behaviors.", min=1)] = 1000,
    length: Annotated[int, typer.Option(help="The most states of a behavior.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Where chance begins; the same seed walks the same behaviors.")] = 1,
    faults: asking.Faults = "none",
    breaks: asking.Break = None,
    only: asking.Only = None,
    symmetry: asking.Symmetry = "server",
    workers: asking.Workers = "ALL",
    reduce: asking.Reduce = "none",
    max_states: asking.States = None,
    max_memory: asking.Memory = None,
    max_seconds: asking.Seconds = None,
    out: asking.Out = None,
    json_file: asking.JsonFile = None,
) -> None:
    """Walk random behaviors of a model from a seed.

    For bounds that are too large to exhaust: `raftproof simulate figure2 --max-term 6 --max-log 4 --max-in-flight 4
    --faults restart,drop`. A violation is found by chance and is not the shortest. The seed alone decides which
    behaviors are walked, by one thread, one after the other: `--workers` is taken as in `check` and changes nothing.

    Exit codes: 0 none found, 1 violated, 2 usage, 3 incomplete, 4 a bad model, 130 Ctrl-C.
    """
    options = locals()
    question = asking.question_of(options)
    from raftproof.checker.run import simulate

    asking.answer(
        lambda progress: simulate(question, behaviors, length, seed, progress, asking.announce),
        options,
    )
