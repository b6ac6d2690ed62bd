"""Graphs through graphviz: the counterexample as a path, and all states of a small model.

The source (DOT) can always be written. A picture of it needs the program `dot`; where that is not installed, `NoDot`
says so in a sentence that a command can print.
"""

from __future__ import annotations

import itertools

import graphviz

from raftproof.checker.result import DamagedResult, Graph, Result
from raftproof.checker.show.behavior import behavior_of, key_of
from raftproof.checker.show.style import FACT, FACT_FILL, SOFT
from raftproof.checker.show.words import changes_of, containers_of, count_text, message_name, step_text, value_text

STATES_MAX = 400
"""Beyond this many states a picture takes minutes and shows nothing."""

_FONT = {"fontname": "DejaVu Sans Mono, Menlo, Consolas, monospace", "fontsize": "11"}


class NoDot(Exception):
    """The picture cannot be made; the message says why and what to do."""


def path_graph(result: Result) -> graphviz.Digraph:
    """The counterexample: a node a state with what the step changed, an edge a step; the last one is the violation."""
    behavior = behavior_of(result)
    graph = _empty(f"A counterexample to {behavior.violation.property}")
    graph.node("0", _left_lines(["0  the initial state"]), peripheries="2")
    for move in behavior.moves:
        changes = changes_of(move.step, behavior.shape)
        lines = [f"{move.number}", *(f"{place}: {before} → {after}" for place, before, after in changes)]
        lines += [f"+ {message_name(flight.message, behavior.shape)}" for flight in move.sent]
        lines += [f"- {message_name(flight.message, behavior.shape)}" for flight in move.received]
        last = move.number == len(behavior.moves)
        if last:
            lines += [f"{n}. {fact.text}" for n, fact in enumerate(behavior.facts, start=1)]
        graph.node(str(move.number), _left_lines(lines), **(_violated() if last else {}))
        graph.edge(str(move.number - 1), str(move.number), " " + graphviz.escape(step_text(move.step, behavior.shape)))
    return graph


def state_graph(result: Result) -> graphviz.Digraph:
    """Every state of a small model and the steps between them, but for those that change nothing.

    The counterexample's way through them is bold.
    """
    if result.graph is None:
        raise ValueError("the result has no state graph")
    graph, shape = result.graph, result.shape
    _check_graph(graph)
    picture = _empty(f"The {count_text(len(graph.states), 'states')} of {result.model}")
    way = _way(result, graph)
    shown = _varying(graph)
    for number, state in enumerate(graph.states):
        lines = [f"{name} {value_text(state[name], containers_of(name, shape))}" for name in shown]
        look = {"peripheries": "2"} if number == 0 else {}
        if way and number == way[-1]:
            look = _violated()
        picture.node(str(number), _left_lines(lines), **look)
    steps = set(itertools.pairwise(way))
    between: dict[tuple[int, int], list[str]] = {}
    for source, dest, action in graph.edges:
        if source != dest:
            between.setdefault((source, dest), []).append(graphviz.escape(action.removesuffix("()")))
    for (source, dest), actions in between.items():
        bold = (source, dest) in steps
        look = {"penwidth": "3", "color": FACT, "fontcolor": FACT} if bold else {"color": SOFT, "fontcolor": SOFT}
        picture.edge(str(source), str(dest), " " + "\\n".join(actions), **look)
    return picture


def svg_of(graph: graphviz.Digraph) -> str:
    """The picture that `dot` makes; raises NoDot where there is no such program, or where it would never end."""
    nodes = sum("[label=" in line and " -> " not in line for line in graph.body)
    if nodes > STATES_MAX:
        raise NoDot(f"The graph has {count_text(nodes, 'states')}, too many to draw; it is left as source (.dot).")
    try:
        return str(graph.pipe(format="svg", encoding="utf-8"))
    except graphviz.ExecutableNotFound:
        raise NoDot(
            "The program `dot` of graphviz is not installed, so the graph is left as source (.dot); "
            "install the package graphviz to have the picture."
        ) from None


def _empty(title: str) -> graphviz.Digraph:
    frame = {"label": graphviz.escape(title), "labelloc": "t", "bgcolor": "white"} | _FONT
    box = {"shape": "box", "style": "rounded"} | _FONT
    return graphviz.Digraph(graph_attr=frame, node_attr=box, edge_attr=_FONT)


def _violated() -> dict[str, str]:
    return {"peripheries": "1", "penwidth": "3", "color": FACT, "style": "rounded,filled", "fillcolor": FACT_FILL}


def _left_lines(lines: list[str]) -> str:
    """A label of lines that begin at the left."""
    return str(graphviz.escape("\n".join(lines))).replace("\n", "\\l") + "\\l"


def _check_graph(graph: Graph) -> None:
    """Every state has the same fields, and every step leads from a state to a state."""
    for number, state in enumerate(graph.states):
        if not isinstance(state, dict) or state.keys() != graph.states[0].keys():
            raise DamagedResult(f"state {number} of the graph has not the fields of state 0")
    for source, dest, action in graph.edges:
        if not (0 <= source < len(graph.states) and 0 <= dest < len(graph.states)):
            raise DamagedResult(f"the graph's step {action} leads from state {source} to {dest}, and one is missing")


def _varying(graph: Graph) -> list[str]:
    """The fields that are not the same in every state; the others would only fill the nodes."""
    first = graph.states[0] if graph.states else {}
    return [name for name in first if any(state[name] != first[name] for state in graph.states)]


def _way(result: Result, graph: Graph) -> list[int]:
    """The counterexample's states in the graph, as far as the graph has them; symmetry may have merged some."""
    if result.violation is None:
        return []
    number_of = {key_of(state): number for number, state in enumerate(graph.states)}
    found = [number_of.get(key_of(state)) for state in behavior_of(result).states]
    return [number for number in found if number is not None] if None not in found else []
