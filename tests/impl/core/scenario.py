"""Golden scenarios: a file of blocks, each a comment, a command, a line of dashes, and what came out.

```
# Server 1 wins with the vote of server 2; server 3 hears nothing.
campaign 1
deliver 1 2
----
1→2 RequestVote term 2 last 3/1
…
```
Commands, with servers as numbers: `cluster N [pre_vote] [check_quorum] [append_bytes=N]`, `add N`, `campaign N`,
`tick N [TIMES]`, `propose N DATA…`, `read N ID`, `change N +4 -1 ~5 [implicit|explicit]` (add, remove, learner),
`leave N`, `transfer N TO`, `deliver [votes] [N…] [most=K]` (all messages, or those among the named servers, or only
votes), `drop [N…]` (what the named servers sent, or everything), `hold N`, `store N` (the disk), `compact N INDEX`,
`restart N`, `show`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from raftproof.impl.core import Change, ConfigurationChange, Message, ProposeChange, ReadIndex, Transition
from raftproof.impl.core import TransferLeadership as Transfer
from raftproof.impl.core import messages as m
from tests.impl.core.cluster import Cluster

_SIGNS = {"+": Change.ADD_VOTER, "-": Change.REMOVE, "~": Change.ADD_LEARNER}
_VOTES = (m.RequestVote, m.RequestVoteResponse)
_TRANSITIONS = {"implicit": Transition.JOINT_IMPLICIT, "explicit": Transition.JOINT_EXPLICIT}


def run(file: Path) -> str:
    """The file as it should be: comments and commands as they are, the output anew."""
    script = Script()
    parts = []
    for head, commands in _blocks(file.read_text(encoding="utf-8")):
        for command in commands:
            script.do(command)
        parts.append("\n".join([*head, *commands, "----", *(script.take() or ["ok"])]) + "\n")
    return "\n".join(parts)


def _blocks(text: str) -> Iterator[tuple[list[str], list[str]]]:
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        asked = lines[: lines.index("----")] if "----" in lines else lines
        yield [line for line in asked if line.startswith("#")], [line for line in asked if not line.startswith("#")]


class Script:
    """Runs commands, and says what happened."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.said: list[str] = []
        self.seen: dict[int, tuple[object, ...]] = {}

    def take(self) -> list[str]:
        """What was said since the last time."""
        said, self.said = self.said, []
        return said

    def do(self, line: str) -> None:
        """One command."""
        name, *words = line.split()
        commands: dict[str, Callable[[list[str]], None]] = {
            "cluster": self.found,
            "add": lambda w: self._each(w, self.cluster.add),
            "campaign": lambda w: self._each(w, self.cluster.campaign),
            "tick": lambda w: self.cluster.tick(int(w[0]), int(w[1]) if len(w) > 1 else 1),
            "propose": lambda w: self.cluster.propose(int(w[0]), *(word.encode() for word in w[1:])),
            "read": lambda w: self.cluster[int(w[0])].step(ReadIndex(int(w[1]))),
            "change": self.change,
            "leave": lambda w: self.cluster[int(w[0])].step(ProposeChange(ConfigurationChange())),
            "transfer": lambda w: self.cluster[int(w[0])].step(Transfer(int(w[1]))),
            "deliver": self.deliver,
            "drop": lambda w: self._each(w, lambda id: self.cluster.drop(source=id)) if w else self.cluster.drop(),
            "hold": lambda w: setattr(self.cluster[int(w[0])], "held", True),
            "store": self.store,
            "compact": lambda w: self.cluster[int(w[0])].compact(int(w[1])),
            "restart": lambda w: self._each(w, self.cluster.restart),
            "show": lambda _: self.show(),
        }
        commands[name](words)
        self.look()

    def _each(self, words: list[str], act: Callable[[int], object]) -> None:
        for word in words:
            act(int(word))

    def found(self, words: list[str]) -> None:
        """A new cluster."""
        size = [int(word.split("=")[1]) for word in words if word.startswith("append_bytes=")]
        self.cluster = Cluster(
            int(words[0]),
            pre_vote="pre_vote" in words,
            check_quorum="check_quorum" in words,
            max_append_bytes=size[0] if size else 1 << 20,
        )
        self.seen = {}

    def change(self, words: list[str]) -> None:
        """A change of membership."""
        changes = tuple((_SIGNS[word[0]], int(word[1:])) for word in words[1:] if word[0] in _SIGNS)
        transition = _TRANSITIONS.get(words[-1], Transition.AUTO)
        self.cluster[int(words[0])].step(ProposeChange(ConfigurationChange(changes, transition)))

    def deliver(self, words: list[str]) -> None:
        """Messages arrive, oldest first, each said."""
        most = next((int(word.split("=")[1]) for word in words if word.startswith("most=")), 1000)
        servers = [int(word) for word in words if word.isdigit()] or list(self.cluster.servers)
        kinds = _VOTES if "votes" in words else (object,)
        among = self.cluster.between(*servers)
        for _ in range(most):
            found = next((one for one in self.cluster.network if among(one) and isinstance(one, kinds)), None)
            if found is None:
                return
            self.cluster.network.remove(found)
            self.said.append(_said(found))
            self.cluster.receive(found)
            self.look()

    def store(self, words: list[str]) -> None:
        """The disk of a server that was held catches up."""
        server = self.cluster[int(words[0])]
        server.held = False
        server.store()

    def look(self) -> None:
        """Say what has changed at each server."""
        for id, server in self.cluster.servers.items():
            raft = server.raft
            now = (
                f"{raft.role.name} term {raft.current_term}",
                f"commit {raft.commit_index}",
                f"{raft.configuration.voters} {raft.configuration.outgoing} {raft.configuration.learners}",
                f"reads {server.reads}",
                f"dropped {server.dropped}",
            )
            before = self.seen.get(id)
            if before is not None:
                self.said += [f"   {id}: {b}" for a, b in zip(before, now, strict=True) if a != b]
            self.seen[id] = now

    def show(self) -> None:
        """Every server's log."""
        for id, server in self.cluster.servers.items():
            log = server.raft.log
            kept = " ".join(f"{index}/{term}" for index, term in server.log)
            self.said.append(f"   {id}: {server.raft.role.name} |{log.base_index}/{log.base_term}| {kept}".rstrip())


def _said(message: Message) -> str:
    """A message on one line: indexes and terms as index/term."""
    way = f"{message.source}→{message.dest} {type(message).__name__} term {message.term}"
    match message:
        case m.RequestVote() | m.RequestPreVote():
            return f"{way} last {message.last_log_index}/{message.last_log_term}"
        case m.RequestVoteResponse() | m.RequestPreVoteResponse():
            return f"{way} {'granted' if message.vote_granted else 'refused'}"
        case m.AppendEntries():
            entries = " ".join(f"{entry.index}/{entry.term}" for entry in message.entries)
            previous = f"{message.prev_log_index}/{message.prev_log_term}"
            return f"{way} after {previous} [{entries}] commit {message.leader_commit}"
        case m.AppendEntriesResponse():
            hint = f" hint {message.hint_index}/{message.hint_term}"
            return (
                f"{way} {'matched' if message.success else 'refused'} {message.index}{'' if message.success else hint}"
            )
        case m.InstallSnapshot():
            return f"{way} {message.snapshot.index}/{message.snapshot.term}"
        case m.Heartbeat():
            return f"{way} commit {message.leader_commit} round {message.read_round}"
        case m.HeartbeatResponse():
            return f"{way} round {message.read_round}"
        case _:
            return way
