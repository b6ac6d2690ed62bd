"""What is known of the whole cluster: what is committed, who led, which changes of membership are in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from raftproof.model.deployed.state import Configuration as Members
from raftproof.model.deployed.state import Entry, Kind
from raftproof.model.rules import Rule
from raftproof.traces.conformance.departure import Departure, Mixed
from raftproof.traces.conformance.machine import ROLES, SERVERS, Machine
from raftproof.traces.conformance.membership import NOBODY, UNLOGGED, Changes, Configuration, after, in_order
from raftproof.traces.conformance.modes import Modes
from raftproof.traces.conformance.network import Network
from raftproof.traces.conformance.server import Server, show_configuration
from raftproof.traces.conformance.storage import SHIFT, Fixed, Log
from raftproof.traces.events import LEADER, Id, Message

T = TypeVar("T")
_READS: Final = frozenset({"MsgReadIndex", "MsgReadIndexResp"})
"""Messages that count in whatever term they are received."""
KEPT: Final = 1 << 12
"""How many committed entries the model keeps of a log, at least, before their memory is given back."""


class Cluster:
    """The servers, the network between them, and what holds of all of them."""

    def __init__(self, strict: bool, choices: Mapping[int, int] | None = None, without: Iterable[Rule] = ()) -> None:
        self.strict = strict
        self._choices = choices or {}
        self._asked = 0
        self.open_choices: dict[int, int] = {}
        """Hidden choices that several values fit: how many, by the number of the choice."""
        self.machine = Machine(strict, without)
        self.servers: dict[Id, Server] = {}
        self.network = Network(self._is_spent, self._oldest_term)
        self.rounds: dict[tuple[str, Id, Id], tuple[int, int]] = {}
        """The last term and round of reads that heartbeats, or their answers, carried from one server to another."""
        self.modes = Modes()
        self.leaders: dict[int, Id] = {}
        self._leader_logs: dict[int, Log | Fixed] = {}
        """The log of each term's leader: what its messages carry."""
        self._still_led: list[int] = []
        """The terms whose leader's log may still grow."""
        self.started: set[Id] = set()
        """Servers whose first start was seen."""
        self._in_term: dict[int, set[Id]] = {}
        self.committed: Log = [0]
        self.committed_in: list[int] = [0]
        """The term of the server that first committed each."""
        self.changed_at: list[int] = []
        """The indexes of the committed changes of membership."""
        self.proposal_ends: dict[tuple[int, int], int] = {}
        """The last index of a proposal of several entries, by the index and the term of the change in it."""
        self.founders: tuple[Id, ...] | None = None
        self._kinds: list[Changes | None] = [None, UNLOGGED]
        self._entries: dict[int, int] = {}
        """Entries that are equal are one number, which logs share."""
        self._modelled: dict[int, tuple[int, ...]] = {}
        self._numbers: dict[Changes | None, int] = {None: 0, UNLOGGED: 1}
        self._history: list[list[Configuration]] = [[NOBODY]]
        """What the configuration may be after so many committed changes."""
        self._joint: dict[int, bool] = {}

    def choose(self, values: Sequence[T]) -> T:
        """A hidden choice, the likeliest first; another one where the trace departed with that."""
        if len(values) == 1:
            return values[0]
        self._asked += 1
        self.open_choices[self._asked] = len(values)
        return values[self._choices.get(self._asked, 0)]

    # --------------------------------------------------------------------------------------------------- entries

    def entry(self, term: int, changes: Changes | None) -> int:
        """An entry as a number: its term, and the number of its changes (None for a normal entry)."""
        number = self._numbers.get(changes)
        if number is None:
            number = self._numbers[changes] = len(self._kinds)
            self._kinds.append(changes)
        entry = term << SHIFT | number
        return self._entries.setdefault(entry, entry)

    def as_modelled(self, entry: int) -> tuple[int, ...]:
        """The values of an entry as the model has it; whether a single change is joint is seen when it is applied."""
        known = self._modelled.get(entry)
        if known is None:
            known = self._modelled[entry] = tuple(map(int, self._model(entry)))
        return known

    def _model(self, entry: int) -> Entry:
        term, changes = entry >> SHIFT, self.changes_of(entry)
        if changes is None:
            return Entry(term, Kind.NORMAL, 0, 0, 0)
        if not changes:
            return Entry(term, Kind.LEAVE, 0, 0, 0)
        sets = {"AddNewServer": 0, "RemoveServer": 0, "AddLearner": 0}
        for change in changes:
            one = 1 << self.machine.add(change.nid)
            sets = {action: members & ~one for action, members in sets.items()}
            sets[change.action] |= one
        return Entry(term, Kind.EXPLICIT if len(changes) > 1 else Kind.AUTO, *sets.values())

    def members(self, configuration: Configuration) -> Members:
        """A configuration as the model has it; where learners are unknown, every other server may be one."""
        voters, outgoing = self._set(configuration.voters), self._set(configuration.outgoing)
        waiting = self._set(configuration.learners_next)
        if configuration.learners is None:
            return Members(voters, outgoing, (1 << SERVERS) - 1 & ~(voters | outgoing), waiting, False)
        return Members(voters, outgoing, self._set(configuration.learners), waiting, False)

    def _set(self, ids: Iterable[Id]) -> int:
        return sum(1 << self.machine.add(nid) for nid in ids)

    def changes_of(self, entry: int) -> Changes | None:
        """The changes of membership in an entry; None if it is a normal one."""
        return self._kinds[entry & ((1 << SHIFT) - 1)]

    # --------------------------------------------------------------------------------------------------- the model

    def pull(self, s: Server) -> None:
        """Take term, vote, role and leader from the model."""
        machine = self.machine
        view, base = machine.view, s.i * machine.stride
        s.term = view[base + machine.term_at]
        s.vote = machine.ids[view[base + machine.vote_at]]
        s.role = ROLES[view[base + machine.role_at]]
        s.leader = machine.ids[view[base + machine.leader_at]]

    def pull_commit(self, s: Server) -> None:
        """Take the commit index from the model; what is committed is compared with what others know to be."""
        machine = self.machine
        index = machine.view[s.i * machine.stride + machine.commit_at]
        if index != s.commit:
            self.commit(s, index)

    # --------------------------------------------------------------------------------------------------- commitment

    def commit(self, s: Server, index: int) -> None:
        """Server s knows its log to be committed up to an index: nobody committed anything else there (Figure 3)."""
        committed, log = self.committed, s.log
        known = len(committed)
        for k in range(s.commit + 1, min(index + 1, known)):
            if committed[k] != log[k]:
                raise Departure(
                    "StateMachineSafety",
                    f"server {s.nid} commits an entry of term {log[k] >> SHIFT} at index {k}, "
                    f"where an entry of term {committed[k] >> SHIFT} was committed before",
                    {"term at index": committed[k] >> SHIFT},
                    {"term at index": log[k] >> SHIFT},
                    cause="safety",
                )
        if index >= known:
            for entry in log[known : index + 1]:
                if entry & ((1 << SHIFT) - 1):
                    self.changed_at.append(len(committed))
                committed.append(entry)
                self.committed_in.append(s.term)
        s.commit = index
        if index > self.machine.unreal[s.i] + KEPT:
            self._let_go(s, index - 1)

    def _let_go(self, s: Server, index: int) -> None:
        """What a server committed is not looked at again, but for changes of membership: the model need not keep it."""
        self.machine.let_go(s.i, index)
        self.put_changes(s, 0, index)

    def put_changes(self, s: Server, after_index: int, index: int) -> None:
        """Put the committed changes of membership between two indexes into a server's log."""
        for k in self.changed_at:
            if after_index < k <= index:
                self.machine.put_entry(s.i, k, self.as_modelled(s.log[k]))

    def lead(self, s: Server) -> None:
        """Server s leads its term: nobody else does, and it has what was committed before (Figure 3)."""
        other = self.leaders.setdefault(s.term, s.nid)
        if other != s.nid:
            raise Departure(
                "ElectionSafety",
                f"server {s.nid} leads term {s.term}, which server {other} led before",
                {"leader": other},
                {"leader": s.nid},
                cause="safety",
            )
        last = len(self.committed) - 1
        while last and self.committed_in[last] > s.term:
            last -= 1
        if last > s.last or self.committed[last] != s.log[last]:
            raise Departure(
                "LeaderCompleteness",
                f"server {s.nid} leads term {s.term} without the committed entry {last} of term "
                f"{self.committed[last] >> SHIFT}",
                {"log": f"holds {last} entries that are committed"},
                {"log": s.last},
                cause="safety",
            )
        self._leader_logs[s.term] = s.log
        s.shared = True
        still_led = [term for term in self._still_led if self._is_led(term)]
        for term in set(self._still_led) - set(still_led):
            log = self._leader_logs[term]
            if isinstance(log, list):
                self._leader_logs[term] = Fixed(log, self.committed)
        self._still_led = [*still_led, s.term]

    def _is_led(self, term: int) -> bool:
        leader = self.servers[self.leaders[term]]
        return leader.role == LEADER and leader.term == term

    def led(self, term: int, first: int, end: int) -> Log:
        """What the leader of a term had in its log, from one index to before another."""
        log = self._leader_logs[term]
        return log[first:end] if isinstance(log, list) else log.part(first, end)

    def entry_led(self, term: int, index: int) -> int:
        """What the leader of a term had in its log at an index."""
        return self._leader_logs[term][index]

    # --------------------------------------------------------------------------------------------------- membership

    def begin(self, configuration: Configuration) -> None:
        """A server begins with a configuration that no entry made."""
        if configuration not in self._history[0]:
            self._history[0].append(configuration)
            del self._history[1:]

    def found(self, s: Server, founders: tuple[Id, ...]) -> None:
        """A founding server knows its cluster's first voters."""
        if self.founders is None:
            self.founders = founders
        elif not set(self.founders) & set(founders):
            raise Mixed
        elif self.founders != founders:
            raise Departure(
                "founding",
                "all founding servers begin with the same voters",
                {"voters": show_configuration((self.founders, ()))},
                {"voters": show_configuration((founders, ()))},
            )
        self.begin(Configuration(founders))

    def history(self, applied: int) -> list[Configuration]:
        """What the configuration may be after so many of the committed changes."""
        while len(self._history) <= applied:
            k = len(self._history) - 1
            changes = self.changes_of(self.committed[self.changed_at[k]])
            assert changes is not None
            made = [c for before in self._history[k] for c in after(before, changes, self._joint.get(k))]
            self._history.append(list(dict.fromkeys(made)))
        return self._history[applied]

    def brought(self, index: int) -> list[Configuration]:
        """What a snapshot of so many entries may bring: whoever sends one is in a configuration with voters."""
        return [conf for conf in self.history(self.applied_by(index)) if conf.voters]

    def enters(self, k: int, joint: bool) -> None:
        """A server shows whether the k-th committed change is a joint one: so it is for all."""
        if self._joint.setdefault(k, joint) != joint:
            raise Departure(
                "JointConsensus",
                f"the change of membership at index {self.changed_at[k]} is {'' if joint else 'not '}joint here, "
                "and was otherwise on another server",
            )
        del self._history[k + 1 :]

    def is_joint(self, k: int) -> bool | None:
        """Whether the k-th committed change is a joint one, if it was seen."""
        return self._joint.get(k)

    def settle(self, s: Server) -> None:
        """The configuration of a server is decided: a change waits to be applied in the model, or it was loaded."""
        applied, configuration = s.configurations[0]
        members, machine = self.members(configuration), self.machine
        if s.applying:
            s.applying = False
            index = self.changed_at[applied - 1]
            if self.changes_of(s.log[index]):
                machine.set_kind(s.i, index, Kind.EXPLICIT if configuration.outgoing else Kind.AUTO)
            machine.put(s.i, "applied", index - 1)
            is_applied = machine.act("apply_change", s.i)
            self._compare_members(s, configuration, members, is_applied)
        else:
            machine.put(s.i, "applied", self.changed_at[applied - 1] if applied else 0)
        machine.put(s.i, "configuration", *map(int, members))

    def _compare_members(self, s: Server, shown: Configuration, members: Members, is_applied: bool) -> None:
        """The model makes the same of a committed change of membership."""
        made = self.machine.configuration(s.i)
        if (made.voters, made.outgoing) != (members.voters, members.outgoing):
            departure = Departure(
                "apply_change",
                f"server {s.nid} is in another configuration than its next committed change of membership leads to",
                {"conf": self._words(made)},
                {"conf": show_configuration(shown.shown)},
            )
            raise departure if is_applied else self.machine.refused(departure)

    def _words(self, members: Members) -> str:
        """A configuration of the model as people write it."""
        new, old = (
            tuple(nid for nid, i in self.machine.numbers.items() if half >> i & 1)
            for half in (members.voters, members.outgoing)
        )
        return show_configuration((in_order(new), in_order(old)))

    def has_waiting_change(self, s: Server) -> bool:
        """Whether a change of membership is committed for sure that server s has not applied."""
        for index in self.changed_at[s.configurations[0][0] :]:
            if index > s.commit:
                break
            if self.proposal_ends.get((index, s.log[index] >> SHIFT), index) <= s.commit:
                return True
        return False

    def applied_by(self, index: int) -> int:
        """How many changes of membership are committed up to an index."""
        count = len(self.changed_at)
        while count and self.changed_at[count - 1] > index:
            count -= 1
        return count

    # --------------------------------------------------------------------------------------------------- old messages

    def _is_spent(self, m: Message, ready: int) -> bool:
        """Whether a message that left with a Ready can have no effect any more, whatever restarts come."""
        sender, dest = self.servers.get(m.source), self.servers.get(m.dest)
        if m.type in _READS or sender is None or dest is None:
            return False
        if ready > sender.disk.sure:
            return False  # its receipt would show that the disk of its sender holds what it promises
        term = dest.disk.oldest_term()
        return m.term < term or (m.term == term and self._tells_nothing(m, dest, dest.disk.commits()[0]))

    def is_without_effect(self, m: Message, dest: Server) -> bool:
        """Whether the receipt of a message changes nothing now."""
        return m.term < dest.term or (m.term == dest.term and self._tells_nothing(m, dest, dest.commit))

    def _tells_nothing(self, m: Message, dest: Server, commit: int) -> bool:
        """Whether a message of a receiver's own term tells it nothing that it does not know."""
        match m.type:
            case "MsgApp":
                return m.index + m.entries <= commit
            case "MsgSnap":
                return m.entries <= commit
            case "MsgHeartbeat":
                return m.commit <= commit
            case "MsgAppResp":
                known = self.machine.match(dest.i, self.machine.add(m.source))
                return m.reject or dest.role != LEADER or m.index <= known
        return False

    def _oldest_term(self) -> int:
        """The lowest term that a server can be in, after a restart, too."""
        return min(s.disk.oldest_term() for s in self.servers.values())

    # --------------------------------------------------------------------------------------------------- terms

    def enter_term(self, s: Server) -> None:
        """A server is in a term, and may send messages of it."""
        self._in_term.setdefault(s.term, set()).add(s.nid)

    def may_be_of(self, term: int, other_than: Id) -> bool:
        """Whether another server was in a term, so that a message of it may have come."""
        return bool(self._in_term.get(term, set()) - {other_than})

    def someone_of(self, term: int, other_than: Id) -> int:
        """Such a server's number in the model."""
        return min(self.machine.add(nid) for nid in self._in_term[term] - {other_than})
