"""Pages that show files of the repository, for the links that lead to them: `source/model/figure2.py#L-120`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_linked: set[str] = set()


def link_to(file: PurePosixPath) -> str:
    """The place in the site of a page that shows this file; the page is made at the end."""
    _linked.add(file.as_posix())
    return f"source/{file.as_posix()}.html"


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Called by Sphinx: every file that some page links to."""
    root = Path(app.srcdir).parent
    for name in sorted(_linked):
        body = f"<h1>{name}</h1>\n{_shown(root / name)}"
        yield f"source/{name}", {"title": name, "body": body}, "page.html"


def _shown(file: Path) -> str:
    try:
        lexer = get_lexer_for_filename(file.name)
    except ClassNotFound:
        lexer = get_lexer_for_filename("plain.txt")
    lines: HtmlFormatter[str] = HtmlFormatter(
        linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="highlight"
    )
    return highlight(file.read_text(), lexer, lines)
