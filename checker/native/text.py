"""Lines of generated Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Text:
    """Python source that grows line by line, indented by `with text.block(...)`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def __call__(self, *lines: str) -> None:
        """Add lines at the present depth."""
        self._lines += ["    " * self._depth + line for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a head such as `if x:` and indent what follows."""
        self(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def function(self, head: str, inlined: bool = False) -> Iterator[None]:
        """Add a compiled function, which may be inlined wherever it is called."""
        self("", "", "@njit(**INLINED)" if inlined else "@njit(**OPTIONS)")
        with self.block(f"def {head}:"):
            yield

    @property
    def depth(self) -> int:
        """How far the next line is indented."""
        return self._depth

    def __str__(self) -> str:
        return "\n".join(self._lines) + "\n"
