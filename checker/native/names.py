"""The names that the generated part of a kernel module defines, for tools that read `kernels.py` alone."""

from __future__ import annotations

from typing import Any

njit: Any
OPTIONS: dict[str, Any]
U: Any
WORDS: int
BRANCH: int
NEED_STATE: Any
NEED_SIGHT: Any
at: Any
copy: Any
word: Any
less: Any
home: Any
peek: Any
compare_and_swap: Any
canonical: Any
fingerprint: Any
successors: Any
violations: Any
sights: Any
