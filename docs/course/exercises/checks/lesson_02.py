"""What is asked of the answers to lesson 2: behaviors are taken step by step in the model."""

from __future__ import annotations

from grading import part, see_that_filled
from searching import Play, StepRefusedError, played, system_of

from raftproof.model.abstract import model

ROLES = ("follower", "candidate", "leader")
QUIZ = (
    "timeout(s1, 1)",
    "timeout(s2, 1)",
    "receive_request_vote(s3, s2, 1)",
    "timeout(s3, 2)",
    "receive_request_vote(s2, s3, 2)",
    "become_leader(s3)",
)


def _played(steps: list[str]) -> Play | str:
    try:
        return played(system_of(model, {"max_term": 3}, symmetric=()), list(steps))
    except StepRefusedError as refused:
        return str(refused)


def _stands(play: Play) -> list[tuple[str, int]]:
    """Role and term of each server."""
    s = play.state
    return [(ROLES[s.role[i]], s.current_term[i]) for i in s.servers]


def _told(play: Play) -> str:
    return ", ".join(f"s{i} is {role} in term {term}" for i, (role, term) in enumerate(_stands(play), 1)) + "."


@part("s2 is elected")
def elected(ELECTED: list[str]) -> str | None:
    """In three steps."""
    end = _played(ELECTED)
    if isinstance(end, str):
        return end
    if _stands(end)[1] != ("leader", 1):
        return f"All steps are possible, and at the end {_told(end)}"
    return None if len(ELECTED) == 3 else "s2 leads. It can be done in three steps."


@part("nobody wins, and then s1")
def split(SPLIT: list[str]) -> str | None:
    """A term without a leader."""
    end = _played(SPLIT)
    if isinstance(end, str):
        return end
    s = end.state
    if s.leader[1] != -1:
        return f"s{s.leader[1] + 1} was elected in term 1."
    silent = [f"s{i + 1}" for i in s.servers if not any(j in s.voted[i][1] for j in s.servers)]
    if silent:
        return f"In term 1, {' and '.join(silent)} did not vote. A candidate votes for itself."
    return None if _stands(end)[0] == ("leader", 2) else f"Term 1 is as it should be. At the end {_told(end)}"


@part("two leaders at once")
def two(TWO_AT_ONCE: list[str]) -> str | None:
    """In different terms."""
    end = _played(TWO_AT_ONCE)
    if isinstance(end, str):
        return end
    stands = _stands(end)
    return None if stands[0] == ("leader", 1) and stands[2] == ("leader", 2) else f"At the end {_told(end)}"


@part("what comes of it")
def predicted(PREDICTED: dict[str, tuple[str, int]]) -> str | None:
    """Role and term of each server."""
    see_that_filled(PREDICTED, ("s1", "s2", "s3"))
    play = Play(system_of(model, {"max_term": 3}, symmetric=()))
    stories = []
    for step in QUIZ:
        play.take(step)
        stories.append(f"  after {step}: {_told(play)}")
    wrong = [f"s{i}" for i, stands in enumerate(_stands(play), 1) if tuple(PREDICTED[f"s{i}"]) != stands]
    if not wrong:
        return None
    return f"Not so for {' and '.join(wrong)}. As far as the fifth step you can compare:\n" + "\n".join(stories[:5])
