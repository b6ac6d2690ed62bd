"""A property explains itself, the one that counts as well."""

from __future__ import annotations

from raftproof.checker.show.behavior import behavior_of
from raftproof.model.gallery import exhibits, replayed


def test_a_property_that_counts_tells_what_it_counted() -> None:
    """CommittedOnMajority compares a count; the facts are what the loop before it asked of each server."""
    asked = next(a for a, e in exhibits().items() if (a.rule, e.property) == ("log_persisted", "CommittedOnMajority"))
    facts = [fact.text for fact in behavior_of(replayed(asked, exhibits()[asked])).facts]
    entry = "(term 2, kind NORMAL)"
    assert facts == [
        f"commit_index[s1] = 1 and disk_log[s1][1] = {entry} and log[s1][1] = {entry}",
        "disk_log[s2] = []",
        "disk_log[s3] = []",
    ]


def test_a_property_tells_the_numbers_that_end_the_loops_around_its_condition() -> None:
    """That the entry is committed is said by the range of the loop alone; without it logs that differ are no fault."""
    asked = next(a for a in exhibits() if (a.model.name, a.rule) == ("figure2", "commit_own_term"))
    facts = [fact.text for fact in behavior_of(replayed(asked, exhibits()[asked])).facts]
    assert facts[1] == "current_term[s1] = 5 and commit_index[s1] = 1 and log[s1][1] = (term 2, value v1)"


def test_a_property_whose_condition_names_places_tells_those_alone() -> None:
    asked = next(a for a in exhibits() if (a.model.name, a.rule) == ("figure2", "vote_once"))
    facts = [fact.text for fact in behavior_of(replayed(asked, exhibits()[asked])).facts]
    assert facts == ["role[s1] = LEADER and current_term[s1] = 2", "role[s2] = LEADER and current_term[s2] = 2"]
