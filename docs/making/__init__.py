"""How the documentation site is made: a small extension of Sphinx.

What code says is not written down a second time. A line `<!-- filled: NAME -->` of a page is replaced, when the site is
built, by what `making.filled` reads from the code: the command line, the language, the formats, the models, the paper
map. Links to files of the repository lead to pages that show them, and the gallery's pages are copied as they are.
"""

from __future__ import annotations

import re
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
    """The gallery is pages already; in the site they lead back to it, and to the lemmas that they name."""
    if fault is None and app.builder.format == "html":
        gallery = Path(app.outdir) / "gallery"
        shutil.copytree(Path(app.srcdir) / "gallery", gallery, dirs_exist_ok=True)
        for page in gallery.glob("*.html"):
            page.write_text(in_site(page.read_text(encoding="utf-8")), encoding="utf-8")


def in_site(page: str) -> str:
    """A page of the gallery as a page of the site; the pages that step through a behavior stay as they are."""
    home = '<p><a href="../index.html">raftproof: all pages</a></p>'
    page = page.replace("<body>\n<p><a", f"<body>\n{home}\n<p><a").replace("<body>\n<h1", f"<body>\n{home}\n<h1")
    return re.sub(r'<code class="lemma">(\w+)</code>', r'<a href="../proof/lemmas/\1.html">\1</a>', page)
