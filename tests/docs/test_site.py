"""The site is built without a warning, needs no network, and holds what only it can show."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from making import command_line, filled, formats, in_site, language

from tests.docs.pages import ROOT

ELSEWHERE = re.compile(r"""(?:src|href)=["'](https?://[^"']+\.(?:js|css|woff2?|ttf))|@import\s+url\(["']?https?:""")


@pytest.mark.thorough
def test_the_site_is_built_without_a_warning_and_is_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html", str(ROOT / "docs")]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 100
    assert (tmp_path / "searchindex.js").stat().st_size > 10_000
    assert loaded_from_elsewhere([*pages, *tmp_path.rglob("*.css")]) == []
    ours = [page for page in pages if page.relative_to(tmp_path).parts[0] != "_static"]
    assert links_to_nothing(ours) == []
    assert lines_that_are_not_there(tmp_path / "paper-map.html") == []


def loaded_from_elsewhere(files: list[Path]) -> list[str]:
    """Scripts, styles and fonts that would need a network."""
    return [f"{file.name}: {found}" for file in files if (found := ELSEWHERE.findall(file.read_text()))]


def links_to_nothing(pages: list[Path]) -> list[str]:
    """Links that the extension makes, to the gallery, to folders and files, are not Sphinx's to check."""
    anchors = {page.resolve(): set(re.findall(r'\bid="([^"]+)"', page.read_text())) for page in pages}
    faults = set()
    for page in pages:
        for link, anchor in re.findall(r'href="([^"#:?]*)(?:#([^"]*))?"', page.read_text()):
            file = (page.parent / unquote(link)).resolve() if link else page.resolve()
            if not file.exists() or (anchor and unquote(anchor) not in anchors.get(file, {unquote(anchor)})):
                faults.add(f"{page.name}: {link}{anchor and '#'}{anchor}")
    return sorted(faults)


def lines_that_are_not_there(page: Path) -> list[str]:
    """Links to a line of a file, of which the page of the file has no such line."""
    found = set(re.findall(r'href="(source/[^"#]+)#(L-\d+)"', page.read_text()))
    assert len(found) > 50
    return [f"{file}#{line}" for file, line in sorted(found) if f'id="{line}"' not in (page.parent / file).read_text()]


def test_a_page_of_the_gallery_leads_back_to_the_site_and_to_the_lemma_that_it_names() -> None:
    for name in ("index.html", "commit_own_term.html", "properties.html"):
        assert '<a href="../index.html">' in in_site((ROOT / "docs" / "gallery" / name).read_text())
    page = (ROOT / "docs" / "gallery" / "commit_own_term.html").read_text()
    assert "../" not in page, "by itself the gallery stands anywhere"
    assert '<a href="../proof/lemmas/CommitQuorum.html">CommitQuorum</a>' in in_site(page)


def test_a_site_that_is_not_whole_is_found(tmp_path: Path) -> None:
    page, other = tmp_path / "page.html", tmp_path / "source"
    links = "".join(f'<a href="source/a.py.html#L-{line}">' for line in range(60))
    page.write_text(
        f'<script src="https://example.org/x.js"></script><a href="nowhere.html#here"><a href="#there">{links}'
    )
    other.mkdir()
    (other / "a.py.html").write_text("".join(f'<a id="L-{line}">' for line in range(59)))
    assert loaded_from_elsewhere([page]) == ["page.html: ['https://example.org/x.js']"]
    assert links_to_nothing([page]) == ["page.html: #there", "page.html: nowhere.html#here"]
    assert lines_that_are_not_there(page) == ["source/a.py.html#L-59"]


ALL_MODELS = ("models", "figure_3", "rules")
"""What asks every model, of which the larger ones take seconds to be read."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] * (name in ALL_MODELS)) for name in filled.FILLERS],
)
def test_every_mark_is_filled_with_a_text_and_stands_in_one_page(name: str) -> None:
    assert len(filled.FILLERS[name]()) > 200
    pages = [page for page in (ROOT / "docs").rglob("*.md") if f"<!-- filled: {name} -->" in page.read_text()]
    assert len(pages) == 1


def test_every_command_and_every_option_has_a_sentence() -> None:
    without = [
        f"{name} {param.name}"
        for name, command in command_line.commands()
        for param in command_line.options(command)
        if not param.help and param.param_type_name != "argument"
    ]
    assert without == []
    assert all(command.help for _, command in command_line.commands())


def test_every_public_name_of_the_language_says_what_it_is() -> None:
    from raftproof.checker import language as door

    things = {name: getattr(door, name) for name in door.__all__}
    assert [name for name, thing in things.items() if inspect.isclass(thing) and not inspect.getdoc(thing)] == []
    methods = [(n, m, f) for n, t in things.items() for m, f in language.methods_of(t)]
    assert [f"{name}.{method}" for name, method, function in methods if not inspect.getdoc(function)] == []


@pytest.mark.parametrize("name", formats.BY_HAND)
def test_every_key_of_an_answer_has_a_meaning_and_every_meaning_a_key(name: str) -> None:
    function, meanings = formats.BY_HAND[name]
    assert formats.keys_of(function) == list(meanings)
