"""Links of the pages that do not lead to another page of the site.

A page is read in the repository too, so its links are relative paths of files. In the site a link to a folder leads to
the folder's first page, one to the gallery to the copied gallery, one to any other file of the repository to a page
that shows the file; the title "line 12" of a link says which line of it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from making import sources

FIRST_PAGES = ("README.md", "index.md")


class RepositoryLinks(SphinxTransform):
    """Replaces links to folders, to the gallery and to files outside of docs/."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Called by Sphinx for each page that was read."""
        for node in [
            *self.document.findall(addnodes.download_reference),
            *self.document.findall(addnodes.pending_xref),
        ]:
            if node.get("reftype") == "myst" and node.get("refdomain") is None:
                self._replace(node)

    def _replace(self, node: nodes.Element) -> None:
        path, _, anchor = str(node["reftarget"]).partition("#")
        line = re.fullmatch(r"line (\d+)", node.get("reftitle", ""))
        docs = Path(self.env.srcdir)
        file = (docs / self.env.docname).parent / path
        if not path or not file.exists():
            return  # Sphinx says so
        where = self._place_in_site(file.resolve(), docs)
        if where is None:
            return  # a file of docs/, copied by Sphinx
        up = "../" * self.env.docname.count("/")
        anchor = f"L-{line[1]}" if line else anchor
        uri = f"{up}{where}" + (f"#{anchor}" if anchor else "")
        children = [nodes.inline("", child.astext()) for child in node.children] if not node["refexplicit"] else None
        node.replace_self(nodes.reference("", "", *(children or node.children), refuri=uri, internal=True))

    def _place_in_site(self, file: Path, docs: Path) -> str | None:
        root = docs.parent
        inside = PurePosixPath(file.relative_to(root).as_posix())
        if file.is_relative_to(docs / "gallery"):
            page = file / "index.html" if file.is_dir() else file
            return page.relative_to(docs).as_posix()
        if file.is_dir():
            first = next((file / name for name in FIRST_PAGES if (file / name).exists()), None)
            if first is None or not first.is_relative_to(docs):
                return sources.link_to(inside)
            return first.relative_to(docs).with_suffix(".html").as_posix()
        if file.is_relative_to(docs) and file.suffix not in (".py", ".sh"):
            return None
        return sources.link_to(inside)
