"""All states that a search finds, in memory: for questions that no invariant asks."""

from __future__ import annotations

import tempfile

import numpy as np

from raftproof.checker.explore.compiled import Search
from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import build
from raftproof.checker.run import Question


def every_state(question: Question) -> Words:
    """The words of every state inside the bounds, one of each class of states that differ in names, level by level.

    A search that meets a violation ends after its level, and one that reaches a limit ends there.
    """
    layout = question.layout()
    kernels = build(question.model, layout)
    with tempfile.TemporaryFile() as kept:
        Search(kernels, question.interpreter(layout), question.workers, question.limits, _watched(question), kept).run()
        kept.seek(0)
        words: Words = np.frombuffer(kept.read(), np.uint64)
    return words


def _watched(question: Question) -> frozenset[str] | None:
    return None if question.only is None else frozenset(question.only)
