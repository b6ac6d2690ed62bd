"""Random behaviors of random models: actors or none, messages or none, logs or none."""

from __future__ import annotations

from typing import Any

import show_examples as examples
from hypothesis import strategies as st
from msgspec import structs

from raftproof.checker.result import LogView, Result, Shape

KINDS = ("Ask", "Answer", "Tell")
WORDS = ("WORKING", "WAITING", "DONE")


@st.composite
def results(draw: st.DrawFn) -> Result:
    """A result whose violation fits its shape."""
    actors = [f"p{n}" for n in range(1, draw(st.integers(0, 4)) + 1)]
    with_bag = bool(actors) and draw(st.booleans())
    with_logs = bool(actors) and draw(st.booleans())
    state: dict[str, Any] = {"turn": 0, "seen": []}
    if actors:
        state |= {"phase": dict.fromkeys(actors, "WORKING"), "friends": {a: [] for a in actors}}
    if with_logs:
        state |= {"log": {a: [] for a in actors}, "commit": dict.fromkeys(actors, 0)}
    if with_bag:
        state["mail"] = draw(st.lists(_messages(actors), max_size=2))
    story = examples.Story(state)
    for _ in range(draw(st.integers(0, 14))):
        _step(draw, story, actors)
    shape = Shape(
        members={"Person": actors} if actors else {},
        actors="Person" if actors else None,
        bag="mail" if with_bag else None,
        source="from_whom" if with_bag else None,
        dest="to_whom" if with_bag else None,
        view=LogView("log", commit_index="commit", role="phase", leader="DONE") if with_logs else None,
        containers={"seen": ["set"], "phase": ["map"], "friends": ["map", "set"], "log": ["map", "seq"]},
    )
    facts = draw(st.lists(st.sampled_from([*actors, "the turn is over", "p1 and p2 differ"]), max_size=3))
    places = ["turn", *(f"phase[{a}]" for a in actors), *(f"log[{a}][1]" for a in actors if with_logs)]
    fact_places = [draw(st.lists(st.sampled_from(places), max_size=2)) for _ in facts]
    violation = {"property": "Anything", "sentence": "", "facts": facts, "fact_places": fact_places}
    return structs.replace(examples.result(story, shape, violation=violation), model="random")


def _step(draw: st.DrawFn, story: examples.Story, actors: list[str]) -> None:
    """Change a few places at once, send and take a few messages."""
    who = draw(st.sampled_from(actors)) if actors else ""
    mail = story.state.get("mail", [])
    taken = draw(st.lists(st.sampled_from(mail), max_size=2, unique_by=str)) if mail else []
    sent = draw(st.lists(_messages(actors), max_size=2)) if "mail" in story.state else []
    number = draw(st.integers(0, 9))
    word = draw(st.sampled_from(WORDS))
    chosen = draw(st.sets(st.sampled_from(["turn", "seen", "phase", "friends", "log", "cut", "commit"]), max_size=3))

    def change(state: dict[str, Any]) -> None:
        for message in taken:
            state["mail"].remove(message)
        state.get("mail", []).extend(sent)
        if "turn" in chosen:
            state["turn"] = number
        if "seen" in chosen:
            state["seen"] = sorted({*state["seen"], number})
        if who and "phase" in chosen:
            state["phase"][who] = word
        if who and "friends" in chosen:
            state["friends"][who] = actors[:number]
        if who and "log" in state:
            log = state["log"][who]
            if "log" in chosen:
                log.append({"term": number, "value": f"v{number}"})
            if "cut" in chosen:
                del log[number:]
            if "commit" in chosen:
                state["commit"][who] = min(number, len(log))

    parameters: dict[str, Any] = {"who": who} if who and not taken else {}
    parameters |= {f"m{n}": message for n, message in enumerate(taken)}
    action = draw(st.sampled_from(["act", "restart", "handle_something_long", "drop_message" if taken else "act"]))
    story.step(action, parameters, change)


def _messages(actors: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    ends = {"from_whom": st.sampled_from(actors), "to_whom": st.sampled_from(actors)}
    fields = {"kind": st.sampled_from(KINDS), "number": st.integers(0, 9), "really": st.booleans()}
    return st.fixed_dictionaries(fields | ends)
