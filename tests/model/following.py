"""Takes a counterexample step by step in the interpreted model, and believes nothing that it says."""

from __future__ import annotations

from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.replay import changes_between
from raftproof.checker.result import Violation


def follow(system: Interpreter, violation: Violation) -> list[int]:
    """The states of a counterexample, after asserting all that makes it one.

    It begins in an initial state; each step is enabled and changes what it says that it changes; what it leaves
    behind lies inside the bounds; the last step, and none before it, breaks the property.
    """
    shown = {state: system.layout.show(system.state(state)) for state in system.initial_states()}
    now = next(state for state, text in shown.items() if text == violation.initial)
    states = [now]
    assert violation.property not in _broken(system, None, now)
    for number, step in enumerate(violation.steps, 2):
        assert system.inside(now), f"state {number - 1} lies outside the bounds"
        named = [c for c in system.actions(now) if c.action.name == step.action]
        choice = next(c for c in named if system.arguments(c) == step.parameters)
        after = system.next_state(now, choice)
        assert after is not None, f"step {number} is not enabled: {system.describe(choice)}"
        before, then = (system.layout.show(system.state(state)) for state in (now, after))
        assert changes_between(before, then) == step.changes, f"step {number} changes something else"
        is_last = number == len(violation.steps) + 1
        assert (violation.property in _broken(system, now, after)) == is_last, f"step {number}"
        now = after
        states.append(now)
    assert len(states) == violation.depth
    return states


def _broken(system: Interpreter, before: int | None, state: int) -> list[str]:
    properties = system.violated(state)
    if before is not None:
        properties += system.violated_step(before, state)
    return [p.name for p in properties]
