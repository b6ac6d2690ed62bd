"""What is filled into the pages: `<!-- filled: NAME -->` becomes the text that NAME's function makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = re.compile(r"^<!-- filled: (\w+) -->$", re.MULTILINE)


def _fillers() -> dict[str, Callable[[], str]]:
    return {}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Called by Sphinx with a page's text, before it is parsed."""
    source[0] = MARK.sub(lambda mark: _fillers()[mark[1]](), source[0])
