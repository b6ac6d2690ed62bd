"""What a server replicates: the store and the list of members, and how a log entry changes them.

A command travels as a Proposal: its id lets the server that proposed it find who waits for the outcome.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from raftproof.impl.core import Change, ConfigurationChange, Entry, EntryKind, decode_change
from raftproof.impl.kv import Compact, DeleteRange, Put, Refused, Result, Store, Txn


class Member(msgspec.Struct, frozen=True, array_like=True):
    """A server of the cluster, as clients see it."""

    id: int
    peer_urls: tuple[str, ...]
    name: str = ""
    """Empty until the member has started."""
    client_urls: tuple[str, ...] = ()
    is_learner: bool = False


class Publish(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A member that has started tells its name and where clients find it."""

    member: int
    name: str
    client_urls: tuple[str, ...]


class Proposal(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The data of an entry."""

    id: int
    command: Put | DeleteRange | Txn | Compact | Publish


class MemberChange(msgspec.Struct, frozen=True, array_like=True):
    """The context of a ConfigurationChange of one member."""

    id: int
    member: Member


Outcome: TypeAlias = Result | Refused | tuple[Member, ...]
"""What a waiting client gets: the store's answer, or the members after a change of membership."""

encode_proposal = msgspec.msgpack.Encoder().encode
_decode_proposal = msgspec.msgpack.Decoder(Proposal).decode
_decode_change_context = msgspec.msgpack.Decoder(MemberChange).decode


class _Image(msgspec.Struct, array_like=True):
    members: tuple[Member, ...]
    removed: tuple[int, ...]
    store: bytes


_decode_image = msgspec.msgpack.Decoder(_Image).decode


class Machine:
    """The replicated state of one server."""

    def __init__(self, members: tuple[Member, ...] = ()) -> None:
        """Nothing but the founding members, the same on each of them."""
        self.store = Store()
        self.members = {member.id: member for member in members}
        self.removed: set[int] = set()
        """Ids of servers that were members; they are never used again."""

    def apply(self, entry: Entry) -> tuple[int, Outcome] | None:
        """Carry out an entry: the id of the proposal and its outcome, or None for the entry a term begins with.

        A change of membership that the leader did not admit has become such an empty entry.
        """
        if not entry.data:
            return None
        if entry.kind != EntryKind.COMMAND:
            return self._apply_change(decode_change(entry.data))
        proposal = _decode_proposal(entry.data)
        if type(proposal.command) is Publish:
            return proposal.id, self._publish(proposal.command)
        return proposal.id, self.store.execute(proposal.command)  # type: ignore[arg-type]  # type() narrows no union

    def _publish(self, publish: Publish) -> tuple[Member, ...]:
        member = self.members.get(publish.member)
        if member is not None:
            self.members[member.id] = msgspec.structs.replace(
                member, name=publish.name, client_urls=publish.client_urls
            )
        return self._members()

    def _apply_change(self, change: ConfigurationChange) -> tuple[int, Outcome] | None:
        if not change.context:
            return None
        context = _decode_change_context(change.context)
        for kind, id in change.changes:
            if kind == Change.REMOVE:
                self.members.pop(id, None)
                self.removed.add(id)
            else:
                member = self.members.get(id, context.member)
                self.members[id] = msgspec.structs.replace(member, is_learner=kind == Change.ADD_LEARNER)
        return context.id, self._members()

    def _members(self) -> tuple[Member, ...]:
        return tuple(self.members[id] for id in sorted(self.members))

    def image(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return msgspec.msgpack.encode(_Image(self._members(), tuple(sorted(self.removed)), self.store.image()))

    @classmethod
    def from_image(cls, data: bytes) -> Machine:
        """The state of an image; no bytes are the state before anything was founded."""
        machine = cls()
        if data:
            image = _decode_image(data)
            machine.members = {member.id: member for member in image.members}
            machine.removed = set(image.removed)
            machine.store = Store.from_image(image.store)
        return machine
