"""What is said of a name that nobody knows: the one that was probably meant, before all that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def perhaps(name: str, known: Iterable[str]) -> str:
    """` (did you mean vote_once?)`; nothing where no name is near."""
    by_small = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_small, n=1)
    return f" (did you mean {by_small[near[0]]}?)" if near else ""


__all__ = ["perhaps"]
