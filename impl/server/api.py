"""etcd's v3 gRPC API over a server: KV, Cluster and Maintenance."""

from __future__ import annotations

import time
from typing import Any, TypeVar

from google.protobuf.message import Message

from raftproof.impl import core
from raftproof.impl.kv import Compact, Refused, TxnResult, check, is_read_only, read
from raftproof.impl.server import convert, errors
from raftproof.impl.server.addresses import address_of
from raftproof.impl.server.changes import check_addition, check_promotion, check_removal
from raftproof.impl.server.client import Client
from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.machine import Member
from raftproof.impl.server.proto import rpc_pb2 as pb
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import MAX_REQUEST_BYTES, server_id

T = TypeVar("T")

VERSION = "3.4.0"
"""The version of etcd's API that is spoken here."""

_SYNCED = 0.9  # a learner may be promoted once it has this much of the leader's log (etcd's number)


class Api:
    """The handlers; each takes a request and returns a response or raises ApiError or Refused."""

    def __init__(self, server: Server) -> None:
        """Answers for one server, which has started."""
        self._server, self._requests = server, server.requests

    # --- KV -----------------------------------------------------------------------------------------------------

    async def range(self, request: pb.RangeRequest) -> pb.RangeResponse:
        """Linearizable unless the client asks for less."""
        wanted = convert.to_range(request)
        check(wanted)
        await self._may_read(request.serializable)
        result = self._server.machine.store.range(wanted)
        return convert.from_range(result, self._header(result.revision))

    async def put(self, request: pb.PutRequest) -> pb.PutResponse:
        """Write one key."""
        command = convert.to_put(request)
        check(command)
        convert.refuse_lease(request)
        _check_size(request)
        result = _done(await self._requests.propose(command))
        return convert.from_put(result, self._header(result.revision))

    async def delete_range(self, request: pb.DeleteRangeRequest) -> pb.DeleteRangeResponse:
        """Delete keys."""
        command = convert.to_delete_range(request)
        check(command)
        _check_size(request)
        result = _done(await self._requests.propose(command))
        return convert.from_delete_range(result, self._header(result.revision))

    async def txn(self, request: pb.TxnRequest) -> pb.TxnResponse:
        """A transaction; one that only reads is not replicated."""
        command = convert.to_txn(request)
        check(command)
        _check_size(request)
        if is_read_only(command):
            await self._may_read(_all_serializable(request))
            result: TxnResult = read(self._server.machine.store, command)
        else:
            result = _done(await self._requests.propose(command))
        return convert.from_txn(result, self._header(result.revision))

    async def compact(self, request: pb.CompactionRequest) -> pb.CompactionResponse:
        """Forget old revisions, on every server; what is forgotten is gone at once, whether or not `physical` asks."""
        result = _done(await self._requests.propose(Compact(request.revision)))
        return pb.CompactionResponse(header=self._header(result.revision))

    # --- Cluster ------------------------------------------------------------------------------------------------

    async def member_list(self, request: pb.MemberListRequest) -> pb.MemberListResponse:
        """The members, as this server knows them."""
        if request.linearizable:
            await self._requests.read_barrier()
        return pb.MemberListResponse(header=self._header(), members=self._members())

    async def member_add(self, request: pb.MemberAddRequest) -> pb.MemberAddResponse:
        """A new voter or learner; it is started afterwards."""
        server = self._server
        urls = tuple(request.peerURLs)
        try:
            for url in urls:
                address_of(url)
        except CannotStart:
            urls = ()
        if not urls:
            raise errors.invalid("given member URLs are invalid")
        await self._requests.read_barrier()
        id = server_id(f"{server.identity.cluster:x}", *urls, str(time.time_ns()))
        added = Member(id, urls, is_learner=request.isLearner)
        check_addition(server.machine.members, added, server.reaches)
        kind = core.Change.ADD_LEARNER if request.isLearner else core.Change.ADD_VOTER
        members = await self._requests.change_members(kind, added)
        return pb.MemberAddResponse(
            header=self._header(), member=convert.from_member(added), members=map(convert.from_member, members)
        )

    async def member_remove(self, request: pb.MemberRemoveRequest) -> pb.MemberRemoveResponse:
        """A member leaves for ever."""
        server = self._server
        await self._requests.read_barrier()
        member = check_removal(server.machine.members, request.ID, server.reaches)
        members = await self._requests.change_members(core.Change.REMOVE, member)
        return pb.MemberRemoveResponse(header=self._header(), members=map(convert.from_member, members))

    async def member_promote(self, request: pb.MemberPromoteRequest) -> pb.MemberPromoteResponse:
        """A learner becomes a voter, once it has the leader's log; only the leader knows whether it has."""
        server = self._server
        await self._requests.read_barrier()
        member = check_promotion(server.machine.members, request.ID)
        raft = server.raft
        if raft.leader != raft.id:
            return await self._ask_leader_to_promote(request)
        progress = raft.progress.get(request.ID)
        if progress is None or progress.match_index < raft.log.last_index * _SYNCED:
            raise errors.precondition("can only promote a learner member which is in sync with leader")
        members = await self._requests.change_members(core.Change.ADD_VOTER, member)
        return pb.MemberPromoteResponse(header=self._header(), members=map(convert.from_member, members))

    async def _ask_leader_to_promote(self, request: pb.MemberPromoteRequest) -> pb.MemberPromoteResponse:
        server = self._server
        leader = server.machine.members.get(server.raft.leader)
        if leader is None or not leader.client_urls:
            raise errors.no_leader()
        async with Client(leader.client_urls, server.settings.client_certificates) as client:
            response: pb.MemberPromoteResponse = await client.call("Cluster", "MemberPromote", request)
            return response

    # --- Maintenance --------------------------------------------------------------------------------------------

    async def alarm(self, request: pb.AlarmRequest) -> pb.AlarmResponse:
        """No alarm is ever raised here, so there is none to list or disarm."""
        if request.action == pb.AlarmRequest.ACTIVATE:
            raise errors.unknown_alarm()
        return pb.AlarmResponse(header=self._header())

    async def status(self, _: pb.StatusRequest) -> pb.StatusResponse:
        """How this server is."""
        server = self._server
        raft = server.raft
        size = server.directory.size()
        member = server.machine.members.get(raft.id)
        return pb.StatusResponse(
            header=self._header(),
            version=VERSION,
            dbSize=size,
            dbSizeInUse=size,
            leader=raft.leader,
            raftIndex=raft.commit_index,
            raftTerm=raft.current_term,
            raftAppliedIndex=raft.applied_index,
            errors=[] if raft.leader else ["etcdserver: no leader"],
            isLearner=member is not None and member.is_learner,
        )

    async def hash_kv(self, request: pb.HashKVRequest) -> pb.HashKVResponse:
        """For comparing servers; etcd's own hash."""
        store = self._server.machine.store
        hash = store.hash(request.revision)
        return pb.HashKVResponse(header=self._header(), hash=hash, compact_revision=store.compact_revision)

    async def move_leader(self, request: pb.MoveLeaderRequest) -> pb.MoveLeaderResponse:
        """Hand leadership over; only the leader can."""
        raft = self._server.raft
        if raft.leader != raft.id:
            raise errors.precondition("not leader")
        if request.targetID not in raft.configuration.voters:
            raise errors.precondition("bad leader transferee")
        if request.targetID != raft.id:
            await self._server.transfer_leadership(request.targetID)
        return pb.MoveLeaderResponse(header=self._header())

    # --- what they share ----------------------------------------------------------------------------------------

    async def _may_read(self, serializable: bool) -> None:
        """Return when the store may be read: at once, nearly always, where a client asks for no more."""
        await (self._requests.local_barrier() if serializable else self._requests.read_barrier())

    def _header(self, revision: int | None = None) -> pb.ResponseHeader:
        server = self._server
        return pb.ResponseHeader(
            cluster_id=server.identity.cluster,
            member_id=server.identity.server,
            revision=server.machine.store.revision if revision is None else revision,
            raft_term=server.raft.current_term,
        )

    def _members(self) -> list[pb.Member]:
        members = self._server.machine.members
        return [convert.from_member(members[id]) for id in sorted(members)]


def _check_size(request: Message) -> None:
    if request.ByteSize() > MAX_REQUEST_BYTES:
        raise errors.too_large()


def _all_serializable(request: pb.TxnRequest) -> bool:
    return all(
        operation.request_range.serializable
        if operation.HasField("request_range")
        else _all_serializable(operation.request_txn)
        for operation in (*request.success, *request.failure)
    )


def _done(outcome: Any) -> Any:
    """The store's answer; its refusal is raised here, on the server whose client asked."""
    if isinstance(outcome, Refused):
        raise outcome
    return outcome
