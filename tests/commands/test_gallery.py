"""The gallery: what it shows is what searches have found, every step of it is taken again, and the pages say it."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from raftproof.checker.run import check
from raftproof.commands.gallery_matrix import matrix_of
from raftproof.commands.gallery_rules import SEEDS, Shown, as_json, names, seeds, shown
from raftproof.commands.gallery_seeds import falls_in
from raftproof.impl.core.rules import BREAKABLE
from raftproof.model.gallery import HAPPENED, HARMLESS, QUESTIONS, Asked, Exhibit, NotReproduced, exhibits, replayed
from raftproof.model.gallery.catches import firsts, stored
from raftproof.model.gallery.search import exhibit_of

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "gallery"
GALLERY = [sys.executable, "-c", "from raftproof.commands import main; main()", "gallery"]
SHOWN = list(exhibits().items())
FALLS = [(asked, exhibit) for asked, exhibit in SHOWN if exhibit.property]

LENGTHS = {
    ("deployed", "quorum_majority", "ElectionSafety"): 7,
    ("deployed", "quorum_majority", "CommittedOnMajority"): 6,
    ("deployed", "vote_once", "ElectionSafety"): 14,
    ("deployed", "vote_persisted", "ElectionSafety"): 14,
    ("deployed", "term_persisted", "ElectionSafety"): 16,
    ("deployed", "term_persisted", "PersistedTerms"): 4,
    ("deployed", "reply_term", "ElectionSafety"): 16,
    ("deployed", "log_up_to_date", "LeaderCompleteness"): 20,
    ("deployed", "log_persisted", "CommittedOnMajority"): 13,
    ("deployed", "commit_up_to_last_new", "LeaderCompleteness"): 22,
    ("deployed", "previous_entry", "CommittedOnMajority"): 20,
    ("deployed", "refuse_stale", "CommittedOnMajority"): 23,
    ("deployed", "ack_matched_only", "CommittedOnMajority"): 20,
    ("deployed", "refusal_no_match", "CommittedOnMajority"): 14,
    ("deployed", "request_persisted", "LeaderCompleteness"): 25,
    ("deployed", "leader_append_only", "LeaderAppendOnly"): 19,
    ("deployed", "last_term_first", "LeaderCompleteness"): 31,
    ("deployed_snapshots", "snapshot_not_older", "CommitMonotonic"): 20,
    ("deployed_snapshots", "match_monotonic", "MatchMonotonic"): 16,
    ("deployed_snapshots", "commit_monotonic", "CommitMonotonic"): 18,
    ("deployed_snapshots", "truncate_on_conflict", "CommittedOnMajority"): 18,
    ("deployed_joint", "joint_majorities", "ElectionSafety"): 11,
    ("deployed_removals", "change_before_campaign", "LeaderCompleteness"): 16,
    ("deployed_reads", "read_own_term", "ReadIndexCurrent"): 13,
    ("deployed_reads", "read_confirmed", "ReadIndexCurrent"): 16,
    ("abstract", "quorum_majority", "ElectionSafety"): 5,
    ("abstract", "vote_once", "ElectionSafety"): 7,
    ("abstract", "log_up_to_date", "LeaderCompleteness"): 10,
    ("abstract", "log_persisted", "LeaderCompleteness"): 12,
    ("abstract", "commit_up_to_last_new", "CommitInLog"): 8,
    ("abstract", "previous_entry", "CommitInLog"): 8,
    ("abstract", "refuse_stale", "LeaderCompleteness"): 10,
    ("abstract", "truncate_on_conflict", "CommitInLog"): 9,
    ("abstract", "append_new_entries", "LeaderCompleteness"): 12,
    ("abstract", "ack_matched_only", "LeaderCompleteness"): 14,
    ("abstract", "last_term_first", "LeaderCompleteness"): 16,
    ("rounds", "log_up_to_date", "LeaderCompleteness"): 3,
    ("rounds", "last_term_first", "LeaderCompleteness"): 4,
    ("rounds", "previous_entry", "CommittedIsStored"): 2,
    ("rounds", "truncate_on_conflict", "CommittedIsStored"): 2,
    ("rounds", "append_new_entries", "CommittedIsStored"): 3,
    ("rounds", "ack_matched_only", "CommittedIsStored"): 3,
    ("rounds", "commit_own_term", "LeaderCompleteness"): 5,
}
"""What falls, in how many states; figure2's rows are in tests/model/broken.py."""


def gallery(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GALLERY, *words], capture_output=True, text=True, cwd=cwd)


def named(pair: tuple[Asked, Exhibit]) -> str:
    asked, exhibit = pair
    return f"{asked.model.name} {asked.rule} {exhibit.property or 'nothing'}"


@cache
def pins_of_figure2() -> ModuleType:
    """tests/model/broken.py."""
    spec = importlib.util.spec_from_file_location("broken_rules", ROOT / "tests" / "model" / "broken.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_question_has_an_answer_in_the_order_asked() -> None:
    assert [asked for asked, _ in SHOWN] == list(QUESTIONS)


def test_the_exhibits_of_figure2_are_the_rows_that_its_tests_search_for() -> None:
    kept = {
        (e.rule, e.property, e.depth, e.generated, e.distinct, tuple(e.faults), bool(e.only))
        for asked, e in SHOWN
        if asked.model.name == "figure2"
    }
    rows = pins_of_figure2().BROKEN
    pinned = {
        (r.rule, r.property, r.depth, r.generated, r.distinct, r.faults, r.alone or r.file == "previous_entry.json")
        for r in rows
    }
    assert kept == pinned


def test_what_falls_in_the_other_models_and_in_how_many_states() -> None:
    found = {(a.model.name, e.rule, e.property): e.depth for a, e in FALLS if a.model.name != "figure2"}
    assert found == LENGTHS


@pytest.mark.parametrize("pair", FALLS, ids=named)
def test_an_exhibit_is_a_counterexample_when_its_steps_are_taken_again(pair: tuple[Asked, Exhibit]) -> None:
    asked, exhibit = pair
    result = replayed(asked, exhibit)
    found = result.coarse or result.violation
    assert found is not None
    assert (found.property, found.depth, result.bounds) == (exhibit.property, exhibit.depth, exhibit.bounds)
    assert exhibit_of(asked, result) == exhibit


def test_a_step_that_the_rule_would_forbid_is_missed_when_the_rule_is_on() -> None:
    asked, exhibit = next((a, e) for a, e in FALLS if e.rule == "term_persisted")
    with_rule = Asked(asked.model, "quorum_majority", asked.bounds, asked.faults, asked.only)
    with pytest.raises(NotReproduced, match=r"step \d+"):
        replayed(with_rule, exhibit)


def test_a_counterexample_that_goes_on_after_the_violation_is_none() -> None:
    asked, exhibit = next((a, e) for a, e in FALLS if e.rule == "vote_once")
    longer = msgspec.structs.replace(exhibit, steps=[*exhibit.steps, exhibit.steps[0]])
    with pytest.raises(NotReproduced, match="step 16 breaks already ElectionSafety"):
        replayed(asked, longer)
    shorter = msgspec.structs.replace(exhibit, steps=exhibit.steps[:-1])
    with pytest.raises(NotReproduced, match="step 15 does not break ElectionSafety"):
        replayed(asked, shorter)


@pytest.mark.thorough
def test_a_search_finds_the_same_exhibit_again() -> None:
    done = gallery("append_new_entries", "--check")
    again = [f"the same  raftproof check {model} --break append_new_entries" for model in ("abstract", "rounds")]
    again[0] += " --max-term 3"
    assert (done.returncode, done.stdout.splitlines()) == (0, again)


def test_a_search_that_holds_is_kept_of_harmless_rules_alone() -> None:
    asked = next(q for q in QUESTIONS if q.rule == "append_new_entries")
    result = check(asked.question())
    held = msgspec.structs.replace(result, verdict="holds", violation=None)
    with pytest.raises(ValueError, match="HARMLESS says otherwise"):
        exhibit_of(asked, held)
    assert all(bool(exhibit.property) != (asked.rule in HARMLESS) for asked, exhibit in SHOWN)


def test_there_are_at_least_25_rules_and_each_says_what_it_demands() -> None:
    rules = [shown(name) for name in names()]
    assert len(rules) >= 25
    assert set(BREAKABLE) <= {rule.name for rule in rules}
    for rule in rules:
        assert rule.place and rule.sentence
        assert rule.exhibits or (rule.seed and rule.seed.seed is not None) or rule.harmless, rule.name


def test_every_rule_that_has_happened_is_in_the_gallery_with_an_address() -> None:
    assert set(HAPPENED) <= set(names())
    for reports in HAPPENED.values():
        for report in reports:
            assert re.fullmatch(r"https://\S+", report.link)
            assert report.story.endswith(".")


def test_every_rule_of_the_implementation_has_a_torture_seed_or_the_number_of_runs_without_one() -> None:
    assert list(seeds()) == list(BREAKABLE)
    assert sum(seed.seed is not None for seed in seeds().values()) >= 22


@pytest.mark.slow
@pytest.mark.parametrize("rule", [one.rule for one in seeds().values() if one.seed is not None])
def test_the_torture_seed_of_a_rule_fails_as_it_says(rule: str) -> None:
    one = seeds()[rule]
    assert one.seed is not None
    again = "python -m raftproof.commands.gallery_seeds"
    assert falls_in(rule, one.seed) == one.falls, f"the implementation decides otherwise; find the seeds anew: {again}"


def test_the_list_names_every_rule_and_the_json_says_the_same() -> None:
    done = gallery()
    assert done.returncode == 0
    assert all(f"\n{name} " in done.stdout for name in names())
    content = json.loads(gallery("commit_own_term", "--json", "-").stdout)
    assert content == [as_json(shown("commit_own_term"))]
    assert content[0]["exhibits"][0]["depth"] == 52
    assert content[0]["lemma"]["falls"] == "CommitQuorum"


def test_one_rule_is_told_with_its_steps_its_lemma_and_where_it_happened() -> None:
    told = gallery("vote_once").stdout
    for words in (
        "16  become_leader(s1)",
        "These contradict each other:",
        "raftproof prove --break vote_once",
        "#5356",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gravity"], "the gallery has no rule gravity; it has"),
        (["--properties", "Gravity"], "no model of the gallery has a property Gravity; they have ElectionSafety"),
        (["--properties", "gone.py"], "gone.py: there is no such file"),
    ],
)
def test_a_name_that_is_not_there_is_a_usage_error(words: list[str], sentence: str) -> None:
    done = gallery(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


# The score of a specification.


def test_the_matrix_has_a_row_for_every_first_question() -> None:
    assert [(row.model, row.rule) for row in stored()] == [(asked.model.name, asked.rule) for asked in firsts()]
    for row in stored():
        told = [*row.falls, *row.holds, *row.undecided]
        asked = next(a for a in firsts() if (a.model.name, a.rule) == (row.model, row.rule))
        assert sorted(told) == sorted(p.name for p in asked.model.properties())


def test_what_an_exhibit_shows_the_matrix_has_too() -> None:
    caught = {(row.model, row.rule, name) for row in stored() for name in row.falls}
    assert {(a.model.name, a.rule, e.property) for a, e in FALLS} <= caught


def test_election_safety_alone_catches_the_rules_of_elections_alone() -> None:
    matrix = matrix_of(everything(), "ElectionSafety")
    caught = ["term_persisted", "vote_persisted", "vote_once", "reply_term", "quorum_majority"]
    assert sorted(set(matrix.caught) & set(caught)) == sorted(caught)
    assert "commit_own_term" not in matrix.caught
    assert f"caught: {len(matrix.caught)} of {len(matrix.rules)} broken rules" in matrix.text()


def test_all_properties_together_catch_every_rule_that_is_not_harmless() -> None:
    matrix = matrix_of(everything(), "")
    assert set(matrix.rules) - set(matrix.caught) <= set(HARMLESS)


def everything() -> list[Shown]:
    return [shown(name) for name in names()]


MINE = '''
from typing import Annotated
from raftproof.checker.language import Map, Members, Model, State, UpTo
from raftproof.model.rules import Rule
from raftproof.model.vocabulary import Server

class Votes(State):
    servers: Members[Server]
    votes: Map[Server, Annotated[int, UpTo("max_votes")]]

model = Model("votes", Votes, bounds={"servers": 2, "max_votes": 2}, rules=Rule)

@model.initial
def init(s: Votes) -> None:
    """Nobody has voted."""

@model.action()
def vote(s: Votes, i: Server) -> bool:
    """A server votes, once."""
    if s.votes[i] > 0 and s.upholds(Rule.VOTE_ONCE):
        return False
    s.votes[i] += 1
    return True

@model.invariant
def one_vote(s: Votes) -> bool:
    """Nobody votes twice."""
    for i in s.servers:
        if s.votes[i] > 1:
            return False
    return True

@model.invariant
def anything(s: Votes) -> bool:
    """True."""
    return True
'''


@pytest.mark.slow
def test_a_specification_of_ones_own_gets_a_score(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    done = gallery("--properties", "mine.py", "--json", "mine.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "caught: 1 of 1 broken rules" in done.stdout
    content: dict[str, Any] = json.loads((tmp_path / "mine.json").read_text())
    assert content["rows"] == [{"rule": "vote_once", "model": "votes", "OneVote": 3, "Anything": False}]


# The pages.


class Reader(HTMLParser):
    """The files that a page points to, and whether its tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[str] = []
        self.open: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += tag == "script"
        if tag == "img":
            assert values["alt"]
            self.images.append(str(values["src"]))
        if tag == "a":
            self.links.append(str(values["href"]))
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery, built."""
    out = tmp_path_factory.mktemp("gallery")
    done = gallery("--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def test_the_pages_of_the_documentation_are_the_ones_that_are_built(pages: Path) -> None:
    """What they say; a stroke of a picture may differ."""
    built = {path.name: path.read_bytes() for path in pages.iterdir()}
    written = {path.name: path.read_bytes() for path in PAGES.iterdir()}
    assert sorted(built) == sorted(written), "build them anew: raftproof gallery --out docs/gallery"
    told = [name for name in built if name.endswith(".html") and not name.endswith("-steps.html")]
    different = sorted(name for name in told if built[name] != written[name])
    assert different == [], "build them anew: raftproof gallery --out docs/gallery"
    assert sum(map(len, built.values())) < 6_500_000


def test_what_an_earlier_gallery_wrote_and_this_one_has_not_is_removed(tmp_path: Path) -> None:
    old, others, damaged = tmp_path / "vote_once-old.svg", tmp_path / "notes.txt", tmp_path.parent / "outside.txt"
    for file in (old, others, damaged):
        file.write_text("x")
    names = ["vote_once.html", old.name, f"../{damaged.name}"]
    kept = {"vote_once": names, "another_rule": [others.name]}
    (tmp_path / "written.json").write_text(json.dumps(kept))
    assert gallery("vote_once", "--out", str(tmp_path)).returncode == 0
    assert not old.exists()
    assert others.exists()
    assert damaged.exists()
    now = json.loads((tmp_path / "written.json").read_text())
    assert now["another_rule"] == [others.name]
    assert {*now["vote_once"], others.name, "written.json"} == {path.name for path in tmp_path.iterdir()}


def test_every_page_stands_alone_and_needs_no_script(pages: Path) -> None:
    for name in names():
        reader = Reader()
        reader.feed((pages / f"{name}.html").read_text(encoding="utf-8"))
        assert reader.open == []
        assert reader.scripts == 0
        assert all((pages / image).is_file() for image in reader.images)
        for link in reader.links:
            assert link.startswith("https://") or (PAGES / link).is_file(), f"{name}.html points to {link}"


def test_the_index_shows_every_rule_with_its_picture(pages: Path) -> None:
    reader = Reader()
    reader.feed((pages / "index.html").read_text(encoding="utf-8"))
    assert {f"{name}.html" for name in names()} <= set(reader.links)
    assert len(reader.images) == len({asked.rule for asked, _ in FALLS})
    assert all((pages / image).is_file() for image in reader.images)


def test_every_picture_is_well_formed_and_loads_nothing(pages: Path) -> None:
    for picture in pages.glob("*.svg"):
        root = ET.fromstring(picture.read_text(encoding="utf-8"))
        assert root.tag.endswith("svg")
        assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in ("script", "image", "foreignObject")]


def test_the_page_of_figure_8_tells_the_story_of_the_paper(pages: Path) -> None:
    page = (pages / "commit_own_term.html").read_text(encoding="utf-8")
    assert "log[s2][1] = (term 3, value v1)" in page
    assert "log[s1][1] = (term 2, value v1)" in page
    story = ET.parse(pages / "commit_own_term-figure2-story.svg").getroot()
    words = " ".join(text.strip() for text in story.itertext() if text.strip())
    for part in (
        "s1 leads term 2,",
        "s2 leads term 3,",
        "s3 stores entry 1",
        "s1 commits entry 1",
        "commit_index[s1] = 1",
    ):
        assert part in words


def test_the_data_of_the_seeds_is_in_the_order_of_the_rules() -> None:
    assert [row["rule"] for row in json.loads(SEEDS.read_bytes())] == list(BREAKABLE)
