"""All states of a compiled search, as words."""

from __future__ import annotations

import tempfile

import numpy as np

from raftproof.checker.explore.compiled import Search
from raftproof.checker.language import Layout
from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import build
from raftproof.checker.run import Question


def states_of(question: Question) -> tuple[Layout, Words]:
    """All states of a search, one of each class, a row of words each."""
    layout = question.layout()
    kernels = build(question.model, layout)
    with tempfile.TemporaryFile() as keep:
        outcome = Search(kernels, question.interpreter(layout), 2, keep=keep).run()
        assert not outcome.worst
        assert not outcome.reason
        keep.seek(0)
        words = np.frombuffer(keep.read(), dtype=np.uint64)
    return layout, words.reshape(-1, kernels.words)
