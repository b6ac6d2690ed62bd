"""A disk that keeps exactly what POSIX promises, and no more.

What was appended and not synced may be lost in a crash of the machine, from any byte on, or come back as sectors of
zeros; a name that was created, renamed or removed without syncing its directory may be undone. A crash of the process
alone loses nothing that was written. Every operation has two *write points*, before and after its effect, at which the
world can kill the process.
"""

from __future__ import annotations

import errno
from random import Random

SECTOR = 512


class ProcessDies(Exception):
    """The process is killed at a write point. Not an OSError: no code under test may catch it."""


class Inode:
    """What a name stands for: its bytes now, and how much of them is safe."""

    __slots__ = ("before_cut", "data", "synced")

    def __init__(self) -> None:
        """An empty file."""
        self.data = bytearray()
        self.synced = 0  # bytes that survive a crash. Invariant: <= len(data)
        self.before_cut: bytes | None = None  # the synced bytes, where a truncation of them is not synced itself


class SimulatedFile:
    """A file open for appending."""

    __slots__ = ("disk", "inode")

    def __init__(self, disk: SimulatedDisk, inode: Inode) -> None:
        """Opened by the disk."""
        self.disk = disk
        self.inode = inode

    def append(self, data: bytes) -> None:
        """Write behind the end."""
        disk = self.disk
        disk.point()
        if disk.full:
            self.inode.data += data[: len(data) // 2]
            disk.count("disk_full")
            raise OSError(errno.ENOSPC, "No space left on device")
        self.inode.data += data
        disk.point()

    def sync(self) -> None:
        """Make everything written so far safe."""
        disk, inode = self.disk, self.inode
        disk.point()
        if disk.sync_fails:
            # What was to be made safe is gone from the cache, and a later sync would report success (fsyncgate).
            disk.sync_fails = False
            disk.count("fsync_error")
            del inode.data[inode.synced :]
            raise OSError(errno.EIO, "Input/output error")
        inode.synced = len(inode.data)
        inode.before_cut = None
        disk.point()

    def truncate(self, size: int) -> None:
        """Cut the file."""
        self.disk.point()
        inode = self.inode
        if size < inode.synced:
            inode.before_cut = bytes(inode.data[: inode.synced])
            inode.synced = size
        del inode.data[size:]
        self.disk.point()

    def close(self) -> None:
        """Nothing is held."""


class SimulatedDisk:
    """The directory tree of one server. It outlives the processes that use it."""

    __slots__ = ("counted", "dies_in", "directories", "full", "names", "safe_names", "sync_fails")

    def __init__(self, counted: dict[str, int]) -> None:
        """An empty disk; `counted` is where faults that happen are counted by name."""
        self.names: dict[str, Inode] = {}  # as the process sees them
        self.safe_names: dict[str, Inode] = {}  # as a crash of the machine would leave them
        self.directories: set[str] = set()
        self.counted = counted
        self.dies_in = 0  # write points until the process dies; 0 for never
        self.sync_fails = False  # the next sync does
        self.full = False

    def point(self) -> None:
        """A write point: the process may die here."""
        if self.dies_in:
            self.dies_in -= 1
            if not self.dies_in:
                raise ProcessDies

    def count(self, fault: str) -> None:
        """A fault has happened."""
        self.counted[fault] = self.counted.get(fault, 0) + 1

    # --- what impl.wal.disk.Disk asks for ---------------------------------------------------------------------------

    def make_directory(self, path: str) -> None:
        """Make it."""
        self.directories.add(path)

    def list(self, directory: str) -> list[str]:
        """The names in it."""
        start = directory + "/"
        return sorted(name[len(start) :] for name in self.names if name.startswith(start))

    def read(self, path: str) -> bytes:
        """All bytes."""
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return bytes(self.names[path].data)

    def create(self, path: str) -> SimulatedFile:
        """A new file under this name."""
        self.point()
        inode = self.names[path] = Inode()
        self.point()
        return SimulatedFile(self, inode)

    def open(self, path: str) -> SimulatedFile:
        """The file of this name."""
        return SimulatedFile(self, self.names[path])

    def rename(self, source: str, target: str) -> None:
        """Another name."""
        self.point()
        self.names[target] = self.names.pop(source)
        self.point()

    def remove(self, path: str) -> None:
        """Take the name away."""
        self.point()
        del self.names[path]
        self.point()

    def sync_dir(self, directory: str) -> None:
        """Make the names in it safe."""
        self.point()
        start = directory + "/"
        for name in [n for n in self.safe_names if n.startswith(start) and n not in self.names]:
            del self.safe_names[name]
        self.safe_names.update({name: inode for name, inode in self.names.items() if name.startswith(start)})
        self.point()

    # --- what a crash does ------------------------------------------------------------------------------------------

    def lose(self, chance: Random, torn: bool) -> None:
        """The machine loses power: what was not synced is gone, or, if torn, cut at any byte or zeroed by sectors."""
        self.names = dict(self.safe_names)
        for _, inode in sorted(self.names.items()):
            if inode.before_cut is not None:
                inode.data[:] = inode.before_cut
                inode.before_cut = None
                inode.synced = len(inode.data)
            unsynced = len(inode.data) - inode.synced
            if unsynced:
                kept = int(chance.random() * (unsynced + 1)) if torn else 0
                del inode.data[inode.synced + kept :]
                if torn and chance.random() < 0.3:
                    _zero_sectors(inode, chance)
            inode.synced = len(inode.data)

    def flip(self, chance: Random) -> bool:
        """Change one bit of one file that holds something; whether there was one."""
        files = [inode for _, inode in sorted(self.names.items()) if inode.data]
        if not files:
            return False
        data = files[int(chance.random() * len(files))].data
        data[int(chance.random() * len(data))] ^= 1 << int(chance.random() * 8)
        return True


def _zero_sectors(inode: Inode, chance: Random) -> None:
    """Some sectors that were never written read as zeros, as after a crash of a file that had grown."""
    for start in range(inode.synced // SECTOR * SECTOR, len(inode.data), SECTOR):
        first, last = max(start, inode.synced), min(start + SECTOR, len(inode.data))
        if chance.random() < 0.5:
            inode.data[first:last] = bytes(last - first)
