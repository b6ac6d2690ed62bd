"""What is refused at the door, before it is replicated: requests that are wrong whatever the store holds
(`api/v3rpc/key.go` of etcd)."""

from __future__ import annotations

from collections.abc import Iterable

from raftproof.impl.kv.errors import DuplicateKey, EmptyKey, TooManyOperations, ValueProvided
from raftproof.impl.kv.history import NO_END
from raftproof.impl.kv.requests import DeleteRange, Operation, Put, Range, Txn

MAX_OPERATIONS = 128  # etcd's --max-txn-ops


def check(request: Operation) -> None:
    """Refuse a malformed request."""
    if type(request) is Txn:
        _check_sizes(request, MAX_OPERATIONS)
        _writes(request.success)
        _writes(request.failure)
        return
    assert isinstance(request, Range | Put | DeleteRange)
    if not request.key:
        raise EmptyKey
    if type(request) is Put and request.ignore_value and request.value:
        raise ValueProvided


def _check_sizes(txn: Txn, allowed: int) -> None:
    largest = max(len(txn.compare), len(txn.success), len(txn.failure))
    if largest > allowed:
        raise TooManyOperations
    if not all(compare.key for compare in txn.compare):
        raise EmptyKey
    for operation in (*txn.success, *txn.failure):
        if type(operation) is Txn:
            _check_sizes(operation, allowed - largest)
        else:
            check(operation)


def _writes(operations: Iterable[Operation]) -> tuple[set[bytes], list[tuple[bytes, bytes]]]:
    """The keys put and the ranges deleted by a branch and by the transactions in it; each key may be put once, and not
    be deleted beside it. Of a nested transaction only one branch is taken, so its branches may put the same key."""
    operations = tuple(operations)
    deleted = [(each.key, each.range_end) for each in operations if type(each) is DeleteRange]
    put: set[bytes] = set()
    for txn in (each for each in operations if type(each) is Txn):
        put_then, deleted_then = _writes(txn.success)
        put_else, deleted_else = _writes(txn.failure)
        _no_overlap(put_then | put_else, put, deleted)
        put |= put_then | put_else
        deleted += deleted_then + deleted_else
    for each in operations:
        if type(each) is Put:
            _no_overlap({each.key}, put, deleted)
            put.add(each.key)
    return put, deleted


def _no_overlap(keys: set[bytes], put: set[bytes], deleted: list[tuple[bytes, bytes]]) -> None:
    if keys & put or any(_covers(*interval, key) for interval in deleted for key in keys):
        raise DuplicateKey


def _covers(key: bytes, range_end: bytes, other: bytes) -> bool:
    if not range_end:
        return other == key
    return key <= other and (range_end == NO_END or other < range_end)
