"""A server's data directory: whose it is, and that nobody else uses it.

DIR/member.json     who the server is; written before the log, and once more when that is begun
DIR/log/            the log and its snapshots (impl.wal)
DIR/lock            held while the server runs
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

import msgspec

from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.machine import Member
from raftproof.impl.server.settings import ServerSettings
from raftproof.impl.wal import RealDisk


class Identity(msgspec.Struct, frozen=True):
    """`member.json`."""

    name: str
    peer_url: str
    token: str
    cluster: int
    server: int
    founding: bool
    """Whether it was among the servers the cluster began with."""
    members: tuple[Member, ...]
    """As known when this server started first; the log knows better later."""
    has_log: bool = False
    """Whether its log was begun: from then on a log that is missing is a log that was lost."""


class DataDirectory:
    """The directory, locked."""

    def __init__(self, settings: ServerSettings) -> None:
        """Raises CannotStart where another process holds the directory or it cannot be written."""
        self.path = Path(settings.data_dir)
        self.settings = settings
        try:
            RealDisk().make_directory(str(self.path))
            self._lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(f"{self.path}: {error.strerror}; name a directory that can be written") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise CannotStart(f"{self.path} is in use by a server that runs; stop it first") from None

    @property
    def log(self) -> str:
        """Where the log lies."""
        return str(self.path / "log")

    def identity(self) -> Identity | None:
        """Whose the directory is, or None where it is new; raises CannotStart where it is not this server's."""
        path = self.path / "member.json"
        if not path.exists():
            if os.path.isdir(self.log):
                raise CannotStart(
                    f"{self.path} holds a log and no member.json; restore that file, or use a new directory"
                )
            return None
        try:
            found = msgspec.json.decode(path.read_bytes(), type=Identity)
        except OSError as error:
            raise CannotStart(f"{path}: {error.strerror}; mend that, or use a new directory") from None
        except msgspec.DecodeError as error:
            raise CannotStart(f"{path}: {error}; restore the file, or use a new directory") from None
        ours = self.settings
        for what, theirs, mine in (
            ("server", found.name, ours.name),
            ("cluster", found.token, ours.token),
            ("server of the peer URL", found.peer_url, ours.peer_url),
        ):
            if theirs != mine:
                raise CannotStart(
                    f"{self.path} belongs to the {what} {theirs}, and this is the {what} {mine}; "
                    "give every server of every cluster a --data-dir of its own"
                )
        if found.has_log and not any(name.endswith(".wal") for name in RealDisk().list(self.log)):
            raise CannotStart(
                f"{self.log}: the log is missing, and with it what server {found.server:x} has voted and acknowledged; "
                "restore the directory, or remove the server from the cluster, empty its directory, and add it again"
            )
        return found

    def write(self, identity: Identity) -> None:
        """Durably; raises CannotStart."""
        try:
            self._write(msgspec.json.format(msgspec.json.encode(identity), indent=2) + b"\n")
        except OSError as error:
            raise CannotStart(f"{self.path}: member.json cannot be written: {error.strerror}; mend the disk") from None

    def _write(self, data: bytes) -> None:
        disk = RealDisk()
        path = f"{self.path}/member.json"
        file = disk.create(f"{path}.tmp")
        try:
            file.append(data)
            file.sync()
        finally:
            file.close()
        disk.rename(f"{path}.tmp", path)
        disk.sync_dir(str(self.path))

    def size(self) -> int:
        """Bytes of log and snapshots."""
        size = 0
        for entry in os.scandir(self.log):
            with contextlib.suppress(FileNotFoundError):  # renamed meanwhile, or removed
                size += entry.stat().st_size
        return size

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._lock)
