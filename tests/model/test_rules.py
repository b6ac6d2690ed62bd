"""Every rule of Figure 2 and every property of Figure 3 is there, or its absence has a reason."""

from __future__ import annotations

from raftproof.model import figure2
from raftproof.model.rules import FIGURE_3, NOT_MODELLED, RULES, Rule

CITED = {rule for action in figure2.model.actions for rule in action.rules}
BREAKABLE = {rule.name.lower() for rule in figure2.model.breakable()}

GALLERY = {
    *("quorum_majority", "vote_once", "vote_persisted", "term_persisted", "reply_term", "truncate_on_conflict"),
    *("match_monotonic", "log_up_to_date", "commit_monotonic", "ack_matched_only", "refuse_stale", "previous_entry"),
    *("last_term_first", "commit_own_term", "refusal_no_match", "keep_vote_on_step_down"),
}
"""The rules of the gallery, whose names are the same wherever a rule can be switched off."""

BEYOND_THE_GALLERY = {"log_persisted", "commit_up_to_last_new", "leader_append_only"}

NOT_IN_FIGURE2 = {
    "match_monotonic": "in the published specification match_index may fall",
    "commit_monotonic": "in the published specification commit_index may fall",
    "refusal_no_match": "a refusal says match 0 there, and its receiver looks at next_index alone",
    "keep_vote_on_step_down": "a step down within a term keeps the vote there, and to forget it is harmless",
}
"""Rules of the gallery that `figure2` cannot switch off, each with the reason."""


def test_every_rule_has_a_place_in_the_paper_and_a_sentence() -> None:
    assert set(RULES) == set(Rule)
    for text in RULES.values():
        assert text.place.startswith(("Figure 2", "Figure 3", "§5.", "§6", "§7", "§8"))
        assert text.sentence and text.sentence[-1] != "."


def test_every_rule_is_cited_by_an_action_or_left_out_for_a_reason() -> None:
    assert CITED | set(NOT_MODELLED) == set(Rule)
    assert not CITED & set(NOT_MODELLED)
    assert all(NOT_MODELLED.values())


def test_a_rule_that_can_be_switched_off_is_cited_by_an_action_that_asks_about_it() -> None:
    assert {rule.name.lower() for rule in CITED} >= BREAKABLE


def test_every_property_of_figure_3_is_declared() -> None:
    assert set(FIGURE_3) <= {p.name for p in figure2.model.properties()}


def test_rules_that_can_be_switched_off_have_the_names_of_the_gallery() -> None:
    assert GALLERY - set(NOT_IN_FIGURE2) | BEYOND_THE_GALLERY == BREAKABLE


def test_every_action_that_is_no_fault_cites_a_rule() -> None:
    assert all(action.rules for action in figure2.model.actions if not action.fault)
