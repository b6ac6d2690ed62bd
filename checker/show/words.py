"""Values, steps and verdicts in words: the one spelling that texts, pictures and pages share."""

from __future__ import annotations

from collections.abc import Iterable

from raftproof.checker.result import Json, Result, Shape, Step
from raftproof.checker.show.behavior import Behavior, Place, is_message

NONE = "none"


def value_text(value: Json, containers: Iterable[str] = ()) -> str:
    """A value on one line: none, true, 3, LEADER, {s1, s2}, [(term 2, value v1)], s1: 1, s2: 2."""
    outer, *inner = [*containers] or [""]
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        opening, closing = "{}" if outer in ("set", "bag") else "[]"
        return opening + ", ".join(value_text(item, inner) for item in value) + closing
    if isinstance(value, dict):
        return _record_text(value, outer, inner)
    return str(value)


def _record_text(value: dict[str, Json], outer: str, inner: list[str]) -> str:
    if outer == "map":
        return ", ".join(f"{key}: {value_text(item, inner)}" for key, item in value.items())
    kind = f"{value['kind']} " if "kind" in value else ""
    told = {name: item for name, item in value.items() if name != "kind" and item != []}
    fields = ", ".join(f"{name} {value_text(item)}" for name, item in told.items())
    return f"{kind}({fields})"


def containers_of(name: str, shape: Shape) -> list[str]:
    """The containers of a field; the bag is one even where the shape forgets to say so."""
    return shape.containers.get(name, ["bag"] if name == shape.bag else [])


def message_name(message: Json, shape: Shape) -> str:
    """A message by its kind and its way: RequestVoteRequest s1 → s2."""
    ends = [value_text(message[end]) for end in (shape.source, shape.dest) if end and end in message]
    return f"{message['kind']} {' → '.join(ends)}".strip()


def message_fields(message: Json, shape: Shape) -> list[str]:
    """What a message carries besides its kind and its way, a field a word group."""
    aside = ("kind", shape.source, shape.dest)
    return [f"{name} {value_text(value)}" for name, value in message.items() if name not in aside]


def message_text(message: Json, shape: Shape) -> str:
    """A whole message: RequestVoteRequest s1 → s2: term 2, last_log_term 0."""
    fields = ", ".join(message_fields(message, shape))
    return f"{message_name(message, shape)}: {fields}" if fields else message_name(message, shape)


def step_text(step: Step, shape: Shape) -> str:
    """An action with its parameters; a message by its kind and its way."""
    words = [message_name(v, shape) if is_message(v, shape) else value_text(v) for v in step.parameters.values()]
    return f"{step.action}({', '.join(words)})" if words else step.action


def changes_of(step: Step, shape: Shape) -> list[tuple[Place, str, str]]:
    """A step's changes but for the bag: place, before and after; the same change under several keys stands once."""
    merged: dict[tuple[str, tuple[str, ...], str, str], list[str]] = {}
    for text, (before, after) in step.changes.items():
        place = Place.of(text)
        if place.field == shape.bag:
            continue
        inside = containers_of(place.field, shape)[len(place.keys) :]
        # Only an inner key is merged: what happens to different members is said member by member.
        outer, last = (place.keys[:-1], place.keys[-1]) if len(place.keys) > 1 else (place.keys, "")
        change = (place.field, outer, value_text(before, inside), value_text(after, inside))
        merged.setdefault(change, []).append(last)
    return [
        (Place(name, (*outer, ", ".join(last)) if last[0] else outer), before, after)
        for (name, outer, before, after), last in merged.items()
    ]


def claims_at(behavior: Behavior, number: int) -> list[tuple[str, str, bool]]:
    """Of each property its name, what it says, and whether it falls after a step; the violated one alone if no other
    was looked at."""
    violation, is_last = behavior.violation, number == len(behavior.moves)
    if not violation.properties:
        return [(violation.property, violation.sentence, is_last)]
    return [(name, claim.sentence, number in claim.falls) for name, claim in violation.properties.items()]


def contradiction_text(facts: int) -> str:
    """What stands over the facts."""
    return "This breaks the property:" if facts == 1 else "These contradict each other:"


def count_text(count: int, noun: str) -> str:
    """1 state, 1,146 states."""
    return f"{count:,} {noun}" if count != 1 else f"1 {noun.removesuffix('s')}"


def bounds_text(bounds: dict[str, int]) -> str:
    """3 servers, 1 value, term <= 2, log <= 1, in flight <= 1."""
    return ", ".join(
        f"{name.removeprefix('max_').replace('_', ' ')} <= {bound:,}"
        if name.startswith("max_")
        else count_text(bound, name.replace("_", " "))
        for name, bound in bounds.items()
    )


_REASONS = {
    "states": "the limit of states was reached",
    "seconds": "its time was over",
    "memory": "the limit of memory was reached",
    "interrupted": "it was interrupted",
}
"""Why a search ends early, by what a result says of it."""


def verdict_text(result: Result) -> str:
    """The verdict in one sentence, always with its bounds."""
    within = bounds_text(result.bounds) or "no bounds"
    random = "" if result.seed is None else f" from seed {result.seed}"
    if result.verdict == "holds":
        return f"No violation in {count_text(result.distinct, 'states')}: {within}, exhausted."
    if result.verdict == "none_found":
        states = count_text(result.generated, "states")
        return f"No violation found in random behaviors{random}, {states}: {within}. A sample, not a search."
    if result.verdict == "incomplete" or result.violation is None:
        why = _REASONS.get(result.reason, result.reason.rstrip("."))
        reason = f" because {why}" if why else ""
        states = count_text(result.distinct, "states")
        return f"Incomplete: no violation in the {states} that were explored, {within}; the search ended early{reason}."
    steps = count_text(len(result.violation.steps), "steps")
    if result.coarse is not None:
        own = count_text(len(result.coarse.steps), "steps")
        return (
            f"{result.coarse.property} is violated after {own}: {within}. Told in {steps} of {result.told_in} "
            f"(depth {result.violation.depth}), up to where {result.violation.property} is violated."
        )
    how = f"in a random behavior{random}" if result.seed is not None else "a shortest counterexample"
    return f"{result.violation.property} is violated after {steps} (depth {result.violation.depth}), {how}: {within}."


_REDUCTIONS = {
    "order": "values that are only compared are told apart by their order, so that they never run out",
    "live": "fields that nothing reads before they are set again are left out",
}
"""What the reductions mean that every model may have."""


def certainty_texts(result: Result) -> list[str]:
    """How sure the verdict is, in sentences: what was explored, up to what, and what could have been missed."""
    counts = f"{result.generated:,} generated, {result.distinct:,} distinct, depth {result.depth}"
    up_to = f"up to symmetry of {result.symmetry.replace(',', ' and ')}" if result.symmetry != "none" else "no symmetry"
    sentences = [f"{counts}; {up_to}."]
    if result.reductions:
        known = [f"{name} ({_REDUCTIONS[name]})" if name in _REDUCTIONS else name for name in result.reductions]
        sentences.append(f"Reductions: {', '.join(known)}.")
    sentences += result.notes
    sentences.append(f"Faults: {', '.join(result.faults) or 'none'}.")
    if result.broken:
        sentences.append(f"Rules switched off: {', '.join(result.broken)}.")
    if result.covers and result.verdict == "holds" and not result.broken:
        sentences.append(result.covers)
    if result.violation is None and result.seed is None:
        chance = result.collision_probability
        sentences.append(
            f"States are compared by fingerprints: the chance that two collided and a state was missed is {chance:.1e}."
            if chance > 0
            else "States are compared whole: no state was missed."
        )
    return sentences


def never_enabled_text(action: str) -> str:
    """What it means that an action never fired."""
    return f"Warning: {action} was never enabled; within these bounds it is not checked at all."


def not_reached_text(witness: str) -> str:
    """What it means that a witness was not reached."""
    return f"Warning: {witness} was not reached; what depends on it holds for want of a case."
