"""How the documentation site is made: a small extension of Sphinx.

What code says is not written down a second time. A line `<!-- filled: NAME -->` of a page is replaced, when the site is
built, by what `making.filled` reads from the code: the command line, the language, the formats, the models, the paper
map. Links to files of the repository lead to pages that show them, and the gallery's pages are copied as they are.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from making import filled, links, sources

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx: what is to happen when."""
    app.connect("source-read", filled.fill)
    app.add_transform(links.RepositoryLinks)
    app.connect("html-collect-pages", sources.pages)
    app.connect("build-finished", copy_gallery)
    # Linked files are gathered while pages are read: the whole is read each time (sphinx-build -E), by one process.
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def copy_gallery(app: Sphinx, fault: Exception | None) -> None:
    """The gallery is pages already; they refer to each other by their names in one folder."""
    if fault is None and app.builder.format == "html":
        shutil.copytree(Path(app.srcdir) / "gallery", Path(app.outdir) / "gallery", dirs_exist_ok=True)
