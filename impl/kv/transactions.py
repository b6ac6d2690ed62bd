"""Transactions: compare, then or else, nested; all of it one revision or nothing (`etcdserver/apply.go`, Txn).

The branches are chosen first, for nested transactions too, against the store before any write. Then everything that
could be refused is checked along the chosen branches, and only then is written: a refusal leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from raftproof.impl.kv.errors import KeyNotFound
from raftproof.impl.kv.requests import (
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRange,
    OperationResult,
    Put,
    Range,
    Txn,
    TxnResult,
    Version,
)

if TYPE_CHECKING:
    from raftproof.impl.kv.store import Store

_Path: TypeAlias = list[bool]
"""The outcome of each transaction met, in the order in which they are carried out."""

_Next: TypeAlias = Callable[[], bool]

_ABSENT = Version(b"", b"", 0, 0, 0)


def execute(store: Store, txn: Txn) -> TxnResult:
    """Carry out a transaction as one command."""
    path: _Path = []
    _choose(store, txn, path)
    _check(store, txn, iter(path).__next__)
    return _run(store, txn, iter(path).__next__)


def is_read_only(txn: Txn) -> bool:
    """Whether neither branch can write, so that it need not be replicated."""
    return all(
        type(operation) is Range or (type(operation) is Txn and is_read_only(operation))
        for operation in (*txn.success, *txn.failure)
    )


def read(store: Store, txn: Txn) -> TxnResult:
    """Answer a transaction that only reads; raises Refused."""
    assert is_read_only(txn), "a transaction that writes is a command"
    return execute(store, txn)


def _choose(store: Store, txn: Txn, path: _Path) -> None:
    succeeded = all(_holds(store, compare) for compare in txn.compare)
    path.append(succeeded)
    for operation in txn.success if succeeded else txn.failure:
        if type(operation) is Txn:
            _choose(store, operation, path)


def _check(store: Store, txn: Txn, next_outcome: _Next) -> None:
    for operation in txn.success if next_outcome() else txn.failure:
        if type(operation) is Txn:
            _check(store, operation, next_outcome)
        elif type(operation) is Range:
            store.check_revision(operation.revision)
        elif type(operation) is Put and operation.ignore_value and store.history.newest(operation.key) is None:
            raise KeyNotFound


def _run(store: Store, txn: Txn, next_outcome: _Next) -> TxnResult:
    succeeded = next_outcome()
    results: list[OperationResult] = []
    for operation in txn.success if succeeded else txn.failure:
        if type(operation) is Put:
            results.append(store.put(operation))
        elif type(operation) is DeleteRange:
            results.append(store.delete_range(operation))
        elif type(operation) is Range:
            results.append(store.range(operation))
        else:
            assert type(operation) is Txn
            results.append(_run(store, operation, next_outcome))
    return TxnResult(store.reading_revision, succeeded, tuple(results))


def _holds(store: Store, compare: Compare) -> bool:
    found = store.history.range(compare.key, compare.range_end, store.revision)
    if not found:  # a missing key has version, revisions and lease 0; it has no value to compare
        return compare.target is not CompareTarget.VALUE and _compare(compare, _ABSENT)
    return all(_compare(compare, version) for version in found)


def _compare(compare: Compare, version: Version) -> bool:
    subject: int | bytes
    if compare.target is CompareTarget.VALUE:
        subject = version.value
    elif compare.target is CompareTarget.VERSION:
        subject = version.version
    elif compare.target is CompareTarget.CREATE:
        subject = version.create_revision
    elif compare.target is CompareTarget.MOD:
        subject = version.mod_revision
    else:
        subject = 0  # no key has a lease here
    equal = subject == compare.operand
    if compare.result is CompareResult.EQUAL:
        return equal
    if compare.result is CompareResult.NOT_EQUAL:
        return not equal
    less = subject < compare.operand  # type: ignore[operator]  # a value meets bytes, the others numbers
    return less if compare.result is CompareResult.LESS else not (less or equal)
