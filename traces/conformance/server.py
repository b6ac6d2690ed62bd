"""What is known of one server: what a line shows of it, and what it keeps to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from raftproof.traces.conformance.machine import Answer
from raftproof.traces.conformance.membership import NOBODY, Changes, Configuration
from raftproof.traces.conformance.rounds import Reads
from raftproof.traces.conformance.storage import Disk, Loaded, Log, Record
from raftproof.traces.events import FOLLOWER, NONE, Event, Id, Message

if TYPE_CHECKING:
    from raftproof.traces.conformance.cluster import Cluster

Take: TypeAlias = "Callable[[Cluster, Server, Event, Owed], None]"


class Owed(msgspec.Struct, frozen=True):
    """A line that a server owes: etcd's handlers are atomic, so that its next line is this one."""

    name: str
    take: Take
    """Follow the line."""
    message: Message | None = None
    """What it is owed for."""
    instead: Take | None = None
    """What it means that another line comes. None if that is a departure."""


class Started(NamedTuple):
    """A server is starting from its disk."""

    loaded: Loaded
    base: int
    """The index of the snapshot that it starts from."""
    applied: int
    """The most changes of membership that it may have applied before."""


class Server:
    """One server, as far as it is known."""

    __slots__ = (
        "answer", "applying", "attempt", "batch", "commit", "conf", "configurations", "dead", "denied", "disk",
        "founding", "granted", "heard", "i", "last", "late", "leader", "life", "log", "low", "nid", "owed",
        "reads", "ready", "refused", "role", "shared", "starting", "term", "vote", "wanted",
    )  # fmt: skip

    def __init__(self, nid: Id, i: int) -> None:
        self.nid = nid
        self.i = i  # its number in the model
        # What a line shows.
        self.term = 0
        self.vote: Id = NONE
        self.commit = 0
        self.role: str = FOLLOWER
        self.last = 0
        self.conf: tuple[tuple[Id, ...], tuple[Id, ...]] | None = NOBODY.shown  # None while there are several
        # In memory.
        self.log: Log = [0]
        self.shared = False  # with a record of the disk, a leader's log or a message: copied before it is cut
        self.leader: Id = NONE
        self.answer: Answer | None = None  # what the model answers to the message that it handles
        self.granted: set[Id] = set()
        self.refused: set[Id] = set()
        self.late: set[Id] = set()  # whose votes of an older term came: they do not count
        self.low: dict[
            Id, int
        ] = {}  # what was acknowledged last: a late answer may lower it, but not the model's match_index
        self.configurations: list[tuple[int, Configuration]] = [(0, NOBODY)]
        """What may be in force: how many committed changes were applied, and the configuration."""
        self.applying = False  # a change was applied, and the next line shows which configuration it made
        self.denied: dict[Id, int] = {}  # the last index that was refused: it tells of no match
        self.reads = Reads()
        # Between lines.
        self.owed: list[Owed] = []
        self.heard: Message | None = None  # the message that it received last
        self.wanted: set[Id] = set()  # voters whom a new candidate has not asked yet
        self.batch: list[Changes | None] = []  # entries of a proposal whose lines have begun; None is a normal one
        self.attempt = False  # a Commit may follow
        self.starting: Started | None = None
        self.founding: list[Id] | None = None
        # On disk.
        self.ready = 0  # the number of the last Ready; the next one carries what is sent from now on
        self.life = 0  # the number of the Ready from which on this life counts
        self.dead: list[tuple[int, int]] = []  # Readys that a restart did not find
        self.disk = Disk(Record(0, 0, NONE, 0, self.log, 0))

    @property
    def configuration(self) -> Configuration:
        """The configuration in force; where several may be, they show the same voters or the next line decides."""
        return self.configurations[0][1]

    def truncate(self, length: int) -> None:
        """Keep the first entries. A shared log is copied, so that what others know of it stays."""
        if length < self.last:
            if self.shared:
                self.log, self.shared = self.log[: length + 1], False
            else:
                del self.log[length + 1 :]
            self.last = length

    def load(self, log: Log, length: int) -> None:
        """Take another log, up to a length."""
        self.log, self.last, self.shared = log[: length + 1], length, False

    def forget_election(self) -> None:
        """No votes are counted, and nobody is left to ask."""
        self.granted.clear()
        self.refused.clear()
        self.late.clear()
        self.wanted.clear()

    def shows(self) -> dict[str, Any]:
        """What its next line shows."""
        conf = [c.shown for _, c in self.configurations] if self.conf is None else [self.conf]
        return {
            "term": self.term,
            "vote": self.vote,
            "commit": self.commit,
            "role": self.role,
            "log": self.last,
            "conf": " or ".join(show_configuration(c) for c in dict.fromkeys(conf)),
        }


def show_configuration(conf: tuple[tuple[Id, ...], tuple[Id, ...]]) -> str:
    """A configuration as people write it: {1, 2, 3}, and joint {1, 2, 4} | {1, 2, 3}."""
    new, old = ("{" + ", ".join(half) + "}" for half in conf)
    return f"{new} | {old}" if conf[1] else new


def shown(event: Event) -> dict[str, Any]:
    """What a line shows, by the same names."""
    return {
        "term": event.state.term,
        "vote": event.state.vote,
        "commit": event.state.commit,
        "role": event.role,
        "log": event.log,
        "conf": show_configuration(event.conf),
    }
