"""Generates loops over all values of parameters; a Map that an action takes is one word, eight bits for each key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Action, Model, Parameter
from raftproof.checker.language.nodes import WORD
from raftproof.checker.native.text import Text

MOST_BRANCH = 1 << 16
"""The most successors of a state of a model whose actions take Maps; one that has more is an error."""
MOST_VALUES = WORD
"""The most values that a Map which an action takes has for a key: which of them are allowed is one word."""


def enter_loops(
    text: Text, layout: Layout, parameters: Sequence[Parameter], loops: ExitStack, message: str, number: int = 0
) -> list[str]:
    """Open a loop for each parameter of action `number`; `message` is the name of a message that is at hand."""
    names: list[str] = []
    for k, parameter in enumerate(parameters):
        sort, key = parameter.sort(layout), parameter.key(layout)
        if sort is None:
            if not message:
                raise BoundsError(f"{parameter.name}: only actions have messages as parameters")
            names.append(message)
            continue
        if key is not None:
            masks = f"MASKS + {8 * sum(1 for p in parameters[:k] if p.key(layout) is not None)}"
            for j in range(key.size):
                asked = ", ".join(["s", *names, str(key.first + j)])
                text(f"b[{masks} + {j}] = U(allowed_{number}_{k}({asked}))")
            loops.enter_context(_choices(text, f"w{k}", f"b, {masks}, {key.size}"))
            text(f"y{k} = choice(w{k})")
        else:
            loops.enter_context(text.block(f"for y{k} in range({sort.first}, {sort.last + 1}):"))
            if parameter.where:
                asked = ", ".join(["s", *names, f"y{k}"])
                loops.enter_context(text.block(f"if where_{number}_{k}({asked}):"))
        names.append(f"y{k}")
    return names


@contextmanager
def _choices(text: Text, name: str, masks: str) -> Iterator[None]:
    """A loop over every choice of an allowed value for each key."""
    text(f"{name} = first_choice({masks})")
    with text.block(f"while {name} >= 0:"):
        yield
        text(f"{name} = next_choice({masks}, {name})")


def generate_masks(text: Text, layout: Layout, number: int, action: Action) -> None:
    """Emit allowed_k_p(s, …, j): which values the Map that is parameter p of action k may have for the key j."""
    names = [f"y{k}" for k in range(len(action.parameters))]
    for k, parameter in enumerate(action.parameters):
        sort, key = parameter.sort(layout), parameter.key(layout)
        if sort is None or key is None:
            continue
        if sort.last >= MOST_VALUES or key.size > 8:
            raise BoundsError(
                f"{parameter.name}: a Map that an action takes has at most 8 keys and values below {MOST_VALUES}; "
                "lower a bound"
            )
        arguments = ", ".join(["s", *names[:k], "j"])
        with text.function(f"allowed_{number}_{k}({arguments})"):
            text("mask = np.int64(0)")
            with ExitStack() as loops:
                loops.enter_context(text.block(f"for v in range({sort.first}, {sort.last + 1}):"))
                if parameter.where:
                    loops.enter_context(text.block(f"if where_{number}_{k}({arguments}, v):"))
                text("mask |= np.int64(1) << np.int64(v)")
            text("return mask")


def branch_of(model: Model, layout: Layout) -> int:
    """The most successors that a state can have; of a model whose actions take Maps, at most MOST_BRANCH."""
    total = 0
    for action in model.actions:
        ways = 1
        for parameter in action.parameters:
            sort, key = parameter.sort(layout), parameter.key(layout)
            ways *= (sort.size if sort is not None else layout.bag.limit if layout.bag else 0) ** (
                key.size if key else 1
            )
        total += ways
    return min(total, MOST_BRANCH) if maps_of(model, layout) else total


def maps_of(model: Model, layout: Layout) -> int:
    """The most Maps that an action takes."""
    return max((sum(1 for p in a.parameters if p.key(layout) is not None) for a in model.actions), default=0)
