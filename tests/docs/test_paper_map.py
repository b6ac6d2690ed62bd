"""The paper map is whole: each rule has its places, or says why not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from making import paper_map
from making import rule_places as places
from making.paper_map import Link, Row

from raftproof.model.rules import Rule

ROWS = {row.rule: row for row in paper_map.rows()}


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.rule)
def test_no_cell_of_the_paper_map_is_empty(row: Row) -> None:
    cells = (row.sentence, row.paper, row.figure2, row.deployed, row.core, row.test, row.proof, row.broken)
    assert all(cells)


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.rule)
def test_every_place_of_the_paper_map_exists(row: Row) -> None:
    for links in (row.figure2, row.deployed, row.core, row.test, row.proof, row.broken):
        for link in links if not isinstance(links, str) else ():
            file = paper_map.ROOT / link.file.partition("#")[0]
            assert file.is_file()
            assert link.line <= len(file.read_text().splitlines())


@pytest.mark.parametrize(
    ("reasons", "cell"),
    [(places.NOT_PROVED, "proof"), (places.NOT_SHOWN, "broken"), (places.NOT_DEPLOYED, "deployed")],
)
def test_no_reason_is_left_for_a_cell_that_is_filled(reasons: dict[str, str], cell: str) -> None:
    filled = {rule for rule in reasons if not isinstance(getattr(ROWS[rule], cell), str)}
    assert filled == set(), "take their reasons out of docs/making/rule_places.py"


def test_no_place_is_named_for_a_rule_that_names_its_own() -> None:
    asking = paper_map._asking()
    assert not asking.keys() & places.IMPLEMENTED.keys()
    proved = {rule for rule in places.PROVED_AS if str(ROWS[rule].proof).find("falls") >= 0}
    assert proved == set()


@pytest.mark.parametrize("table", [places.IMPLEMENTED, places.TESTED, places.PROVED_AS], ids=["core", "test", "proof"])
def test_every_rule_that_is_placed_is_one(table: dict[str, str]) -> None:
    assert table.keys() <= {rule.name.lower() for rule in Rule}


def test_an_action_is_shown_where_it_stands() -> None:
    link = _only(ROWS["commit_own_term"].figure2)
    line = (paper_map.ROOT / link.file).read_text().splitlines()[link.line - 1]
    assert link.file == "model/figure2.py" and "COMMIT_OWN_TERM" in line


def _only(links: Sequence[Link] | str) -> Link:
    assert not isinstance(links, str)
    (link,) = links
    return link
