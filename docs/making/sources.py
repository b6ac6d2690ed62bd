"""Pages that show files of the repository, for the links that lead to them: `source/model/figure2.py#L-120`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
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
    done: set[str] = set()
    while left := sorted(_linked - done):  # a folder's page links to more
        for name in left:
            shown = _listed(root, root / name) if (root / name).is_dir() else _shown(root / name)
            yield f"source/{name}", {"title": name, "body": f"<h1>{name}</h1>\n{shown}"}, "page.html"
        done.update(left)


def _listed(root: Path, folder: Path) -> str:
    """A folder's files, each with its page."""
    files = sorted(f for f in folder.iterdir() if f.suffix in (".py", ".md", ".json", ".txt"))
    up = "../" * (len(folder.relative_to(root).parts))
    links = (f'<a href="{up}{link_to(PurePosixPath(f.relative_to(root)))}">{escape(f.name)}</a>' for f in files)
    return "<ul>" + "".join(f"<li>{link}</li>" for link in links) + "</ul>"


def _shown(file: Path) -> str:
    try:
        lexer = get_lexer_for_filename(file.name)
    except ClassNotFound:
        lexer = get_lexer_for_filename("plain.txt")
    lines: HtmlFormatter[str] = HtmlFormatter(
        linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="highlight"
    )
    return str(highlight(file.read_text(), lexer, lines))
