"""What a transaction may not ask, whatever the store holds."""

from __future__ import annotations

import pytest

from raftproof.impl.kv import Compare, CompareResult, CompareTarget, DeleteRange, Put, Range, Store, Txn, check
from raftproof.impl.kv.errors import DuplicateKey, EmptyKey, FutureRevision, Refused, TooManyOperations, ValueProvided
from raftproof.impl.kv.requests import Operation

PUT_A, PUT_B = Put(b"a", b"1"), Put(b"b", b"1")


def then(*operations: Operation) -> Txn:
    return Txn((), operations, ())


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (Range(b""), EmptyKey),
        (Put(b"", b"1"), EmptyKey),
        (DeleteRange(b""), EmptyKey),
        (Put(b"a", b"1", ignore_value=True), ValueProvided),
        (then(Put(b"", b"1")), EmptyKey),
        (Txn((Compare(CompareResult.EQUAL, CompareTarget.VERSION, b"", 0),), (), ()), EmptyKey),
        (then(*(Put(b"%d" % n, b"") for n in range(129))), TooManyOperations),
        (then(*(Put(b"%d" % n, b"") for n in range(100)), then(*(Range(b"x") for _ in range(28)))), TooManyOperations),
        (then(PUT_A, PUT_A), DuplicateKey),
        (Txn((), (), (PUT_A, PUT_A)), DuplicateKey),
        (then(PUT_A, DeleteRange(b"a")), DuplicateKey),
        (then(DeleteRange(b"A", b"b"), PUT_A), DuplicateKey),
        (then(DeleteRange(b"A", b"\0"), PUT_A), DuplicateKey),
        (then(PUT_A, then(PUT_A)), DuplicateKey),
        (then(then(PUT_A), then(PUT_A)), DuplicateKey),
        (then(DeleteRange(b"a"), Txn((), (), (PUT_A,))), DuplicateKey),
        (then(then(DeleteRange(b"a", b"b")), PUT_A), DuplicateKey),
    ],
)
def test_it_is_refused(request_: Operation, error: type[Refused]) -> None:
    with pytest.raises(error):
        check(request_)


@pytest.mark.parametrize(
    "txn",
    [
        then(PUT_A, PUT_B),
        Txn((), (PUT_A,), (PUT_A,)),
        then(Txn((), (PUT_A,), (PUT_A,)), PUT_B),
        then(DeleteRange(b"a"), DeleteRange(b"a", b"c")),
        then(DeleteRange(b"a", b"b"), PUT_B),
        then(DeleteRange(b"b", b"a"), PUT_A),
        then(Range(b"a"), PUT_A, Range(b"a")),
    ],
)
def test_it_is_allowed(txn: Txn) -> None:
    check(txn)


def test_a_refused_transaction_writes_nothing() -> None:
    store = Store()
    assert store.execute(then(PUT_A, then(Range(b"a", revision=9)))) == FutureRevision()
    assert (store.revision, store.history.newest(b"a")) == (1, None)
