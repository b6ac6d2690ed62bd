"""The names that the generated part of a kernel module defines, for tools that read `kernels.py` alone."""

from __future__ import annotations

from typing import Any

njit: Any
np: Any
OPTIONS: dict[str, Any]
INLINED: dict[str, Any]
ENTRY: dict[str, Any]
U: Any
WORDS: int
BATCH: int
BRANCH: int
NEED_STATE: Any
NEED_SIGHT: Any
at: Any
buffer: Any
part: Any
copy: Any
word: Any
less: Any
home: Any
peek: Any
compare_and_swap: Any
canonical: Any
fingerprint: Any
count_bits: Any
violations: Any
sights: Any
BROKEN: int
FAULTS: int
INVARIANTS: int
STEP_INVARIANTS: int
WITNESSES: int
STEP_WITNESSES: int
GOAL: int
FOUND: int
SEEN: int
STEP_SEEN: int
WORST_STATE: int
WORST_STEP: int
GENERATED: int
SPARE: int
PRINTS: int
ACTIONS: int
PARENTS: int
BUFFER: int
