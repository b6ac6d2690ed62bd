"""Draws the pictures of the lessons: all with `python docs/course/exercises/pictures.py`, or those that are named.

Counterexamples come from the gallery, taken again step by step, or from a search in plain Python; nothing is compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from searching import retaken, system_of

from raftproof.checker.explore.reference import Exploration, search
from raftproof.checker.language import Model
from raftproof.checker.language.interpreted import Choice
from raftproof.checker.replay import as_violation
from raftproof.checker.result import Result, Violation
from raftproof.checker.run import shape_of
from raftproof.checker.show.moments import moments_svg
from raftproof.checker.show.spacetime import spacetime_svg
from raftproof.checker.show.style import FACT, FACT_FILL, MESSAGE, SOFT, Pen
from raftproof.model import reordering
from raftproof.model.gallery import exhibits, replayed

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "course" / "pictures"


def exhibit(rule: str, model: str, falls: str = "") -> Result:
    """A counterexample of the gallery."""
    found = (
        replayed(asked, one)
        for asked, one in exhibits().items()
        if (asked.rule, asked.model.name) == (rule, model) and one.property and falls in ("", one.property)
    )
    return next(found)


def searched(model: Model, faults: tuple[str, ...], broken: tuple[str, ...], command: str) -> Result:
    """A counterexample that the plain search finds."""
    system = system_of(model, faults=faults, broken=broken)
    found: Exploration[int, Choice] = search(system, system.canonical)
    assert found.violated is not None
    wide, path = retaken(system, [state for _, state in found.path], found.violated)
    declared = next(p for p in model.properties() if p.name == found.violated)
    return result_of(model, system.layout.bounds, as_violation(wide, path, declared), faults, broken, command)


def result_of(
    model: Model,
    bounds: dict[str, int],
    violation: Violation,
    faults: tuple[str, ...] = (),
    broken: tuple[str, ...] = (),
    command: str = "",
) -> Result:
    """A violation with the frame that a drawing wants; the counts are left out."""
    counts = dict.fromkeys(("generated", "distinct", "depth", "peak_memory_bytes"), 0)
    times = dict.fromkeys(
        ("seconds", "cpu_seconds", "setup_seconds", "states_per_second", "collision_probability"), 0.0
    )
    return Result(
        verdict="violated",
        model=model.name,
        bounds=bounds,
        **counts,  # type: ignore[arg-type]
        **times,  # type: ignore[arg-type]
        workers=1,
        symmetry="server",
        reductions=[],
        faults=list(faults),
        broken=list(broken),
        actions={},
        never_enabled=[],
        witnesses={},
        violation=violation,
        command=command,
        shape=shape_of(model, system_of(model, bounds).layout),
    )


# --------------------------------------------------------------------------------------------------- the pictures


def quorums() -> str:
    """Two majorities of five share a server; two halves of four do not."""
    pen = Pen(
        "Two majorities, and two halves", "Five servers with two sets of three; four servers with two sets of two."
    )
    pen.text(16, 28, "Five servers, quorums of three: any two share a server", 14, "prose bold")
    _row(pen, 60, 5, ((1, 3), (3, 5)))
    pen.text(346, 76, "s3 is in both, and votes once:", 12, "prose")
    pen.text(346, 94, "only one of the two elects a leader", 12, "prose")
    pen.text(16, 188, "Four servers, quorums of two: these share nobody", 14, "prose bold")
    _row(pen, 220, 4, ((1, 2), (3, 4)), wrong=True)
    pen.text(346, 236, "each elects a leader of its own,", 12, "prose fact")
    pen.text(346, 254, "and neither hears of the other", 12, "prose fact")
    return pen.finish(620, 300)


def _row(pen: Pen, y: float, servers: int, sets: tuple[tuple[int, int], ...], wrong: bool = False) -> None:
    step, left = 62, 44
    for place, (first, last) in enumerate(sets):
        x, width = left + step * (first - 1) - 26, step * (last - first) + 52
        inset = 7 * place
        frame: dict[str, float | str] = {
            "stroke": FACT if wrong else MESSAGE,
            "stroke_width": 2.5,
            "rx": 24,
            "fill": "none",
        }
        if place:
            frame["stroke_dasharray"] = "7 4"
        pen.box(x, y - 14 + inset, width, 78 - 2 * inset, **frame)
    shared = set(range(sets[0][0], sets[0][1] + 1)) & set(range(sets[1][0], sets[1][1] + 1))
    for server in range(1, servers + 1):
        x = left + step * (server - 1)
        look: dict[str, float | str] = (
            {"fill": FACT_FILL, "stroke": FACT, "stroke_width": 3} if server in shared else {"fill": "#ffffff"}
        )
        pen.add("circle", cx=x, cy=y + 25, r=17, **({"stroke": SOFT} | look))
        pen.text(x, y + 30, f"s{server}", 13, "bold", "middle")


def vote_lost() -> str:
    """A server forgets its vote in a crash, and votes again."""
    from models.persistence import model

    command = "raftproof check docs/course/exercises/models/persistence.py --faults restart --break vote_kept"
    return spacetime_svg(searched(model, ("restart",), ("vote_kept",), command))


def election() -> str:
    """The shortest election: what refutes that nobody ever leads."""
    from models.nobody_leads import model

    return spacetime_svg(searched(model, (), (), "raftproof check docs/course/exercises/models/nobody_leads.py"))


def without_vote_once() -> str:
    """What `raftproof prove ElectionSafety --without VoteOnce` shows."""
    from raftproof.checker.proof.breaking import falls
    from raftproof.model.proof import RAFT
    from raftproof.model.proof.cores import stored
    from raftproof.model.proof.instances import GROWING
    from raftproof.model.proof.picture import draw

    theory = RAFT.without_lemma("VoteOnce")
    found = falls(theory, stored(), GROWING, ["ElectionSafety"]).counterexample
    assert found is not None
    return draw(theory, found)


def departure() -> str:
    """A vote too many in a real trace."""
    from raftproof.traces.conformance.picture import picture_at

    return picture_at(str(ROOT / "tests/traces/corpus/bad/double_vote-bugelect5-s3.ndjson.gz"), 97)


def old_answer() -> str:
    """A history of two clients in which what was read goes away again."""
    from raftproof.traces.linearizability import Call, check
    from raftproof.traces.linearizability_picture import draw

    history = [
        Call(1, "x", "put", 0, 10, "1"),
        Call(1, "x", "put", 14, 24, "2"),
        Call(2, "x", "get", 4, 12, "1"),
        Call(3, "x", "get", 18, 22, "2"),
        Call(2, "x", "get", 27, 34, "1"),
    ]
    return draw(check(history))


def refined() -> str:
    """Steps of an election, and above them what they are for the specification."""
    from searching import Play, fresh

    model = fresh("models.one_term", may_vote=lambda s, i, candidate: s.voted_for[i] in (-1, candidate)).model
    play = Play(system_of(model, symmetric=()))
    steps = ("ask(s1)", "ask(s2)", "vote(s1, s1)", "vote_in_vain(s2, s1)", "vote(s2, s1)", "vote(s3, s2)")
    pen = Pen("Six steps, one of them an election", "Steps of one_term below, and their images in one_leader above.")
    pen.text(16, 26, "one_leader: what it is for", 13, "prose bold")
    pen.text(16, 252, "one_term: how it is done", 13, "prose bold")
    width, left = 150, 34
    for place in range(len(steps) + 1):
        x, s = left + width * place, play.state
        elected = [i for i in s.servers if 2 * len(s.votes[i]) > len(s.servers)]
        name = f"s{elected[0] + 1}" if elected else "nobody"
        pen.box(x, 42, 72, 30, rx=15, stroke=FACT if elected else SOFT, stroke_width=2.5 if elected else 1)
        pen.text(x + 36, 62, name, 12, "bold" if elected else "", "middle")
        pen.line(x + 36, 146, x + 36, 72, stroke=SOFT, stroke_dasharray="3 3")
        pen.box(x, 146, 72, 62, rx=4, stroke=SOFT)
        for i in s.servers:
            votes = ",".join(f"s{j + 1}" for j in s.servers if j in s.votes[i])
            pen.text(x + 6, 163 + 17 * i, f"s{i + 1} {{{votes}}}", 10, "bold" if i in elected else "")
        if place < len(steps):
            play.take(steps[place])
            after = [i for i in play.state.servers if 2 * len(play.state.votes[i]) > len(play.state.servers)]
            mark = {"stroke": MESSAGE, "marker_end": "url(#arrow)"}
            pen.line(x + 74, 178, x + width - 2, 178, **mark)
            pen.text(x + 111, 226, steps[place], 9.5, "message", "middle")
            if after and not elected:
                pen.line(x + 74, 57, x + width - 2, 57, **mark)
                pen.text(x + 111, 36, f"elect(s{after[0] + 1})", 10, "message bold", "middle")
            else:
                pen.text(x + 111, 61, "=", 14, "soft", "middle")
    return pen.finish(left + width * len(steps) + 90, 266)


PICTURES: dict[str, Callable[[], str]] = {
    "01-quorums": quorums,
    "02-an-election": election,
    "03-two-votes": lambda: spacetime_svg(exhibit("vote_once", "figure2")),
    "04-a-vote-is-lost": vote_lost,
    "05-a-gap": lambda: moments_svg(exhibit("previous_entry", "figure2", "LogMatching")),
    "06-a-short-log": lambda: moments_svg(exhibit("log_up_to_date", "rounds")),
    "07-figure-8": lambda: moments_svg(exhibit("commit_own_term", "rounds")),
    "08-rounds": reordering.picture,
    "09-an-unreachable-state": without_vote_once,
    "10-seen-from-above": refined,
    "11-a-departure": departure,
    "12-an-old-answer": old_answer,
}


def main(names: list[str]) -> None:
    """Draw the named pictures, or all."""
    for name in names:
        if name not in PICTURES:
            sys.exit(f"There is no picture {name}; there are {', '.join(PICTURES)}.")
    for name in names or PICTURES:
        (FOLDER / f"{name}.svg").write_text(PICTURES[name](), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
