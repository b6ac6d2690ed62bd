"""What is asked of the answers to lesson 4: eight searches, and three behaviors that are taken step by step."""

from __future__ import annotations

from itertools import combinations

from grading import part, see_that_filled
from models.persistence import model
from searching import StepRefusedError, explored, played, system_of

SAYS = {
    "": "safe",
    "ElectionSafety": "two leaders in one term",
    "LeaderCompleteness": "a leader without a committed entry",
}
ROLES = ("follower", "candidate", "leader")
FIELDS = ("term", "vote", "log")
SUBSETS = [" ".join(kept) for size in (3, 2, 1, 0) for kept in combinations(FIELDS, size)]


def _lost(kept: str) -> tuple[str, ...]:
    return tuple(f"{field}_kept" for field in FIELDS if field not in kept.split())


@part("all eight subsets")
def subsets(ON_DISK: dict[str, str]) -> str | None:
    """What the search finds for each."""
    see_that_filled(ON_DISK, SUBSETS)
    for kept, told in ON_DISK.items():
        found = explored(system_of(model, faults=("restart",), broken=_lost(kept)))
        if told == SAYS[found.falls]:
            continue
        on_disk = ", ".join(kept.split()) or "nothing"
        if not found.falls:
            return f"On disk: {on_disk}. All {found.states} states were explored, and nothing falls."
        return f"On disk: {on_disk}. There is a shorter way, or another end:\n{found.story()}"
    return None


def _hint(steps: list[str], falls: str, broken: tuple[str, ...]) -> str | None:
    """Why a behavior does not end as it should."""
    try:
        end = played(system_of(model, faults=("restart",), broken=broken), list(steps))
    except StepRefusedError as refused:
        return str(refused)
    if falls in end.violated():
        return None
    state = end.state
    roles = ", ".join(f"s{i + 1} {ROLES[state.role[i]]} of term {state.current_term[i]}" for i in state.servers)
    committed = f"an entry of term {state.committed}" if state.committed else "nothing"
    return f"All steps are possible, and nothing falls yet. At the end: {roles}; committed: {committed}."


@part("the vote is lost")
def vote_lost(TWO_LED: list[str]) -> str | None:
    """Two leaders."""
    return _hint(TWO_LED, "ElectionSafety", ("vote_kept",))


@part("the log is lost")
def log_lost(LOST: list[str]) -> str | None:
    """A leader that lacks a committed entry."""
    return _hint(LOST, "LeaderCompleteness", ("log_kept",))


@part("write, then answer")
def order(FIRST: str, IN_THE_WRONG_ORDER: list[str]) -> str | None:
    """The right order, and what the other one leads to."""
    if FIRST not in ("write", "answer"):
        return f"{FIRST!r} is neither 'write' nor 'answer'."
    broken = () if FIRST == "write" else ("written_first",)
    found = explored(system_of(model, faults=("restart",), broken=broken))
    if found.falls:
        return f"If the server does that first, this happens:\n{found.story()}"
    if not any("vote_and_crash" in step for step in IN_THE_WRONG_ORDER):
        return "In your behavior nobody crashes in the middle of a vote."
    return _hint(IN_THE_WRONG_ORDER, "ElectionSafety", ("written_first",))
