"""Links of the pages lead somewhere, and every page is led to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Page, read, read_text

READ = {path: read(path) for path in PAGES}
ELSEWHERE = ("http://", "https://", "mailto:")


def _targets(page: Page) -> list[tuple[int, Path, str]]:
    """The files that a page links to: line, path, anchor."""
    found = []
    for line, link in page.links:
        if not link.startswith(ELSEWHERE):
            path, _, anchor = link.partition("#")
            found.append((line, (page.path.parent / path).resolve() if path else page.path, anchor))
    return found


def _faults(page: Page) -> list[str]:
    faults = []
    for line, file, anchor in _targets(page):
        if not file.exists() and file != page.path:
            faults.append(f"{page.name}:{line}: there is no {file.relative_to(ROOT)}")
        elif anchor and file.suffix == ".md" and anchor not in (page if file == page.path else read(file)).anchors:
            faults.append(f"{page.name}:{line}: {file.relative_to(ROOT)} has no heading #{anchor}")
    return faults


@pytest.mark.parametrize("page", READ.values(), ids=lambda page: page.name)
def test_every_link_leads_to_something_that_exists(page: Page) -> None:
    assert not _faults(page)


def test_a_link_to_nothing_is_found() -> None:
    text = "# Here\n\n[a](docs/nowhere.md) [b](#here) [c](#there) [d](README.md#no-such) ![e](docs/images/no.svg)\n"
    assert [fault.split(": ")[1] for fault in _faults(read_text(ROOT / "page.md", text))] == [
        "there is no docs/nowhere.md",
        "page.md has no heading #there",
        "README.md has no heading #no-such",
        "there is no docs/images/no.svg",
    ]


def test_every_page_is_led_to_from_another() -> None:
    """By a link, or by the site's table of contents, whose entries may be patterns."""
    docs = ROOT / "docs"
    led_to = {file for page in READ.values() for _, file, _ in _targets(page)}
    led_to |= {first for file in led_to if file.is_dir() for first in file.glob("README.md")}
    for entry in (docs / "index.md").read_text().splitlines():
        if entry and " " not in entry and "`" not in entry and ":" not in entry and "#" not in entry:
            led_to |= set(docs.glob(f"{entry}.md"))
    alone = {page.name for page in READ.values() if page.path not in led_to}
    assert alone <= {"README.md", "docs/index.md"}, "link to it, or name it in docs/index.md"


def test_every_entry_of_the_table_of_contents_is_a_page() -> None:
    docs = ROOT / "docs"
    inside = False
    for line in (docs / "index.md").read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```{toctree}"
        elif inside and line and not line.startswith(":"):
            assert list(docs.glob(f"{line}.md")), line
