"""Why a log cannot be used: each says where, what is wrong, and what to do."""

from __future__ import annotations


class LogError(Exception):
    """The log cannot be opened or written."""


class DamagedLog(LogError):
    """What the log holds is not what was written, and no crash explains it: the server must not start.

    A server that forgot a vote or an entry it acknowledged would break the promise that a quorum relies on, so it
    never repairs such a log by itself (§5.1: servers "can fail by stopping and may later recover from state on stable
    storage"; a changed state is no recovery).
    """

    def __init__(self, path: str, offset: int, what: str) -> None:
        self.path, self.offset, self.what = path, offset, what
        super().__init__(
            f"{path}: offset {offset}: {what}. This server must not vote with it: keep a copy of its directory, remove "
            "the server from the cluster, empty the directory, and add it again as a new member"
        )


class ForeignLog(LogError):
    """The directory belongs to another cluster or another member."""


class DiskFailed(LogError):
    """A write or a sync failed: what is durable is no longer known. The server stops; nothing is retried."""

    def __init__(self, what: str, error: OSError) -> None:
        self.error = error
        reason = error.strerror or str(error)
        super().__init__(
            f"{what}: {reason}; the server stops and acknowledges nothing more. Mend the disk, start again"
        )
