"""The store against a naive one that remembers every state it ever had."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from raftproof.impl.kv import (
    Compact,
    CompactResult,
    Compare,
    CompareResult,
    CompareTarget,
    DeleteRange,
    DeleteRangeResult,
    Put,
    PutResult,
    Range,
    SortOrder,
    SortTarget,
    Store,
    Txn,
    TxnResult,
    encode_command,
)
from raftproof.impl.kv.errors import Compacted, FutureRevision, KeyNotFound

KEYS = st.sampled_from([b"a", b"ab", b"b", b"c", b"\xff"])
ENDS = st.sampled_from([b"", b"\0", b"b", b"c", b"ac"])
VALUES = st.sampled_from([b"", b"1", b"22"])


@dataclass(frozen=True)
class Fact:
    """What the naive store knows of a key in one state."""

    value: bytes
    created: int
    modified: int
    version: int


class Naive:
    """States by revision, each a dictionary."""

    def __init__(self) -> None:
        self.states: list[dict[bytes, Fact]] = [{}, {}]  # of revisions 0 and 1
        self.compacted = -1

    @property
    def revision(self) -> int:
        return len(self.states) - 1

    def write(self, changes: list[tuple[bytes, bytes | None]]) -> None:
        """One revision, if there is something to change."""
        state, revision = dict(self.states[-1]), self.revision + 1
        for key, value in changes:
            old = state.pop(key, None)
            if value is not None:
                old = old or Fact(b"", revision, 0, 0)
                state[key] = Fact(value, old.created, revision, old.version + 1)
        if changes:
            self.states.append(state)

    def keys(self, key: bytes, end: bytes, revision: int = 0) -> list[bytes]:
        state = self.states[revision or self.revision]
        return sorted(k for k in state if (key <= k and (end == b"\0" or k < end) if end else k == key))


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store, self.naive = Store(), Naive()

    def apply(self, command: Put | DeleteRange | Txn | Compact) -> object:
        return self.store.apply(encode_command(command))

    @rule(key=KEYS, value=VALUES, keep=st.booleans(), prev=st.booleans())
    def put(self, key: bytes, value: bytes, keep: bool, prev: bool) -> None:
        old = self.naive.states[-1].get(key)
        result = self.apply(Put(key, b"" if keep else value, prev, keep))
        if keep and old is None:
            assert result == KeyNotFound()
            return
        self.naive.write([(key, old.value if keep and old else value)])
        assert isinstance(result, PutResult)
        assert result.revision == self.naive.revision
        if prev and old:
            assert result.previous is not None
            assert (result.previous.value, result.previous.version) == (old.value, old.version)
        else:
            assert result.previous is None

    @rule(key=KEYS, end=ENDS, prev=st.booleans())
    def delete(self, key: bytes, end: bytes, prev: bool) -> None:
        keys = self.naive.keys(key, end)
        result = self.apply(DeleteRange(key, end, prev))
        self.naive.write([(k, None) for k in keys])
        assert isinstance(result, DeleteRangeResult)
        assert (result.revision, result.deleted) == (self.naive.revision, len(keys))
        assert [version.key for version in result.previous] == (keys if prev else [])

    @rule(
        key=KEYS, what=st.sampled_from([*CompareTarget]), relation=st.sampled_from([*CompareResult]),
        number=st.integers(0, 4), put=KEYS, value=VALUES, deleted=KEYS, nested=st.booleans(),
    )  # fmt: skip
    def transact(
        self, key: bytes, what: CompareTarget, relation: CompareResult, number: int, put: bytes, value: bytes,
        deleted: bytes, nested: bool,
    ) -> None:  # fmt: skip
        fact = self.naive.states[-1].get(key)
        subject: object = {
            CompareTarget.VERSION: fact.version if fact else 0,
            CompareTarget.CREATE: fact.created if fact else 0,
            CompareTarget.MOD: fact.modified if fact else 0,
            CompareTarget.VALUE: fact.value if fact else None,
            CompareTarget.LEASE: 0,
        }[what]
        operand: int | bytes = value if what is CompareTarget.VALUE else number
        holds = (
            subject is not None
            and {
                CompareResult.EQUAL: lambda: subject == operand,
                CompareResult.NOT_EQUAL: lambda: subject != operand,
                CompareResult.LESS: lambda: subject < operand,  # type: ignore[operator]
                CompareResult.GREATER: lambda: subject > operand,  # type: ignore[operator]
            }[relation]()
        )
        success: tuple[Put | DeleteRange | Range | Txn, ...] = (Put(put, value), Range(put))
        if nested:
            success = (Txn((), success, ()),)
        result = self.apply(Txn((Compare(relation, what, key, operand),), success, (DeleteRange(deleted),)))
        assert isinstance(result, TxnResult)
        assert result.succeeded == holds
        if holds:
            self.naive.write([(put, value)])
            inner = result.results[0].results if nested else result.results  # type: ignore[union-attr]
            assert inner[1].versions[0].value == value  # type: ignore[union-attr]  # a transaction reads its own writes
        else:
            self.naive.write([(k, None) for k in self.naive.keys(deleted, b"")])
        assert result.revision == self.naive.revision

    @rule(revision=st.integers(-1, 30))
    def compact(self, revision: int) -> None:
        result = self.apply(Compact(revision))
        if revision <= self.naive.compacted:
            assert result == Compacted()
        elif revision > self.naive.revision:
            assert result == FutureRevision()
        else:
            self.naive.compacted = revision
            assert result == CompactResult(self.naive.revision)

    @rule(
        key=KEYS, end=ENDS, revision=st.integers(0, 30), limit=st.integers(0, 3),
        order=st.sampled_from([SortOrder.ASCEND, SortOrder.DESCEND]), keys_only=st.booleans(), oldest=st.integers(0, 8),
    )  # fmt: skip
    def read(
        self, key: bytes, end: bytes, revision: int, limit: int, order: SortOrder, keys_only: bool, oldest: int
    ) -> None:
        request = Range(
            key, end, limit, revision, order, SortTarget.KEY, keys_only=keys_only, min_create_revision=oldest
        )
        if revision > self.naive.revision or 0 < revision < self.naive.compacted:
            with pytest.raises(FutureRevision if revision > self.naive.revision else Compacted):
                self.store.range(request)
            return
        result = self.store.range(request)
        state = self.naive.states[revision or self.naive.revision]
        keys = self.naive.keys(key, end, revision)
        assert result.count == len(keys)
        keys = [k for k in keys if state[k].created >= oldest]
        if order is SortOrder.DESCEND:
            keys.reverse()
        assert result.more == (0 < limit < len(keys))
        keys = keys[:limit] if limit else keys
        assert [version.key for version in result.versions] == keys
        for version in result.versions:
            fact = state[version.key]
            assert version.value == (b"" if keys_only else fact.value)
            assert (version.create_revision, version.mod_revision) == (fact.created, fact.modified)
            assert version.version == fact.version

    @invariant()
    def the_image_is_the_store(self) -> None:
        again = Store.from_image(self.store.image())
        assert again.image() == self.store.image()
        assert again.hash() == self.store.hash() if self.store.revision > self.store.compact_revision else True
        assert self.store.revision == self.naive.revision


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=80, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
