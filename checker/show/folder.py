"""Everything that a result can be shown as, in one folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from raftproof.checker.result import DamagedResult, Result, from_json, to_json
from raftproof.checker.show.text import result_text

if TYPE_CHECKING:
    import graphviz


_NAMES = [
    "counterexample.txt",
    "counterexample.itf.json",
    "spacetime.svg",
    "index.html",
    "logs.svg",
    "story.svg",
    "result.txt",
    "path.dot",
    "path.svg",
    "states.dot",
    "states.svg",
]
"""What a folder may hold beside the result and its command."""


class Written(NamedTuple):
    """The files of a folder, and a sentence for each that could not be made."""

    files: list[Path]
    notes: list[str]


def write_all(result: Result, directory: Path) -> Written:
    """Write a result in every form into a folder, which is made if it is missing.

    Always `result.json` and `command.txt`. With a violation `counterexample.txt`, `counterexample.itf.json`,
    `spacetime.svg`, `index.html`, `path.dot` and `path.svg`, and for a model with logs `story.svg` and `logs.svg`;
    without one `result.txt`. With the graph of all states `states.dot` and `states.svg`. What an earlier result left
    is removed, so that no old counterexample stands beside a result without one.
    """
    written = Written([], [])
    directory.mkdir(parents=True, exist_ok=True)
    _remove_earlier(directory)

    def put(name: str, content: str) -> None:
        (directory / name).write_text(content, encoding="utf-8")
        written.files.append(directory / name)

    put("result.json", to_json(result).decode())
    put("command.txt", result.command + "\n")
    put("result.txt" if result.violation is None else "counterexample.txt", result_text(result))
    if result.violation is not None:
        _put_counterexample(result, put)
    for name, graph in _graphs(result).items():
        put(f"{name}.dot", graph.source)
        _put_picture(name, graph, put, written.notes)
    return written


def _remove_earlier(directory: Path) -> None:
    """The files of an earlier result, if there is one; of others' files nothing is touched."""
    with suppress(DamagedResult):
        from_json(directory / "result.json")
        for name in _NAMES:
            (directory / name).unlink(missing_ok=True)


def _put_counterexample(result: Result, put: Callable[[str, str], None]) -> None:
    from raftproof.checker.show.html import result_html
    from raftproof.checker.show.itf import itf_json
    from raftproof.checker.show.loggrid import grid_svg
    from raftproof.checker.show.moments import moments_svg
    from raftproof.checker.show.spacetime import spacetime_svg

    put("counterexample.itf.json", itf_json(result))
    put("spacetime.svg", spacetime_svg(result))
    put("index.html", result_html(result))
    if result.shape.view is not None:
        put("logs.svg", grid_svg(result))
        if result.shape.actors is not None:
            put("story.svg", moments_svg(result))


def _graphs(result: Result) -> dict[str, graphviz.Digraph]:
    from raftproof.checker.show.graphs import path_graph, state_graph

    path = {} if result.violation is None else {"path": path_graph(result)}
    return path if result.graph is None else path | {"states": state_graph(result)}


def _put_picture(name: str, graph: graphviz.Digraph, put: Callable[[str, str], None], notes: list[str]) -> None:
    from raftproof.checker.show.graphs import NoDot, svg_of

    try:
        put(f"{name}.svg", svg_of(graph))
    except NoDot as reason:
        notes.append(f"No {name}.svg: {reason}")
