"""The set of fingerprints grows in place and loses nothing: at any size and load, at the ends of the table too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
from grid import model

from raftproof.checker.native import table as tables
from raftproof.checker.native.batch import Words
from raftproof.checker.native.build import PLAIN, build
from raftproof.checker.native.table import FingerprintTable, spread
from raftproof.checker.run import Question

KERNELS = build(model, Question(model, symmetric=()).layout())
TOP = 1 << 64


def insert(cells: Words, fingerprint: int) -> None:
    """Linear probing from the upper half of fingerprint * size."""
    place = fingerprint * len(cells) >> 64
    while cells[place] not in (0, fingerprint):
        place = (place + 1) % len(cells)
    cells[place] = fingerprint


def is_found(cells: Words, fingerprint: int) -> bool:
    """Whether probing from its home meets a fingerprint before an empty cell."""
    place = fingerprint * len(cells) >> 64
    while cells[place] != 0:
        if cells[place] == fingerprint:
            return True
        place = (place + 1) % len(cells)
    return False


def fingerprints(chance: Random, count: int, shape: str) -> list[int]:
    """Spread evenly; crowded at one place; crowded at the end of the table, so that probes go round to its start."""
    if shape == "even":
        return [chance.randrange(1, TOP) for _ in range(count)]
    middle = chance.randrange(TOP // 4, TOP // 2) if shape == "crowded" else TOP - 1
    return [max(1, middle - chance.randrange(TOP >> 7)) for _ in range(count)]


@pytest.mark.parametrize("shape", ["even", "crowded", "around the end"])
@pytest.mark.parametrize("load", [0.1, 0.7, 1.0])
@pytest.mark.parametrize("size", [64, 1000, 4096])
@pytest.mark.parametrize("share", [16, tables.SHARE], ids=["by two workers", "by one"])
def test_a_table_that_was_lengthened_holds_what_it_held(
    share: int, size: int, load: float, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "SHARE", share)
    chance = Random(f"{size} {load} {shape}")
    wanted = set(fingerprints(chance, int(size * load * (0.5 if PLAIN else 1)), shape))
    cells = np.zeros(2 * size, np.uint64)
    for fingerprint in wanted:
        insert(cells[:size], fingerprint)
    with ThreadPoolExecutor(2) as executor:
        spread(KERNELS, cells, size, executor)
    assert set(cells.tolist()) - {0} == wanted
    assert np.count_nonzero(cells) == len(wanted)
    assert all(is_found(cells, fingerprint) for fingerprint in wanted)


def test_a_table_grows_from_small_to_large_and_counts_its_room() -> None:
    chance, wanted = Random(1), set[int]()
    table = FingerprintTable(KERNELS, cells=512)
    for _ in range(4):
        for fingerprint in fingerprints(chance, table.room(len(wanted)), "even"):
            insert(table.cells, fingerprint)
            wanted.add(fingerprint)
        assert table.room(len(wanted)) == 0
        with ThreadPoolExecutor(1) as executor:
            table.grow(executor)
    assert len(table.cells) == 512 << 4
    assert table.bytes == 8 * len(table.cells)
    assert set(table.cells.tolist()) - {0} == wanted
    assert all(is_found(table.cells, fingerprint) for fingerprint in wanted)
