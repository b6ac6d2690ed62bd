"""What the store refuses, in etcd's words. A refused command writes nothing, on every server alike."""

from __future__ import annotations


class Refused(Exception):
    """A request that the store does not carry out; `str(error)` is etcd's message."""

    message = ""

    def __init__(self) -> None:
        super().__init__(f"etcdserver: {self.message}")

    def __eq__(self, other: object) -> bool:
        """Two servers refuse alike."""
        return type(self) is type(other)

    def __hash__(self) -> int:
        """As its kind."""
        return hash(type(self))


class Compacted(Refused):
    """The revision is older than the last compaction."""

    message = "mvcc: required revision has been compacted"


class FutureRevision(Refused):
    """The revision has not been reached."""

    message = "mvcc: required revision is a future revision"


class KeyNotFound(Refused):
    """A put that keeps the value of a key that is not there, or an operation without a request."""

    message = "key not found"


class EmptyKey(Refused):
    """A request without a key."""

    message = "key is not provided"


class ValueProvided(Refused):
    """A put that keeps the value and brings one."""

    message = "value is provided"


class LeaseNotFound(Refused):
    """There are no leases here, so a put cannot name one."""

    message = "requested lease not found"


class TooManyOperations(Refused):
    """A transaction of more than `check.MAX_OPERATIONS`."""

    message = "too many operations in txn request"


class DuplicateKey(Refused):
    """A transaction that puts a key twice, or puts and deletes it."""

    message = "duplicate key given in txn request"
