"""`raftproof check MODEL`: explore every behavior within bounds."""

from __future__ import annotations

from typing import Annotated

import typer

from raftproof.commands import asking, reports


def command(
    model: asking.ModelName = "",
    servers: asking.Servers = None,
    values: asking.Values = None,
    max_term: asking.MaxTerm = None,
    max_log: asking.MaxLog = None,
    max_in_flight: asking.MaxInFlight = None,
    max_copies: asking.MaxCopies = None,
    bound: asking.Bound = None,
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
    junit: reports.JunitFile = None,
    sarif: reports.SarifFile = None,
    list_models: Annotated[bool, typer.Option("--list", help="List the models, and stop.")] = False,
) -> None:
    """Explore every behavior of a model within bounds, and show what breaks.

    `raftproof check figure2` exhausts Raft as published with three servers. `--max-term 3 --faults restart` looks
    further. `--break vote_once --out broken` switches a rule off and draws what goes wrong. `raftproof check mine.py`
    checks a model of your own.

    Exit codes: 0 holds, 1 violated, 2 usage, 3 incomplete (a limit came first), 4 a bad model, 130 Ctrl-C.
    """
    options = locals()
    if list_models:
        from raftproof.commands.models import MODELS

        for name, (_, sentence) in MODELS.items():
            print(f"{name:{max(map(len, MODELS))}}  {sentence}")
        return
    with reports.reported(("check", model), junit, sarif) as report:
        question = asking.question_of(options)
        from raftproof.checker.run import check

        asking.answer(
            lambda progress: check(question, progress, asking.announce),
            options,
            lambda result: report.tell_result(result, question),
        )
