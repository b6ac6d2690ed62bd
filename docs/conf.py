"""The documentation site: `make docs` builds it into docs/_build, offline, with every warning an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the package `making` beside this file

project = "raftproof"
version = release = version_of("raftproof")
copyright = "the authors of raftproof"

extensions = ["myst_parser", "making"]
myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 4
nitpicky = True
exclude_patterns = ["_build", "gallery", "making"]
suppress_warnings = ["toc.not_included"]
"""The sidebar is short; that every page is reached from another one, a test sees (tests/docs/test_links.py)."""

html_theme = "furo"
html_static_path = ["making/static"]
html_css_files = ["site.css"]
html_title = "raftproof"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # a browser refuses to fetch the found pages from a disk
# The ink, the signal colour and the message colour of the pictures (checker/show/style.py).
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00527f", "color-brand-content": "#00527f"},
    "dark_css_variables": {"color-brand-primary": "#7cc4ee", "color-brand-content": "#7cc4ee"},
}
pygments_style = "default"
pygments_dark_style = "github-dark"
