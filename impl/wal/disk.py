"""The little of a file system that the log needs, so that a simulated disk can stand in for the real one.

Everything under `impl.wal` reads and writes through a `Disk`. `RealDisk` (real.py) is the one over `os`; a simulator
brings its own, which loses what was not synced, tears writes, flips bits, fails to sync or fills up. The contract is
POSIX's, no more and no less:

    append       puts bytes behind the end of the file; after a crash any part of them may be missing, until
    sync         has returned: then everything appended to this file before the call survives (fdatasync)
    create       makes an empty file; its name may be missing after a crash, until sync_dir
    rename       replaces the target atomically: after a crash the name holds the old or the new file, until
    sync_dir     has returned: then every create, rename and remove in this directory before the call survives
    truncate     cuts a file to a length; durable after the next sync of it

Paths are strings with `/` between parts. Every operation may raise OSError; a failed sync is never retried, because
the kernel may have dropped the dirty pages and report success the second time (fsyncgate, 2018). The log passes the
error on as `DiskFailed`, refuses every later write, and the server stops.

A crash needs no method: the simulator drops the objects, changes what the disk holds, and opens the log anew. To crash
at a write point it raises its own exception from an operation; the log catches only OSError.
"""

from __future__ import annotations

from typing import Protocol


class File(Protocol):
    """A file that is open for appending; one writer at a time."""

    def append(self, data: bytes) -> None:
        """Write all of the bytes behind the end, or raise OSError (and then any prefix may have been written)."""

    def sync(self) -> None:
        """Return when everything appended so far survives a crash."""

    def truncate(self, size: int) -> None:
        """Cut the file to `size` bytes; the next append goes there."""

    def close(self) -> None:
        """Release the file; says nothing about durability."""


class Disk(Protocol):
    """A tree of directories and files."""

    def make_directory(self, path: str) -> None:
        """Make the directory and its missing parents, durably; nothing happens where it exists."""

    def list(self, directory: str) -> list[str]:
        """The names in the directory, sorted; empty where the directory is missing."""

    def read(self, path: str) -> bytes:
        """Everything the file holds. FileNotFoundError where there is none."""

    def create(self, path: str) -> File:
        """A new empty file, open for appending; one of the same name is emptied."""

    def open(self, path: str) -> File:
        """A file that exists, open for appending behind its end."""

    def rename(self, source: str, target: str) -> None:
        """Give the file another name, replacing what had it."""

    def remove(self, path: str) -> None:
        """Take the file away."""

    def sync_dir(self, directory: str) -> None:
        """Return when every create, rename and remove in the directory survives a crash."""
