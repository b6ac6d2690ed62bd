"""What is filled into the pages: `<!-- filled: NAME -->` becomes the text that NAME's function makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from making import command_line, formats, language, models, paper_map

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = re.compile(r"^<!-- filled: (\w+) -->$", re.MULTILINE)


FILLERS: dict[str, Callable[[], str]] = {
    "command_line": command_line.reference,
    "language": language.reference,
    "models": models.reference,
    "figure_3": models.figure_3,
    "rules": models.rules,
    "result_file": formats.result_file,
    "trace_file": formats.trace_file,
    "other_files": formats.others,
    "paper_map": paper_map.table,
}


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    """Called by Sphinx with a page's text, before it is parsed."""
    source[0] = MARK.sub(lambda mark: FILLERS[mark[1]](), source[0])
