"""The site is built without a warning, needs no network, and holds what only it can show."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from making import command_line, filled, formats, language

from tests.docs.pages import ROOT

ELSEWHERE = re.compile(r"""(?:src|href)=["'](https?://[^"']+\.(?:js|css|woff2?|ttf))|@import\s+url\(["']?https?:""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages; a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-b", "html", str(ROOT / "docs")]
    done = subprocess.run([*command, str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.thorough
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(site: Path) -> None:
    texts = {page: page.read_text() for kind in ("html", "css") for page in site.rglob(f"*.{kind}")}
    assert len(texts) > 100
    assert {page.name: found for page, text in texts.items() if (found := ELSEWHERE.findall(text))} == {}
    assert (site / "searchindex.js").stat().st_size > 10_000


@pytest.mark.thorough
def test_links_of_the_site_lead_to_its_pages(site: Path) -> None:
    """Those that the extension makes, Sphinx does not check: to the gallery, to folders, to files of the repository."""
    missing = set()
    for page in site.rglob("*.html"):
        if page.relative_to(site).parts[0] in ("gallery", "_static"):
            continue
        for link in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page.read_text()):
            if not (page.parent / link).exists():
                missing.add(f"{page.relative_to(site)}: {link}")
    assert missing == set()


@pytest.mark.thorough
def test_a_line_of_the_code_is_where_the_paper_map_says(site: Path) -> None:
    text = (site / "paper-map.html").read_text()
    file, line = re.search(r'href="(source/model/figure2\.py\.html)#(L-\d+)"', text).groups()  # type: ignore[union-attr]
    assert f'id="{line}"' in (site / file).read_text()


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
