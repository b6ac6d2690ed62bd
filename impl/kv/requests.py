"""What is asked of the store, and what it answers. Names and meanings are etcd's (etcdserverpb); bytes are msgpack.

A range of keys is [key, range_end); an empty range_end is the single key, and b"\\0" stands for no end.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

import msgspec


class Version(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One version of a key: what etcd calls a KeyValue, and the place of its write within its revision."""

    key: bytes
    value: bytes
    create_revision: int
    """The revision that created the key; 0 in a tombstone."""
    mod_revision: int
    version: int
    """1 after a creation, one more after each put; 0 marks a tombstone, the version in which the key is deleted."""
    sub: int = 0
    """The number of this write among those of its revision, from 0."""


class SortOrder(IntEnum):
    """Whether and how a range is sorted."""

    NONE = 0
    ASCEND = 1
    DESCEND = 2


class SortTarget(IntEnum):
    """By what it is sorted."""

    KEY = 0
    VERSION = 1
    CREATE = 2
    MOD = 3
    VALUE = 4


class CompareResult(IntEnum):
    """What a comparison asks for."""

    EQUAL = 0
    GREATER = 1
    LESS = 2
    NOT_EQUAL = 3


class CompareTarget(IntEnum):
    """What it compares."""

    VERSION = 0
    CREATE = 1
    MOD = 2
    VALUE = 3
    LEASE = 4


class _Request(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


class Range(_Request, frozen=True):
    """Read keys at a revision; 0 is the newest."""

    key: bytes
    range_end: bytes = b""
    limit: int = 0
    revision: int = 0
    sort_order: SortOrder = SortOrder.NONE
    sort_target: SortTarget = SortTarget.KEY
    keys_only: bool = False
    count_only: bool = False
    min_mod_revision: int = 0
    max_mod_revision: int = 0
    min_create_revision: int = 0
    max_create_revision: int = 0


class Put(_Request, frozen=True, gc=False):
    """Write one key."""

    key: bytes
    value: bytes
    prev_kv: bool = False
    ignore_value: bool = False


class DeleteRange(_Request, frozen=True, gc=False):
    """Delete keys."""

    key: bytes
    range_end: bytes = b""
    prev_kv: bool = False


class Compare(msgspec.Struct, frozen=True, array_like=True):
    """A condition on every key of a range; a range without keys counts as one key of version 0 and no value."""

    result: CompareResult
    target: CompareTarget
    key: bytes
    operand: int | bytes
    range_end: bytes = b""


class Txn(_Request, frozen=True):
    """If all comparisons hold, `success`, else `failure`, in one revision."""

    compare: tuple[Compare, ...]
    success: tuple[Operation, ...]
    failure: tuple[Operation, ...]


class Compact(_Request, frozen=True, gc=False):
    """Forget what no read at `revision` or later can see."""

    revision: int


Operation: TypeAlias = Range | Put | DeleteRange | Txn
Command: TypeAlias = Put | DeleteRange | Txn | Compact


class RangeResult(msgspec.Struct):
    """The keys found."""

    revision: int
    versions: list[Version]
    count: int
    """How many keys the range holds, whatever the limit."""
    more: bool = False


class PutResult(msgspec.Struct):
    """The key is written."""

    revision: int
    previous: Version | None = None


class DeleteRangeResult(msgspec.Struct):
    """The keys are deleted."""

    revision: int
    deleted: int
    previous: tuple[Version, ...] = ()


class TxnResult(msgspec.Struct):
    """The branch was carried out."""

    revision: int
    succeeded: bool
    results: tuple[OperationResult, ...]


class CompactResult(msgspec.Struct):
    """Older revisions are gone."""

    revision: int


OperationResult: TypeAlias = RangeResult | PutResult | DeleteRangeResult | TxnResult
Result: TypeAlias = PutResult | DeleteRangeResult | TxnResult | CompactResult

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Put | DeleteRange | Txn | Compact)


def encode_command(command: Command) -> bytes:
    """The bytes that are replicated."""
    return _encoder.encode(command)


def decode_command(data: bytes) -> Command:
    """The command that every server applies."""
    return _decoder.decode(data)
