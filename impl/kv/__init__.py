"""The replicated state machine: a multi-version key-value store with the meaning of etcd's (mvcc and etcdserverpb).

    check(request)                        refuse what is malformed, before it is replicated
    store.apply(encode_command(command))  on every server, in the order of the log: deterministic, from bytes
    store.range(Range(key)), read(store, txn)   answered from the local store
    store.hash(), store.image(), Store.from_image(image)

The files: `requests` (the values), `history` (versions of keys), `store` (revisions and commands), `ranges`,
`transactions`, `check`, `hashing`, `errors`.
"""

from raftproof.impl.kv.check import check
from raftproof.impl.kv.errors import Refused
from raftproof.impl.kv.requests import (
    Command,
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
    RangeResult,
    Result,
    SortOrder,
    SortTarget,
    Txn,
    TxnResult,
    Version,
    decode_command,
    encode_command,
)
from raftproof.impl.kv.store import Store
from raftproof.impl.kv.transactions import is_read_only, read

__all__ = [
    "Command",
    "Compact",
    "CompactResult",
    "Compare",
    "CompareResult",
    "CompareTarget",
    "DeleteRange",
    "DeleteRangeResult",
    "Put",
    "PutResult",
    "Range",
    "RangeResult",
    "Refused",
    "Result",
    "SortOrder",
    "SortTarget",
    "Store",
    "Txn",
    "TxnResult",
    "Version",
    "check",
    "decode_command",
    "encode_command",
    "is_read_only",
    "read",
]
