"""Two-phase commit: a transaction is committed by all resource managers or by none.

    raftproof check two_phase_commit --servers 5

The transaction manager asks nobody: each resource manager prepares of its own accord and says so. Messages are never
lost, and may be read again; so what was sent is a fact, and the state keeps the facts.
"""

from __future__ import annotations

from enum import IntEnum

from raftproof.checker.language import Map, Members, Model, Set, State, Symmetric


class ResourceManager(Symmetric):
    """A participant of the transaction."""

    bound = "servers"
    prefix = "rm"


class Phase(IntEnum):
    """Where a resource manager is."""

    WORKING = 0
    PREPARED = 1
    COMMITTED = 2
    ABORTED = 3


class Decision(IntEnum):
    """What the transaction manager has told everyone."""

    NONE = 0
    COMMIT = 1
    ABORT = 2


class Transaction(State):
    """One transaction."""

    managers: Members[ResourceManager]
    phase: Map[ResourceManager, Phase]
    said_prepared: Set[ResourceManager]  # sent to the transaction manager …
    heard_prepared: Set[ResourceManager]  # … and received by it; among said_prepared
    decision: Decision


model = Model("two_phase_commit", Transaction, bounds={"servers": 3})


@model.initial
def start(s: Transaction) -> None:
    """Everybody works, as a new state's fields are: nothing was said."""


@model.action()
def prepare(s: Transaction, rm: ResourceManager) -> bool:
    """A resource manager is done, and from now on commits or aborts as it is told."""
    if s.phase[rm] != Phase.WORKING:
        return False
    s.phase[rm] = Phase.PREPARED
    s.said_prepared.add(rm)
    return True


@model.action()
def choose_to_abort(s: Transaction, rm: ResourceManager) -> bool:
    """A resource manager that has promised nothing gives up."""
    if s.phase[rm] != Phase.WORKING:
        return False
    s.phase[rm] = Phase.ABORTED
    return True


@model.action()
def hear_prepared(s: Transaction, rm: ResourceManager) -> bool:
    """The transaction manager, undecided, receives a Prepared."""
    if s.decision != Decision.NONE or rm not in s.said_prepared:
        return False
    s.heard_prepared.add(rm)
    return True


@model.action()
def decide_commit(s: Transaction) -> bool:
    """The transaction manager has heard from everybody, and commits."""
    if s.decision != Decision.NONE or len(s.heard_prepared) < len(s.managers):
        return False
    s.decision = Decision.COMMIT
    return True


@model.action()
def decide_abort(s: Transaction) -> bool:
    """The transaction manager may give up at any time before it commits."""
    if s.decision != Decision.NONE:
        return False
    s.decision = Decision.ABORT
    return True


@model.action()
def obey_commit(s: Transaction, rm: ResourceManager) -> bool:
    """A resource manager is told to commit; it may be told again."""
    if s.decision != Decision.COMMIT:
        return False
    s.phase[rm] = Phase.COMMITTED
    return True


@model.action()
def obey_abort(s: Transaction, rm: ResourceManager) -> bool:
    """A resource manager is told to abort; it may be told again."""
    if s.decision != Decision.ABORT:
        return False
    s.phase[rm] = Phase.ABORTED
    return True


@model.invariant
def all_or_nothing(s: Transaction) -> bool:
    """No resource manager commits while another aborts."""
    for i in s.managers:
        for j in s.managers:
            if s.phase[i] == Phase.COMMITTED and s.phase[j] == Phase.ABORTED:
                return False
    return True


@model.witness
def all_committed(s: Transaction) -> bool:
    """Everybody has committed."""
    for i in s.managers:
        if s.phase[i] != Phase.COMMITTED:
            return False
    return True


@model.witness
def some_aborted(s: Transaction) -> bool:
    """Somebody has aborted."""
    for i in s.managers:
        if s.phase[i] == Phase.ABORTED:
            return True
    return False
