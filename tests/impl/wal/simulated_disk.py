"""A disk in memory that keeps exactly what `impl.wal.disk` promises and loses the rest at a crash."""

from __future__ import annotations

import random


class Crash(Exception):
    """The machine stops at this operation."""


class _File:
    def __init__(self, disk: SimulatedDisk, inode: Inode) -> None:
        self._disk, self._inode = disk, inode

    def append(self, data: bytes) -> None:
        self._disk.count("append")
        if self._disk.room is not None:
            taken = min(self._disk.room, len(data))
            self._disk.room -= taken
            self._inode.data += data[:taken]
            if taken < len(data):
                raise OSError(28, "No space left on device")
        else:
            self._inode.data += data
        self._disk.count("appended")

    def sync(self) -> None:
        self._disk.count("sync")
        if self._disk.fail_sync:
            self._disk.fail_sync = False  # the next one would succeed, falsely, as in Linux
            raise OSError(5, "Input/output error")
        self._inode.durable = bytes(self._inode.data)
        self._disk.count("synced")

    def truncate(self, size: int) -> None:
        self._disk.count("truncate")
        del self._inode.data[size:]

    def close(self) -> None:
        pass


class Inode:
    """A file's content: as the system shows it, and as a crash would leave it at the least."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.durable = b""


class SimulatedDisk:
    """One directory tree; names are flat paths."""

    def __init__(self) -> None:
        self.names: dict[str, Inode] = {}
        self.durable_names: dict[str, Inode] = {}
        self.operations = 0
        self.crash_at: int | None = None
        self.fail_sync = False
        self.room: int | None = None

    def count(self, what: str) -> None:
        """Every operation is a point to crash at, before it and after it."""
        self.operations += 1
        if self.crash_at is not None and self.operations >= self.crash_at:
            raise Crash(what)

    def crash(self, random: random.Random) -> None:
        """Keep what is durable, and of the rest as much as chance likes: a prefix, or all with some sectors zero."""
        self.crash_at = None
        for directory in {name.rpartition("/")[0] for name in self.names | self.durable_names}:
            if random.random() < 0.5:  # the directory was written back in time
                self.sync_names(directory)
        self.names = dict(self.durable_names)
        for inode in self.names.values():
            durable, data = inode.durable, bytes(inode.data)
            if data[: len(durable)] == durable:
                durable = tear(data, len(durable), random)
            elif random.random() < 0.5:  # truncated, and that was written back in time
                durable = data
            inode.data, inode.durable = bytearray(durable), durable

    def sync_names(self, directory: str) -> None:
        prefix = directory + "/"
        kept = {name: inode for name, inode in self.durable_names.items() if not name.startswith(prefix)}
        self.durable_names = kept | {name: inode for name, inode in self.names.items() if name.startswith(prefix)}

    # -- the interface -------------------------------------------------------------------------------------------

    def make_directory(self, path: str) -> None:
        pass

    def list(self, directory: str) -> list[str]:
        return sorted(name.removeprefix(directory + "/") for name in self.names if name.startswith(directory + "/"))

    def read(self, path: str) -> bytes:
        if path not in self.names:
            raise FileNotFoundError(path)
        return bytes(self.names[path].data)

    def create(self, path: str) -> _File:
        self.count("create")
        self.names[path] = Inode()
        return _File(self, self.names[path])

    def open(self, path: str) -> _File:
        return _File(self, self.names[path])

    def rename(self, source: str, target: str) -> None:
        self.count("rename")
        self.names[target] = self.names.pop(source)
        self.count("renamed")

    def remove(self, path: str) -> None:
        self.count("remove")
        del self.names[path]
        self.count("removed")

    def sync_dir(self, directory: str) -> None:
        self.count("sync_dir")
        self.sync_names(directory)
        self.count("synced_dir")


def tear(data: bytes, durable: int, random: random.Random) -> bytes:
    """What a crash leaves of the bytes behind `durable`: cut anywhere, or with some of their sectors zero."""
    if len(data) == durable or random.random() < 0.2:
        return data
    if random.random() < 0.5:
        return data[: random.randrange(durable, len(data))]
    torn = bytearray(data)
    for start in range(durable // 512 * 512, len(data), 512):
        if random.random() < 0.5:
            first, end = max(start, durable), min(start + 512, len(data))
            torn[first:end] = bytes(end - first)
    return bytes(torn)
