"""The model at the size of a trace: one wide state of `model/deployed`, changed in place by its own compiled actions.

What the model decides is decided here and nowhere else. The rest of this package says which action a line stands for,
and compares what the action made with what the line shows. Hidden choices that lines reveal later are put into the
state when they do.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np

from raftproof.checker.language import Layout
from raftproof.checker.native.batch import Words
from raftproof.checker.native.in_place import flat, in_place
from raftproof.model.deployed import Reading, catalogue
from raftproof.model.deployed.state import (
    NO_ENTRY,
    AppendAnswer,
    AppendEntries,
    Configuration,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    InstallSnapshot,
    RequestVote,
    Role,
    VoteAnswer,
)
from raftproof.model.rules import Rule
from raftproof.traces import events
from raftproof.traces.conformance import plainly
from raftproof.traces.conformance.clauses import Notes
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.events import NONE, Id, Message

SERVERS: Final = 16
LOGS: Final = (1 << 16, 1 << 20, 1 << 24)
"""How long logs may be: a layout each, so that most traces meet the same compiled code."""
BATCH: Final = 2
"""Entries that an append of the model carries; a longer one is the same as its pieces in a row."""
ROLES: Final = {
    int(Role.FOLLOWER): events.FOLLOWER,
    int(Role.CANDIDATE): events.CANDIDATE,
    int(Role.LEADER): events.LEADER,
    int(Role.PRE_CANDIDATE): events.PRE_CANDIDATE,
}
WORD: Final = 64
_NOTHING: Final = flat(NO_ENTRY)
SHARED: Final = ("pre_vote", "check_quorum", "messages")


announce: Callable[[str], None] | None = None
"""Is told when the model has to be compiled; a command may set it."""


class TooMany(Exception):
    """The trace has more servers than the layout."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What waits in a server's outbox."""

    kind: int
    dest: int
    term: int
    reject: int
    log_index: int
    hint_index: int
    hint_term: int


_ANSWER: Final = len(Answer.__struct_fields__)
Key = TypeVar("Key")
Entrance: TypeAlias = Callable[[Words, int, tuple[Any, ...]], bool]


class Entrances(dict[Key, Entrance]):
    """Compiled functions, entered directly once they were called.

    numba's dispatcher looks at the types of all arguments in each call, which takes as long as most actions do.
    """

    def __init__(self, functions: Mapping[Key, Entrance]) -> None:
        self.functions = functions
        super().__init__()

    def __missing__(self, key: Key) -> Entrance:
        function: Any = self.functions[key]

        def first(words: Words, off: int, arguments: tuple[Any, ...]) -> bool:
            done = bool(function(words, off, arguments))
            compiled = getattr(function, "signatures", None)  # none where compilation is off
            self[key] = function.get_overload(compiled[0]) if compiled else function
            return done

        return first


class Actions(NamedTuple):
    """The model's actions for a layout: to be tried, and to be given a message."""

    step: Entrances[str]
    deliver: Entrances[tuple[str, type]]


@cache
def compiled(max_log: int) -> tuple[Layout, Actions]:
    """The layout and the actions for logs of a length."""
    bounds = {**catalogue.bounds, "servers": SERVERS, "max_term": 1 << 40, "max_log": max_log, "max_rounds": 1 << 40}
    layout = Layout(Reading, bounds | {"max_in_flight": 4, "max_copies": 4, "max_held": 4}, wide=True)
    actions = in_place(catalogue, layout, announce)
    return layout, Actions(Entrances(actions.step), Entrances(actions.deliver))


def bit(rule: Rule) -> int:
    """A rule that is off, as the compiled actions take it."""
    return 1 << rule


class Machine:
    """One state of the whole cluster, and its actions."""

    def __init__(self, strict: bool, without: Iterable[Rule] = ()) -> None:
        self._refused: tuple[str, type | None, tuple[Any, ...], int] = ("", None, (), 0)
        """The last try of an action that was refused: the action, its message's class, what it was given, and `off`."""
        self.off = bit(Rule.REQUEST_PERSISTED) | (0 if strict else bit(Rule.SEND_ENTRIES))
        for rule in without:
            self.off |= bit(rule)
        """Rules that a trace need not keep: etcd asks for votes before its own is on disk; progress is `--strict`'s."""
        self.unreal = [0] * SERVERS
        """Up to which index each server's log need not be kept: committed, so that only changes are looked at again."""
        self.numbers: dict[Id, int] = {}
        self.ids: list[Id] = [NONE]
        self._use(LOGS[0])

    def _use(self, max_log: int) -> None:
        """Take a layout, with a state of zeros: followers of term 0 that know nothing."""
        self.max_log = max_log
        layout, actions = compiled(max_log)
        self.layout = layout
        self.step, self.deliver_to = actions.step, actions.deliver
        self._memory = mmap.mmap(-1, layout.words * WORD // 8, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.words = np.frombuffer(self._memory, np.uint64)
        self.view: memoryview[int] = self.words.data
        self.at = {name: node.offset // WORD for name, node in layout.fields.items()}
        self.stride = layout.stride
        self.bag, self.slot = self.at["messages"], layout.bag.slot_bits // WORD if layout.bag else 0
        self.no_message = np.zeros(self.slot, np.uint64).data
        self.entry = len(Entry._fields)
        at = self.at
        self.term_at, self.vote_at, self.role_at = at["current_term"], at["voted_for"], at["role"]
        self.leader_at, self.commit_at, self.log_at = at["leader"], at["commit_index"], at["log"]
        self.outbox_at, self.match_at = at["outbox"], at["match_index"]

    def add(self, nid: Id) -> int:
        """A server's number in the model, from 0 on."""
        number = self.numbers.get(nid)
        if number is None:
            number = self.numbers[nid] = len(self.numbers)
            self.ids.append(nid)
            if number >= SERVERS:
                raise TooMany(f"more than {SERVERS} servers take part; this is as many as can be followed")
        return number

    def base(self, i: int) -> int:
        """The first word of a server."""
        return i * self.stride

    def grow(self, length: int) -> None:
        """Make room for logs of a length: the next layout, with the same state."""
        if length < self.max_log:
            return
        old, at, stride = self.words, self.at, self.stride
        self._use(next(size for size in LOGS if size > length))
        starts = sorted(at.values())
        for name, start in at.items():
            if name in SHARED:
                continue
            end = min([other for other in starts if other > start and other <= stride] + [stride])
            for i in range(len(self.ids) - 1):
                there = self.base(i) + self.at[name]
                self.words[there : there + end - start] = old[i * stride + start : i * stride + end]

    # --------------------------------------------------------------------------------------------------- actions

    def act(self, name: str, *arguments: Any, off: int = 0) -> bool:
        """Try an action; what it sends stays in the bag until `sent` takes it."""
        done = self.step[name](self.words, self.off | off, arguments)
        return done or self.remember_refusal(name, None, arguments, self.off | off)

    def deliver(self, name: str, kind: type, values: tuple[int, ...]) -> bool:
        """Put a message in flight, and let its receiver handle it."""
        done = self.deliver_to[name, kind](self.words, self.off, values)
        return done or self.remember_refusal(name, kind, values, self.off)

    def remember_refusal(self, name: str, kind: type | None, values: tuple[Any, ...], off: int) -> bool:
        """An action answers False, and so does this; a message that was not taken is in flight no more."""
        if kind is not None:
            self.sent()
        self._refused = name, kind, values, off
        return False

    def refused(self, departure: Departure) -> Departure:
        """A departure because the model refused the last action that was tried: with the conditions that did."""
        name, kind, values, off = self._refused
        notes = Notes()
        if kind is None:
            plainly.step(self.layout, self.words, off, name, values, notes)  # refused again, it writes nothing
        else:
            plainly.deliver(self.layout, self.words, off, name, kind, values, notes)
        departure.refused = tuple(clause.name for clause in notes.refusing())
        return departure

    def set_modes(self, pre_vote: bool, check_quorum: bool) -> None:
        """The settings of the run, as far as the next action is concerned."""
        self.view[self.at["pre_vote"]], self.view[self.at["check_quorum"]] = int(pre_vote), int(check_quorum)

    def sent(self) -> list[int]:
        """The words of the message that an action has sent: source, dest, term, the rest in the order of its fields."""
        there = slice(self.bag, self.bag + self.slot)
        message = self.view[there].tolist()
        self.view[there] = self.no_message
        return message

    def answer(self, i: int) -> Answer | None:
        """Take the answer that a handler has left in a server's outbox."""
        at = i * self.stride + self.outbox_at
        held = self.view[at]
        if not held:
            return None
        self.view[at] = 0
        first = at + 1 + (held - 1) * _ANSWER
        return Answer(*self.view[first : first + _ANSWER])

    # --------------------------------------------------------------------------------------------------- messages

    def receive(self, m: Message, entries: Sequence[tuple[int, ...]] = ()) -> Answer | None:
        """Let the receiver handle a message, and take its answer. Entries beyond a piece come as further pieces."""
        source, dest = self.numbers[m.source], self.numbers[m.dest]
        if m.type == "MsgApp":
            return self._receive_append(m, entries, source, dest)
        name, kind, made = _MADE[m.type]
        self.deliver(name, kind, made(m, source, dest))
        return self.answer(dest)

    def _receive_append(self, m: Message, entries: Sequence[tuple[int, ...]], source: int, dest: int) -> Answer | None:
        prev, term, answer = m.index, m.log_term, None
        if prev < self.get(dest, "commit_index"):
            entries = entries[:BATCH]  # nothing is looked at
        for k in range(0, max(len(entries), 1), BATCH):
            piece = (*entries[k : k + BATCH], _NOTHING, _NOTHING)
            count = min(len(entries) - k, BATCH)
            values = (m.term, prev, term, count, *piece[0], *piece[1], m.commit, source, dest)
            self.deliver("receive_append", AppendEntries, values)
            answer = self.answer(dest)
            if answer is None or answer.reject or answer.log_index != prev + count:
                break
            prev, term = prev + count, piece[count - 1][0]
        return answer

    def receive_snapshot(self, m: Message, last_term: int, configuration: Configuration) -> Answer | None:
        """Let the receiver handle a snapshot."""
        source, dest = self.numbers[m.source], self.numbers[m.dest]
        values = (m.term, m.entries, last_term, *map(int, configuration), source, dest)
        self.deliver("receive_snapshot", InstallSnapshot, values)
        return self.answer(dest)

    # --------------------------------------------------------------------------------------------------- hidden choices

    def put(self, i: int, name: str, *values: int) -> None:
        """Put a hidden choice into the state of a server."""
        at = self.base(i) + self.at[name]
        for k, value in enumerate(values):
            self.view[at + k] = value

    def get(self, i: int, name: str) -> int:
        """A word of a server's state."""
        return self.view[i * self.stride + self.at[name]]

    def configuration(self, i: int) -> Configuration:
        """The configuration of a server."""
        at = self.base(i) + self.at["configuration"]
        return Configuration._make(self.view[at : at + len(Configuration._fields)].tolist())

    def match(self, i: int, j: int) -> int:
        """What leader i knows j to hold."""
        return self.view[i * self.stride + self.match_at + j]

    def put_match(self, i: int, j: int, index: int) -> None:
        """Let leader i know j to hold so much."""
        self.view[i * self.stride + self.match_at + j] = index

    def log_length(self, i: int) -> int:
        """How many entries a server's log has."""
        return self.view[i * self.stride + self.log_at]

    def put_log(self, i: int, name: str, entries: Sequence[tuple[int, ...]], kept: int) -> None:
        """Replace a log from a length on."""
        at = self.base(i) + self.at[name]
        old, length = int(self.view[at]), kept + len(entries)
        self.grow(length)
        at = self.base(i) + self.at[name]
        first = at + 1 + kept * self.entry
        if entries:
            self.words[first : first + len(entries) * self.entry] = np.array(entries, np.uint64).ravel()
        if old > length:
            self.words[at + 1 + length * self.entry : at + 1 + old * self.entry] = 0
        self.view[at] = length

    def put_entry(self, i: int, index: int, entry: tuple[int, ...]) -> None:
        """Put an entry into a log that holds it, and into what the disk holds of it."""
        for name in ("log", "disk_log"):
            at = self.base(i) + self.at[name] + 1 + (index - 1) * self.entry
            self.words[at : at + self.entry] = entry

    def let_go(self, i: int, index: int) -> None:
        """Give back the memory of a server's entries up to an index: they read as zeros from now on."""
        self.unreal[i] = index
        for name in ("log", "disk_log"):
            first = (self.base(i) + self.at[name] + 1) * WORD // 8
            begin = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
            end = (first + index * self.entry * WORD // 8) // mmap.PAGESIZE * mmap.PAGESIZE
            if end > begin and sys.platform == "linux":  # elsewhere the advice may mean less
                self._memory.madvise(mmap.MADV_DONTNEED, begin, end - begin)

    def set_kind(self, i: int, index: int, kind: int) -> None:
        """How a change of membership is entered, where a line reveals it."""
        at = self.base(i) + self.log_at + 1 + (index - 1) * self.entry
        self.view[at + Entry._fields.index("kind")] = kind


_MADE: Final[dict[str, tuple[str, type, Callable[[Message, int, int], tuple[int, ...]]]]] = {
    "MsgHeartbeat": ("receive_heartbeat", Heartbeat, lambda m, i, j: (m.term, m.commit, i, j)),
    "MsgAppResp": (
        "receive_append_answer",
        AppendAnswer,
        lambda m, i, j: (m.term, int(m.reject), m.index, m.reject_hint, m.log_term, i, j),
    ),
    "MsgHeartbeatResp": ("receive_heartbeat_answer", HeartbeatAnswer, lambda m, i, j: (m.term, i, j)),
    "MsgVote": ("receive_vote_request", RequestVote, lambda m, i, j: (m.term, m.index, m.log_term, i, j)),
    "MsgVoteResp": ("receive_vote_answer", VoteAnswer, lambda m, i, j: (m.term, int(m.reject), i, j)),
}
"""The handler of each message, its class, and its values in the order of the class."""
