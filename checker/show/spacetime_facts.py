"""Where the facts of a contradiction stand in a space-time diagram: at which places, under which line, since when."""

from __future__ import annotations

from dataclasses import dataclass, field

from raftproof.checker.show.behavior import Behavior, Place

SHARED = "shared"
"""The column of what belongs to no actor."""


@dataclass
class Facts:
    """Which places the facts point at, and for each the step that made it so."""

    texts: list[str]
    places: list[tuple[str, int]] = field(default_factory=list)
    at_actor: dict[str, tuple[int, ...]] = field(default_factory=dict)
    made_by: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    """By step and field-with-actor, such as (5, "role[s1]"): the facts that this step made true."""
    column_of: list[str | None] = field(default_factory=list)
    """The column under which each fact stands."""

    def at(self, place: str) -> tuple[int, ...]:
        """The facts that point at a place or at something inside it."""
        return tuple(dict.fromkeys(n for text, n in self.places if text == place or text.startswith(f"{place}[")))


def facts_of(behavior: Behavior, columns: list[str]) -> Facts:
    facts = Facts([fact.text for fact in behavior.facts])
    for number, fact in enumerate(behavior.facts, start=1):
        words = {word.strip(".,:;()[]'") for word in fact.text.replace("'s ", " ").split()}
        named = [column_of(Place.of(place), behavior) for place in fact.places]
        if not named:
            named = [actor for actor in behavior.actors if actor in words]
            facts.at_actor.update({actor: (*facts.at_actor.get(actor, ()), number) for actor in named})
        facts.places += [(place, number) for place in fact.places]
        for made in dict.fromkeys(_made_by(behavior, place) for place in fact.places):
            facts.made_by[made] = (*facts.made_by.get(made, ()), number)
        here = [column for column in dict.fromkeys(named) if column in columns]
        facts.column_of.append(here[0] if len(here) == 1 else None)
    return facts


def _made_by(behavior: Behavior, text: str) -> tuple[int, str]:
    """The last step that changed a place or what holds it, and the place under which the step says so."""
    place = Place.of(text)
    for move in reversed(behavior.moves):
        for changed in map(Place.of, move.step.changes):
            depth = min(len(changed.keys), len(place.keys))
            if changed.field == place.field and changed.keys[:depth] == place.keys[:depth]:
                return move.number, str(Place(changed.field, changed.keys[:1]))
    return 0, text


def column_of(place: Place, behavior: Behavior) -> str:
    """The column beside which a place's changes are written."""
    return place.owner(behavior.actors) or SHARED
