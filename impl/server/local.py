"""A cluster on this machine: each server a process of its own, watched until it is asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from raftproof.impl.server.client import Client
from raftproof.impl.server.directory import Identity
from raftproof.impl.server.errors import ApiError, CannotStart
from raftproof.impl.server.proto import rpc_pb2
from raftproof.impl.server.settings import Certificates

_WATCH_SECONDS = 0.3
_STOP_SECONDS = 5.0


class LocalCluster:
    """Servers s1 … sn with data directories and logs below one directory."""

    def __init__(
        self, servers: int, directory: Path, port: int, say: Callable[[str], None], traced: bool = False
    ) -> None:
        """Server s1 takes clients at `port` and peers at the next one, s2 at the two behind, and so on."""
        self._directory, self._say, self._traced = directory, say, traced
        self._names = [f"s{number}" for number in range(1, servers + 1)]
        self._client_urls = [f"http://127.0.0.1:{port + 2 * place}" for place in range(servers)]
        self._peer_urls = [f"http://127.0.0.1:{port + 2 * place + 1}" for place in range(servers)]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._leads = ""

    def run(self) -> None:
        """Until Ctrl-C or SIGTERM; raises CannotStart once no server runs any more."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            self._start()
            while not stop.is_set():
                await self._watch()
                try:
                    await asyncio.wait_for(stop.wait(), _WATCH_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._stop()

    def _start(self) -> None:
        self._check_directory()
        cluster = ",".join(f"{name}={url}" for name, url in zip(self._names, self._peer_urls, strict=True))
        program = [sys.executable, "-c", "from raftproof.commands import main; main()", "serve"]
        for name, client_url, peer_url in zip(self._names, self._client_urls, self._peer_urls, strict=True):
            options = ["--name", name, "--data-dir", str(self._directory / name), "--initial-cluster", cluster]
            options += ["--listen-client-urls", client_url, "--listen-peer-urls", peer_url]
            if self._traced:
                options += ["--trace", str(self._directory / f"{name}.ndjson")]
            with self._open_log(name) as output:
                self._processes[name] = subprocess.Popen(
                    [*program, *options],
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C is for this process, which then stops them
                )
            self._say(f"{name}: clients at {client_url}, data in {self._directory / name}")
        self._say("try: etcdctl --endpoints=" + ",".join(self._client_urls) + " put hello world")

    def _check_directory(self) -> None:
        """What it holds, if anything, must be a cluster of this size: none grows by being started with more servers."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"{self._directory}: {error.strerror}; name a directory that can be written") from None
        for file in sorted(self._directory.glob("s[1-9]/member.json")):
            with contextlib.suppress(OSError, msgspec.DecodeError):  # its server says what is wrong with it
                servers = len(msgspec.json.decode(file.read_bytes(), type=Identity).members)
                if servers != len(self._names):
                    advice = f"run it with -n {servers}, or name another --data-dir"
                    raise CannotStart(f"{self._directory} holds a cluster of {servers}; {advice}")

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _open_log(self, name: str) -> BinaryIO:
        try:
            return self._log(name).open("wb")
        except OSError as error:
            raise CannotStart(f"{self._log(name)}: {error.strerror}; name another --data-dir") from None

    async def _watch(self) -> None:
        """Say who leads when that changes, and who has stopped."""
        for name, process in list(self._processes.items()):
            if process.poll() is not None:
                del self._processes[name]
                said = self._log(name).read_text(encoding="utf-8", errors="replace").strip() or "without a word"
                self._say(f"{name} has stopped: {said.splitlines()[-1].removeprefix('raftproof serve: ')}")
        if not self._processes:
            raise CannotStart(f"no server runs; their logs are in {self._directory}")
        leads = await self._who_leads()
        if leads and leads != self._leads:
            self._leads = leads
            self._say(leads)

    async def _who_leads(self) -> str:
        for name, url in zip(self._names, self._client_urls, strict=True):
            if name not in self._processes:
                continue
            async with Client([url], Certificates()) as client:
                try:
                    status = await client.call("Maintenance", "Status", rpc_pb2.StatusRequest(), timeout=1.0)
                except ApiError:
                    continue
            if status.leader == status.header.member_id:
                return f"{name} leads term {status.raftTerm}"
        return ""

    def _stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for name, process in self._processes.items():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._say(f"{name} does not stop; it is killed")
                process.kill()
                process.wait()
        if self._processes:
            self._say("stopped")
