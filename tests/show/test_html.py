"""The page: that it stands alone, and that a real browser steps through it by keyboard."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import show_examples as examples
from msgspec import structs
from show_reading import Balanced

from raftproof.checker.result import Result
from raftproof.checker.show.html import result_html
from raftproof.model.gallery import exhibits, replayed


@pytest.mark.parametrize("name", ["two_leaders", "two_phase_commit", "puzzle", "rumour", "conflict"])
def test_the_page_has_a_section_a_state_and_needs_no_other_file(name: str) -> None:
    result = getattr(examples, name)()
    page = result_html(result)
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert reader.sections == len(result.violation.steps) + 1
    assert not re.search(r'(src|href|action)="|@import|@font-face|url\((?!#)', page)
    assert "default-src 'none'" in page


def test_words_of_the_model_cannot_become_markup() -> None:
    result = examples.puzzle()
    assert result.violation is not None
    rude = structs.replace(result.violation, facts=["<script>alert(1)</script>"], sentence="<b>&")
    assert "<script>alert" not in result_html(structs.replace(result, violation=rude))


def test_the_state_table_marks_what_the_step_changed() -> None:
    page = result_html(examples.two_leaders())
    elected = page.split('<section id="state5">')[1].split("</section>")[0]
    assert re.findall(r'<td class="changed">([^<]*)</td>', elected) == ["LEADER"]
    assert "role[s1]: CANDIDATE → <b>LEADER</b>" in elected


def vote_once() -> Result:
    """A counterexample that a search found, with every property of its model."""
    asked = next(asked for asked in exhibits() if (asked.model.name, asked.rule) == ("figure2", "vote_once"))
    return replayed(asked, exhibits()[asked])


def test_every_step_says_which_properties_hold() -> None:
    page = result_html(vote_once())
    sections = page.split("<section id=")[1:]
    assert len(sections) == 17
    for section in sections[:-1]:
        assert section.count("✓ ") == 7
        assert "✗" not in section
    assert sections[-1].count("✓ ") == 6
    assert "✗ ElectionSafety: At most one server leads a term." in sections[-1]


def test_where_no_other_property_was_looked_at_the_violated_one_is_told() -> None:
    sections = result_html(examples.two_leaders()).split("<section id=")[1:]
    assert all("✓ ElectionSafety" in section and "✗" not in section for section in sections[:-1])
    assert "✗ ElectionSafety" in sections[-1]


PRESS = """
<script>
for (const key of KEYS) document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
const shown = [...document.querySelectorAll('section')].filter(s => getComputedStyle(s).display !== 'none');
const falls = shown.flatMap(s => [...s.querySelectorAll('.falls')].map(f => ' falls ' + f.textContent));
const rows = [...document.querySelectorAll('.row.now')].map(r => r.id);
document.title = 'shown ' + shown.map(s => s.id) + ' row ' + rows + falls;
</script>
"""


FALLEN = "✗ ElectionSafety: At most one server leads a term."


def open_in_browser(result: Result, folder: Path, keys: list[str], fragment: str = "") -> str:
    """The title that the page has after some keys were pressed: which state and which row are shown."""
    page = folder / "page.html"
    source = result_html(result).replace("</body>", PRESS.replace("KEYS", repr(keys)) + "</body>")
    page.write_text(source, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    log = ["--enable-logging=stderr", "--v=0"]
    line = ["chromium", *options, *log, f"file://{page}{fragment}"]
    run = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in run.stderr, "the page reports an error"
    found = re.search(r"<title>(shown [^<]*)</title>", run.stdout)
    assert found, "the page did not run its script to the end"
    return found[1]


@pytest.mark.real("chromium")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "fragment", "shown"),
    [
        ([], "", "shown state0 row "),
        (["ArrowRight", "ArrowRight", "ArrowLeft"], "", "shown state1 row row1"),
        (["End", "ArrowRight"], "", f"shown state16 row row16 falls {FALLEN}"),
        (["ArrowLeft"], "#step5", "shown state4 row row4"),
    ],
)
def test_a_browser_steps_by_keyboard_and_shows_what_falls(
    keys: list[str], fragment: str, shown: str, tmp_path: Path
) -> None:
    assert open_in_browser(vote_once(), tmp_path, keys, fragment) == shown


@pytest.mark.real("chromium")
@pytest.mark.slow
def test_an_error_in_the_page_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PRESS", "<script>throw new Error('broken')</script>")
    with pytest.raises(AssertionError, match="reports an error"):
        open_in_browser(examples.two_leaders(), tmp_path, [])


@pytest.mark.real("chromium")
@pytest.mark.thorough
def test_space_presses_the_button_that_has_the_focus_and_does_not_step_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = "back.focus(); back.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}));"
    monkeypatch.setitem(globals(), "PRESS", f"<script>{press} document.title = 'shown ' + counter.textContent</script>")
    assert open_in_browser(examples.two_leaders(), tmp_path, [], "#step2").startswith("shown step 2 of ")
