"""Builds a model's kernels, and the digest under which their compiled code is kept from one run to the next.

Compiled code is stored under a digest of *everything* that it was made from: the generated source, the sources of this
package and of the model's modules, every value that was frozen in, the layout, the versions of the compilers. A changed
bound or a changed line therefore never meets an old kernel; numba's own check would miss both.
"""

from __future__ import annotations

import enum
import hashlib
import inspect
import re
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

from raftproof.checker import language
from raftproof.checker.language.analysis import helpers_of
from raftproof.checker.language.errors import ModelError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Declared, Model
from raftproof.checker.native.batch import Batch, Plan, Words
from raftproof.checker.native.cache import DIGEST_LENGTH, module_of
from raftproof.checker.native.generate import BATCH, generate
from raftproof.checker.native.parameters import maps_of

ENTRY: dict[str, Any] = {"error_model": "numpy", "nogil": True}
OPTIONS: dict[str, Any] = ENTRY | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""How kernels are compiled that Python calls, and what only they call."""
INLINED: dict[str, Any] = OPTIONS | {"forceinline": True}
"""How small functions are compiled: numba clears a place on the stack for the answer of each call, on each entry."""
PLAIN = bool(numba.config.DISABLE_JIT)
"""Whether kernels run as plain Python (NUMBA_DISABLE_JIT=1): slow, and an oracle for the compiled ones."""
CHECKED = bool(numba.config.BOUNDSCHECK)
"""Whether kernels check indexes and buffers (NUMBA_BOUNDSCHECK=1)."""


@dataclass
class Kernels:
    """The compiled functions of a model under a layout."""

    words: int
    branch: int
    actions: int
    maps: int
    explore: Callable[..., tuple[int, int]]
    reach: Callable[..., int]
    rehome: Callable[..., None]
    canonical_in_place: Callable[[Words, Words], int]
    was_compiled: bool
    """Whether this took a compiler, rather than a stored result."""
    setup_seconds: float

    def batch(self) -> Batch:
        """Memory for a worker."""
        return Batch(Plan(self.words, self.actions, BATCH + self.branch + 1, self.maps))

    def canonical(self, state: int) -> tuple[int, int]:
        """The representative of a state's class, and its fingerprint."""
        block = to_words(state, self.words)
        fingerprint = self.canonical_in_place(block, self.batch().memory)
        return from_words(block), int(fingerprint)


def to_words(state: int, words: int) -> Words:
    """A state's integer as an array of 64-bit words."""
    return np.frombuffer(state.to_bytes(words * 8, "little"), dtype=np.uint64).copy()


def from_words(words: Words) -> int:
    """The integer of an array of words."""
    return int.from_bytes(words.tobytes(), "little")


def build(
    model: Model,
    layout: Layout,
    announce: Callable[[str], None] | None = None,
    examine: Callable[[], None] | None = None,
) -> Kernels:
    """Compile a model's kernels, or load them if the same ones were compiled before.

    `examine` is called the first time, and may refuse the model; `announce` is told when compilation begins.
    """
    begun = time.perf_counter()
    source = generate(model, layout, "plain" if PLAIN else "primitives")
    functions = functions_of(model)
    digest = digest_of(model, layout, source, functions)

    def at_first() -> None:
        if examine:
            examine()
        if announce and not PLAIN:
            announce(f"compiling {model.name} for these bounds, once; this takes some seconds")

    module = module_of("kernel", digest, source, lambda: namespace(layout, functions), at_first)
    if PLAIN:
        vars(module).update({name: _wrapping(vars(module)[name]) for name in ("explore", "canonical_in_place")})
    kernels = Kernels(
        words=module.WORDS,
        branch=module.BRANCH,
        actions=len(model.actions),
        maps=maps_of(model, layout),
        explore=module.explore,
        reach=module.reach,
        rehome=module.rehome,
        canonical_in_place=module.canonical_in_place,
        was_compiled=False,
        setup_seconds=0.0,
    )
    try:
        _warm_up(kernels)
    except numba.core.errors.NumbaError as fault:
        raise _refused(model, fault, list(functions.values())) from fault
    if not PLAIN:
        kernels.was_compiled = any(module.explore.stats.cache_misses.values())
    kernels.setup_seconds = time.perf_counter() - begun
    return kernels


def _warm_up(kernels: Kernels) -> None:
    """Call each kernel once on nothing, so that compilation is over before the search begins."""
    memory = kernels.batch().memory
    block = np.zeros(kernels.words, np.uint64)
    table = np.zeros(64, np.uint64)
    kernels.explore(block, 0, 0, block, 0, table, 0, memory)
    kernels.canonical_in_place(block.copy(), memory)
    kernels.rehome(table, 0, kernels.reach(table, 64, 0, 64), table)


def _refused(model: Model, fault: Exception, functions: list[Callable[..., Any]]) -> ModelError:
    """What the compiler could not give a meaning, at the line of the model that it names first."""
    files = {inspect.getsourcefile(f) or "" for f in _reached(functions)}
    text = str(fault)
    named = re.findall(r'"([^"]+)", line (\d+)|at (\S+) \((\d+)\)', text)
    places = [(first or second, line or other) for first, line, second, other in named]
    file, line = next(((f, n) for f, n in places if f in files), (next(iter(files), "?"), "0"))
    skipped = ("Failed in", "- Resolution", "There are", "During")
    lines = [words for words in map(str.strip, text.splitlines()) if words and not words.startswith(skipped)]
    reason = lines[0] if lines else type(fault).__name__
    return ModelError(
        f"{file}:{line}: {model.name} cannot be compiled: {reason}; a type checker such as mypy says more"
    )


def namespace(layout: Layout, functions: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """What the generated source finds under its free names."""
    if PLAIN:
        from raftproof.checker.native import plain

        return {
            "OPTIONS": {},
            "INLINED": {},
            "ENTRY": {},
            "at": plain.state_at(layout),
            "buffer": plain.buffer,
            **functions,
        }
    from raftproof.checker.native import primitives
    from raftproof.checker.native.places import StateType

    at = primitives.state_at(StateType(layout, CHECKED))
    buffer = primitives.buffer_of(CHECKED)
    return {
        "OPTIONS": OPTIONS,
        "INLINED": INLINED,
        "ENTRY": ENTRY,
        "at": at,
        "buffer": buffer,
        **_compiled(functions),
    }


def _wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
    """A plain kernel whose sums of words wrap around without a word, as compiled ones do."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        with np.errstate(over="ignore"):
            return function(*arguments)

    return call


def functions_of(model: Model) -> dict[str, Callable[..., Any]]:
    """The model's functions under the names that the generated source calls them by."""
    named: dict[str, Callable[..., Any]] = {}
    groups: dict[str, Sequence[Declared]] = {
        "action": model.actions,
        "invariant": model.invariants,
        "step_invariant": model.action_invariants,
        "witness": [w for w in model.witnesses if w.states == 1],
        "step_witness": [w for w in model.witnesses if w.states == 2],
        "constraint": model.constraints,
        "live": model.lives,
        "reduction": model.reductions,
    }
    for group, declared in groups.items():
        named |= {f"{group}_{k}": d.function for k, d in enumerate(declared)}
    named |= {f"then_{k}": a.then for k, a in enumerate(model.actions) if a.then}
    for k, action in enumerate(model.actions):
        named |= {f"where_{k}_{p}": given.where for p, given in enumerate(action.parameters) if given.where}
    return named


def _compiled(functions: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """The same code objects, with compiled helpers where they call plain ones; a division by zero is an error in them.

    Nothing is kept from one model to the next: what a function's names stand for may have changed in between.
    """
    twins: dict[Any, Any] = {}

    def twin_of(function: Any) -> Any:
        if function not in twins:
            helpers = {name: twin_of(helper) for name, helper in helpers_of(function).items()}
            names = function.__globals__ | helpers
            twin = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__)
            twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
            twins[function] = numba.njit(twin, **(INLINED | {"error_model": "python"}))
        return twins[function]

    return {name: twin_of(function) for name, function in functions.items()}


# --------------------------------------------------------------------------------------------------- the digest


def digest_of(model: Model, layout: Layout, source: str, functions: dict[str, Callable[..., Any]]) -> str:
    """Of everything that compiled code is made from."""
    reached = _reached(list(functions.values()))
    called = [(name, _definition(f)) for name, f in functions.items()]
    frozen = sorted({f"{_definition(f)}: {n}={v}" for f in reached for n, v in _frozen(f)})
    modules = {inspect.getsourcefile(f) or "" for f in reached}
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__)
    text = repr((model.name, layout.key, source, called, frozen, versions, CHECKED, PLAIN))
    digest = hashlib.sha256(text.encode())
    for path in [*_own_sources(), *sorted(map(Path, modules))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGEST_LENGTH]


@cache
def _own_sources() -> list[Path]:
    rooms = (Path(language.__file__).parent, Path(__file__).parent)
    return [path for room in rooms for path in sorted(room.glob("*.py"))]


def _reached(functions: list[Callable[..., Any]]) -> list[Any]:
    """The functions and all helpers that they call, each once."""
    reached: dict[Any, None] = {}
    waiting: list[Any] = list(functions)
    while waiting:
        function = waiting.pop()
        if function not in reached:
            reached[function] = None
            waiting += helpers_of(function).values()
    return list(reached)


def _definition(function: Any) -> str:
    """Which function of its file it is: two models of one file may call different ones by the same name."""
    return f"{function.__module__}.{function.__qualname__}:{function.__code__.co_firstlineno}"


def _frozen(function: Any) -> Iterator[tuple[str, str]]:
    """The global values that compilation freezes into a function, and the helpers that it calls."""
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, types.FunctionType):
            yield name, _definition(value)
        elif isinstance(value, type) and issubclass(value, enum.IntEnum):
            yield name, repr({m.name: int(m) for m in value})
        elif isinstance(value, type) and hasattr(value, "_fields"):
            yield name, repr(value._fields)
        elif isinstance(value, int | bool | tuple):
            yield name, repr(value)
