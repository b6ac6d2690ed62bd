"""A property that did not hold."""

from __future__ import annotations


class PropertyViolated(Exception):
    """Raised by a check; ends the run. Not an error of the simulator: the finding it is there for."""

    def __init__(self, name: str, sentence: str, facts: tuple[str, ...] = ()) -> None:
        """The property's name, what happened, and the facts that contradict each other."""
        self.name = name
        self.sentence = sentence
        self.facts = facts
        super().__init__(f"{name}: {sentence}")
