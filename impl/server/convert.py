"""Between etcd's protobuf messages and the store's values."""

from __future__ import annotations

from raftproof.impl.kv import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRange,
    DeleteRangeResult,
    Put,
    PutResult,
    Range,
    RangeResult,
    SortOrder,
    SortTarget,
    Txn,
    TxnResult,
    Version,
)
from raftproof.impl.kv.errors import KeyNotFound, LeaseNotFound
from raftproof.impl.kv.requests import Operation, OperationResult
from raftproof.impl.server.errors import invalid
from raftproof.impl.server.machine import Member
from raftproof.impl.server.proto import mvcc_pb2, rpc_pb2

_OPERANDS = {
    CompareTarget.VERSION: "version",
    CompareTarget.CREATE: "create_revision",
    CompareTarget.MOD: "mod_revision",
    CompareTarget.VALUE: "value",
    CompareTarget.LEASE: "lease",
}


def to_range(request: rpc_pb2.RangeRequest) -> Range:
    """A read."""
    try:
        order, target = SortOrder(request.sort_order), SortTarget(request.sort_target)
    except ValueError:
        raise invalid("invalid sort option") from None
    return Range(
        request.key,
        request.range_end,
        request.limit,
        request.revision,
        order,
        target,
        request.keys_only,
        request.count_only,
        request.min_mod_revision,
        request.max_mod_revision,
        request.min_create_revision,
        request.max_create_revision,
    )


def to_put(request: rpc_pb2.PutRequest) -> Put:
    """A write."""
    return Put(request.key, request.value, request.prev_kv, request.ignore_value)


def refuse_lease(request: rpc_pb2.PutRequest) -> None:
    """There are no leases here, so none can be named."""
    if request.lease:
        raise LeaseNotFound


def to_delete_range(request: rpc_pb2.DeleteRangeRequest) -> DeleteRange:
    """A deletion."""
    return DeleteRange(request.key, request.range_end, request.prev_kv)


def to_txn(request: rpc_pb2.TxnRequest) -> Txn:
    """A transaction, with those in it."""
    return Txn(
        tuple(_to_compare(each) for each in request.compare),
        tuple(_to_operation(each) for each in request.success),
        tuple(_to_operation(each) for each in request.failure),
    )


def _to_compare(compare: rpc_pb2.Compare) -> Compare:
    try:
        result, target = CompareResult(compare.result), CompareTarget(compare.target)
    except ValueError:
        raise invalid("invalid comparison") from None
    return Compare(result, target, compare.key, getattr(compare, _OPERANDS[target]), compare.range_end)


def _to_operation(operation: rpc_pb2.RequestOp) -> Operation:
    kind = operation.WhichOneof("request")
    if kind == "request_range":
        return to_range(operation.request_range)
    if kind == "request_put":
        refuse_lease(operation.request_put)
        return to_put(operation.request_put)
    if kind == "request_delete_range":
        return to_delete_range(operation.request_delete_range)
    if kind == "request_txn":
        return to_txn(operation.request_txn)
    raise KeyNotFound  # etcd's answer to an operation without a request


def from_version(version: Version) -> mvcc_pb2.KeyValue:
    """A key's version."""
    return mvcc_pb2.KeyValue(
        key=version.key,
        create_revision=version.create_revision,
        mod_revision=version.mod_revision,
        version=version.version,
        value=version.value,
    )


def from_range(result: RangeResult, header: rpc_pb2.ResponseHeader) -> rpc_pb2.RangeResponse:
    """What was read."""
    kvs = [from_version(version) for version in result.versions]
    return rpc_pb2.RangeResponse(header=header, kvs=kvs, more=result.more, count=result.count)


def from_put(result: PutResult, header: rpc_pb2.ResponseHeader) -> rpc_pb2.PutResponse:
    """What was written over."""
    if result.previous is None:
        return rpc_pb2.PutResponse(header=header)
    return rpc_pb2.PutResponse(header=header, prev_kv=from_version(result.previous))


def from_delete_range(result: DeleteRangeResult, header: rpc_pb2.ResponseHeader) -> rpc_pb2.DeleteRangeResponse:
    """What was deleted."""
    previous = [from_version(version) for version in result.previous]
    return rpc_pb2.DeleteRangeResponse(header=header, deleted=result.deleted, prev_kvs=previous)


def from_txn(result: TxnResult, header: rpc_pb2.ResponseHeader) -> rpc_pb2.TxnResponse:
    """What the branch answered."""
    responses = [_from_operation(each) for each in result.results]
    return rpc_pb2.TxnResponse(header=header, succeeded=result.succeeded, responses=responses)


def _from_operation(result: OperationResult) -> rpc_pb2.ResponseOp:
    """Inside a transaction a header tells only the revision."""
    header = rpc_pb2.ResponseHeader(revision=result.revision)
    if isinstance(result, RangeResult):
        return rpc_pb2.ResponseOp(response_range=from_range(result, header))
    if isinstance(result, PutResult):
        return rpc_pb2.ResponseOp(response_put=from_put(result, header))
    if isinstance(result, DeleteRangeResult):
        return rpc_pb2.ResponseOp(response_delete_range=from_delete_range(result, header))
    return rpc_pb2.ResponseOp(response_txn=from_txn(result, rpc_pb2.ResponseHeader()))


def from_member(member: Member) -> rpc_pb2.Member:
    """A member."""
    return rpc_pb2.Member(
        ID=member.id,
        name=member.name,
        peerURLs=member.peer_urls,
        clientURLs=member.client_urls,
        isLearner=member.is_learner,
    )
