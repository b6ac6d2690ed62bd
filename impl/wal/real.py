"""The real disk: `os`, fdatasync for files, fsync for directories."""

from __future__ import annotations

import os


class RealFile:
    """A file descriptor in append mode."""

    __slots__ = ("_descriptor",)

    def __init__(self, path: str, flags: int) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)

    def append(self, data: bytes) -> None:
        """Write all of the bytes; the kernel may take them in parts."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """fdatasync: the data and the length, not the times."""
        os.fdatasync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Cut the file; append mode continues at the new end."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


class RealDisk:
    """The file system of this machine; see `disk.Disk` for what each operation promises."""

    def make_directory(self, path: str) -> None:
        """Make missing directories one by one and sync the parent of each, or the tree itself could vanish."""
        parent = os.path.dirname(path.rstrip("/")) or "."
        if not os.path.isdir(parent):
            self.make_directory(parent)
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
            self.sync_dir(parent)

    def list(self, directory: str) -> list[str]:
        """The names, sorted."""
        return sorted(os.listdir(directory)) if os.path.isdir(directory) else []

    def read(self, path: str) -> bytes:
        """All bytes at once: a segment is at most some tens of megabytes."""
        with open(path, "rb") as file:
            return file.read()

    def create(self, path: str) -> RealFile:
        """An empty file."""
        return RealFile(path, os.O_CREAT | os.O_TRUNC)

    def open(self, path: str) -> RealFile:
        """A file that exists."""
        return RealFile(path, 0)

    def rename(self, source: str, target: str) -> None:
        """rename(2)."""
        os.replace(source, target)

    def remove(self, path: str) -> None:
        """unlink(2)."""
        os.unlink(path)

    def sync_dir(self, directory: str) -> None:
        """fsync of the directory makes its names durable."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
