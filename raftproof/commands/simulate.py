"""`raftproof simulate MODEL`: walk random behaviors."""

from __future__ import annotations

from typing import Annotated

import typer

from raftproof.commands import asking


def command(
    model: asking.ModelName,
    servers: asking.Count = None,
    values: asking.Count = None,
    max_term: asking.Count = None,
    max_log: asking.Count = None,
    max_in_flight: asking.Count = None,
    max_copies: asking.Count = None,
    bound: asking.Bound = None,
    behaviors: Annotated[int, typer.Option(help="How many behaviors.", min=1)] = 1000,
    length: Annotated[int, typer.Option(help="The most states of a behavior.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Where chance begins; the same seed walks the same behaviors.")] = 1,
    faults: asking.Faults = "none",
    breaks: asking.Break = None,
    only: asking.Only = None,
    max_seconds: asking.Seconds = None,
    out: asking.Out = None,
    json_file: asking.JsonFile = None,
) -> None:
    """Walk random behaviors of a model from a seed.

    For bounds that are too large to exhaust: `raftproof simulate figure2 --max-term 6 --max-log 4 --max-in-flight 4
    --faults restart,drop`. A violation is found by chance and is not the shortest.

    Exit codes: 0 none found, 1 violated, 2 usage, 3 incomplete, 4 a bad model, 130 Ctrl-C.
    """
    from raftproof.checker.explore.compiled import Limits
    from raftproof.checker.language import BoundsError, ModelError
    from raftproof.checker.run import simulate

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
            "symmetry": "none",
            "only": only,
            "workers": "1",
            "limits": Limits(seconds=max_seconds),
        },
    )
    asking.prepare(out, json_file)
    try:
        with asking.progress_line() as progress:
            result = simulate(question, behaviors, length, seed, progress, asking.announce)
    except BoundsError as fault:
        asking.fail(str(fault), asking.USAGE)
    except ModelError as fault:
        asking.fail(str(fault), asking.BAD_MODEL)
    except KeyboardInterrupt:
        asking.fail("interrupted before the walk began", asking.INTERRUPTED)
    asking.finish(result, out, json_file)
