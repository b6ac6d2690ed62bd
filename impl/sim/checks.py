"""What must hold at every step, checked where it could break, each check in constant time.

The properties are those of Figure 3, and what a client may rely on. Log Matching is checked by its inductive form: an
entry's index and term determine its content and the term of the entry before it. That entries are committed is judged
from outside, by counting the servers on whose disks they lie, whatever the leader believes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from raftproof.impl.core import Entry, Role, Snapshot
from raftproof.impl.core import messages as m
from raftproof.impl.core.entries import CONFIGURATION
from raftproof.impl.sim.violation import PropertyViolated

if TYPE_CHECKING:
    from raftproof.impl.sim.machine import Machine
    from raftproof.impl.sim.world import World

HASH_EVERY = 32
"""Between two comparisons of whole stores, in entries. Revisions are compared at every entry."""


class Checks:
    """What the servers have shown so far, all of them together."""

    __slots__ = (
        "content",
        "first",
        "hashes",
        "history",
        "leaders",
        "led",
        "newest",
        "revisions",
        "terms",
        "votes",
        "world",
    )

    def __init__(self, world: World) -> None:
        """Nothing is shown yet."""
        self.world = world
        self.leaders: dict[int, int] = {}  # by term
        self.led = 0  # elections won
        self.votes: dict[tuple[int, int], int] = {}  # by voter and term: the candidate
        self.terms: dict[int, int] = {}  # by server: the highest term that it told anybody
        self.content: dict[tuple[int, int], tuple[int, bytes]] = {}  # by index and term: the term before, the data
        self.first = world.plan.servers  # the configuration stands for as many entries
        self.history: list[Entry] = []  # what was applied, by index after `first`
        self.revisions: list[int] = []  # of the store, after each of them
        self.hashes: dict[int, int] = {}  # of the store, by index
        self.newest = (0, 0)  # index and term of the highest entry known committed

    # --- elections --------------------------------------------------------------------------------------------------

    def elected(self, machine: Machine) -> None:
        """Election Safety and Leader Completeness (Figure 3); and that the votes were really given (§5.2)."""
        raft = machine.raft
        self.led += 1
        term = raft.current_term
        for half in (raft.configuration.voters, raft.configuration.outgoing):
            votes = [v for v in half if v == machine.id or self.votes.get((v, term)) == machine.id]
            if half and 2 * len(votes) <= len(half):
                raise PropertyViolated(
                    "ElectedByMajority",
                    "a leader has the votes of a majority of the voters in its term",
                    (
                        f"s{machine.id} leads term {term}",
                        f"of {half} only {', '.join(f's{v}' for v in votes) or 'nobody'} voted for it in that term",
                    ),
                )
        other = self.leaders.setdefault(raft.current_term, machine.id)
        if other != machine.id:
            raise PropertyViolated(
                "ElectionSafety",
                "at most one leader can be elected in a given term",
                (f"s{other} leads term {raft.current_term}", f"s{machine.id} leads term {raft.current_term}"),
            )
        index, committed_term = self.newest
        later = raft.current_term > committed_term  # a leader of an older term may still come in late, and need not
        if later and index > raft.log.base_index and raft.log.term(index) != committed_term:
            raise PropertyViolated(
                "LeaderCompleteness",
                "a committed entry is present in the logs of the leaders of all later terms",
                (
                    f"entry {index} of term {committed_term} is committed",
                    f"s{machine.id} leads term {raft.current_term} without it",
                ),
            )

    def promised(self, message: m.Message) -> None:
        """A message tells its sender's term; and a server votes once a term (Figure 2, RequestVote 2), across restarts
        too."""
        if message.term > self.terms.get(message.source, 0):
            self.terms[message.source] = message.term
        if type(message) is m.RequestVoteResponse and message.vote_granted:
            vote = message
            candidate = self.votes.setdefault((vote.source, vote.term), vote.dest)
            if candidate != vote.dest:
                raise PropertyViolated(
                    "OneVoteATerm",
                    "a server votes for at most one candidate in a term",
                    (
                        f"s{vote.source} voted for s{candidate} in term {vote.term}",
                        f"s{vote.source} votes for s{vote.dest} in term {vote.term}",
                    ),
                )

    # --- logs -------------------------------------------------------------------------------------------------------

    def appended(self, machine: Machine, entries: tuple[Entry, ...]) -> None:
        """Log Matching (Figure 3)."""
        previous = machine.raft.log.term(entries[0].index - 1)
        content = self.content
        for entry in entries:
            known = content.setdefault((entry.index, entry.term), (previous, entry.data))
            if known[0] != previous or known[1] != entry.data:
                raise PropertyViolated(
                    "LogMatching",
                    "if two logs contain an entry with the same index and term, they are identical up to it",
                    (
                        f"entry {entry.index} of term {entry.term} follows term {known[0]} on one server",
                        f"s{machine.id} holds another of the same index and term, after term {previous}",
                    ),
                )
            previous = entry.term
            if entry.kind == CONFIGURATION and machine.raft.role is Role.LEADER:
                self._one_change(machine, entry.index)

    def _one_change(self, machine: Machine, index: int) -> None:
        """A leader proposes a change of membership only when the one before it is applied (thesis §4.1)."""
        log, applied = machine.raft.log, machine.raft.applied_index
        for earlier in log.slice(max(applied, log.base_index) + 1, index - 1):
            if earlier.kind == CONFIGURATION and earlier.term == machine.raft.current_term:
                raise PropertyViolated(
                    "OneChangeAtATime",
                    "no change of membership is proposed while another is pending",
                    (
                        f"s{machine.id} holds the change {earlier.index}, not yet applied",
                        f"it proposes the change {index}",
                    ),
                )

    def committed(self, machine: Machine) -> None:
        """commit_index never falls, and what a leader commits lies on the disks of a majority."""
        raft = machine.raft
        index = raft.commit_index
        if index < machine.commit_seen:
            raise PropertyViolated(
                "CommitMonotonic",
                "commit_index increases monotonically",
                (f"s{machine.id} had committed {machine.commit_seen}", f"s{machine.id} has committed {index}"),
            )
        if raft.role is not Role.LEADER or index <= raft.log.base_index:
            return
        term = raft.log.term(index)
        if term != raft.current_term:
            raise PropertyViolated(
                "CommitOwnTerm",
                "only an entry of the leader's own term is committed by counting (§5.4.2)",
                (
                    f"s{machine.id} leads term {raft.current_term}",
                    f"it commits entry {index} of term {term} by counting",
                ),
            )
        configuration = raft.configuration
        for half in (configuration.voters, configuration.outgoing):
            holders = [
                server for server in half if self.world.machines[server].started and self._holds(server, index, term)
            ]
            if half and 2 * len(holders) <= len(half):
                raise PropertyViolated(
                    "CommittedOnMajority",
                    "an entry is committed once it is durable on a majority of the voters",
                    (
                        f"s{machine.id} commits entry {index} of term {term}",
                        f"only {', '.join(f's{h}' for h in holders) or 'nobody'} of {half} holds it durably",
                    ),
                )
        if index > self.newest[0]:
            self.newest = (index, term)

    def _holds(self, server: int, index: int, term: int) -> bool:
        """Whether the entry is on this server's disk, or was when its process died: a crash takes nothing durable."""
        log = self.world.machines[server].raft.log
        return index <= log.base_index or (index <= log.stored_index and log.term(index) == term)

    # --- state machines ---------------------------------------------------------------------------------------------

    def applied(self, machine: Machine, entry: Entry, id: int) -> None:
        """State Machine Safety (Figure 3): the same entry at the same index everywhere, and the same store after it."""
        history, store = self.history, machine.store
        place = entry.index - self.first - 1
        if place < len(history):
            known = history[place]
            if known.term != entry.term or known.data != entry.data:
                raise PropertyViolated(
                    "StateMachineSafety",
                    "no two servers apply a different log entry for the same index",
                    (
                        f"entry {entry.index} of term {known.term} was applied",
                        f"s{machine.id} applies one of term {entry.term} at index {entry.index}",
                    ),
                )
            if self.revisions[place] != store.revision:
                raise self._states_differ(machine, entry.index)
        else:
            if place > len(history):
                raise PropertyViolated(
                    "StateMachineSafety",
                    "entries are applied in order, none left out",
                    (f"entry {entry.index} is applied by s{machine.id}", "the one before was never applied"),
                )
            history.append(entry)
            self.revisions.append(store.revision)
            if id:
                self.world.clients.took_effect(id, entry.index, store)
        if not entry.index % HASH_EVERY:
            self.compare(machine, entry.index)

    def compare(self, machine: Machine, index: int) -> None:
        """The whole store, byte for byte, against any other that has applied as much."""
        digest = machine.store.hash()
        if self.hashes.setdefault(index, digest) != digest:
            raise self._states_differ(machine, index)

    def _states_differ(self, machine: Machine, index: int) -> PropertyViolated:
        return PropertyViolated(
            "StatesEqual",
            "servers that have applied as much hold the same store",
            (f"s{machine.id} has applied {index}", "another server's store was different there"),
        )

    def installed(self, machine: Machine, snapshot: Snapshot) -> None:
        """A snapshot holds what was committed, and takes no server back."""
        if snapshot.index > len(self.history) + self.first:
            raise PropertyViolated(
                "StateMachineSafety", "a snapshot holds only what was applied", (f"a snapshot of {snapshot.index}",)
            )
        if snapshot.index < machine.raft.applied_index:
            raise PropertyViolated(
                "AppliedMonotonic",
                "a state machine never goes back",
                (
                    f"s{machine.id} has applied {machine.raft.applied_index}",
                    f"it is given a snapshot of {snapshot.index}",
                ),
            )

    # --- processes --------------------------------------------------------------------------------------------------

    def started(self, machine: Machine) -> None:
        """A process that starts again knows every term that it told anybody before (Figure 2, persistent state)."""
        told = self.terms.get(machine.id, 0)
        if machine.raft.current_term < told:
            raise PropertyViolated(
                "TermMonotonic",
                "current_term increases monotonically, across restarts too",
                (
                    f"s{machine.id} sent a message of term {told}",
                    f"it starts again in term {machine.raft.current_term}",
                ),
            )

    def refused(self, machine: Machine, why: str) -> None:
        """A log is refused only if something damaged it."""
        if not machine.flipped:
            raise PropertyViolated(
                "CrashesRecover", "after any crash a server starts again", (f"s{machine.id} refuses its log", why)
            )

    def matched(self, machine: Machine, server: int, before: int, after: int) -> None:
        """match_index never falls (Figure 2, volatile state on leaders)."""
        raise PropertyViolated(
            "MatchMonotonic",
            "match_index increases monotonically",
            (f"s{machine.id} knew that s{server} matches up to {before}", f"now it believes {after}"),
        )

    def acknowledged(self, machine: Machine, answer: m.AppendEntriesResponse) -> None:
        """What a follower acknowledges to a leader of its term is the same entry on both (§5.3)."""
        follower, leader = self.world.machines[answer.source], machine.raft
        if not follower.alive or follower.raft.current_term != answer.term or leader.current_term != answer.term:
            return
        log, index = follower.raft.log, answer.index
        if index > max(log.base_index, leader.log.base_index) and log.term(index) != leader.log.term(index):
            raise PropertyViolated(
                "AcknowledgedMatches",
                "a follower acknowledges only entries that match the leader's",
                (
                    f"s{answer.source} acknowledges entry {index}, which is of term {log.term(index)} there",
                    f"at s{machine.id}, which leads term {answer.term}, it is of term {leader.log.term(index)}",
                ),
            )

    def read_locally(self, machine: Machine, key: bytes, value: bytes | None) -> None:
        """A serializable read shows a state that a committed prefix had, never older than this server showed before."""
        index = machine.raft.applied_index
        if index < machine.shown:
            raise PropertyViolated(
                "SerializableReads",
                "a server never shows a state older than it showed before",
                (f"s{machine.id} showed the state after {machine.shown}", f"now it shows the one after {index}"),
            )
        machine.shown = index
        expected = self.world.clients.value_after(key, index)
        if expected != value:
            raise PropertyViolated(
                "SerializableReads",
                "a serializable read returns what some committed prefix had",
                (f"after entry {index} the key {key!r} was {expected!r}", f"s{machine.id} shows {value!r}"),
            )


class Overlooked(Checks):
    """Looks on as well and lets everything pass: a cluster with a planted bug runs on, for its trace to be judged."""

    __slots__ = ()


def _letting_pass(check: Callable[..., None]) -> Callable[..., None]:
    def look(*arguments: Any) -> None:
        with suppress(PropertyViolated):
            check(*arguments)

    return look


for _name, _check in list(vars(Checks).items()):
    if callable(_check) and not _name.startswith("_"):
        setattr(Overlooked, _name, _letting_pass(_check))
