"""Real clusters as processes: ours and etcd's, on free ports, for benchmarks and for tests that kill."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from raftproof.impl.server.client import Client
from raftproof.impl.server.errors import ApiError
from raftproof.impl.server.proto import rpc_pb2
from raftproof.impl.server.settings import Certificates

Command = Callable[[str, Path, str, str, str], list[str]]


def raftproof_command(name: str, directory: Path, client_url: str, peer_url: str, cluster: str) -> list[str]:
    """One of our servers."""
    program = [sys.executable, "-c", "from raftproof.commands import main; main()", "serve"]
    urls = ["--listen-client-urls", client_url, "--listen-peer-urls", peer_url]
    return [*program, "--name", name, "--data-dir", str(directory), *urls, "--initial-cluster", cluster]


def traced_command(name: str, directory: Path, client_url: str, peer_url: str, cluster: str) -> list[str]:
    """One of our servers, watched: its trace lies beside its data."""
    command = raftproof_command(name, directory, client_url, peer_url, cluster)
    return [*command, "--trace", str(directory.with_suffix(".ndjson"))]


def etcd_command(name: str, directory: Path, client_url: str, peer_url: str, cluster: str) -> list[str]:
    """One of etcd's."""
    urls = ["--listen-client-urls", client_url, "--listen-peer-urls", peer_url]
    urls += ["--advertise-client-urls", client_url, "--initial-advertise-peer-urls", peer_url]
    return ["etcd", "--name", name, "--data-dir", str(directory), *urls, "--initial-cluster", cluster]


_ports = itertools.count(15_000 + os.getpid() * 97 % 15_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, below those that the system gives to outgoing connections, and from another
    place in every process, so that tests side by side do not take each other's."""
    found: list[int] = []
    while len(found) < count:
        port = next(_ports)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found


class Cluster:
    """Servers s1 … sn; their output goes to files beside their data."""

    def __init__(self, command: Command, servers: int, directory: Path) -> None:
        ports = free_ports(2 * servers)
        self.client_urls = [f"http://127.0.0.1:{port}" for port in ports[:servers]]
        self.peer_urls = [f"http://127.0.0.1:{port}" for port in ports[servers:]]
        self._command, self._directory = command, directory
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * servers

    def start(self, place: int) -> None:
        """Start a server, or start it again on its data."""
        cluster = ",".join(f"s{n + 1}={url}" for n, url in enumerate(self.peer_urls))
        name = f"s{place + 1}"
        arguments = self._command(name, self._directory / name, self.client_urls[place], self.peer_urls[place], cluster)
        with (self._directory / f"{name}.out").open("ab") as output:
            self.processes[place] = subprocess.Popen(arguments, stdout=output, stderr=output)

    def kill(self, place: int) -> None:
        """SIGKILL."""
        process = self.processes[place]
        assert process is not None
        process.kill()
        process.wait()
        self.processes[place] = None

    def output(self, place: int) -> str:
        """What a server has said."""
        return (self._directory / f"s{place + 1}.out").read_text()

    def leader_place(self, timeout: float = 20.0) -> int:
        """Which server leads; waits until one does and all that live know it."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            leaders = asyncio.run(self._leaders())
            if len(set(leaders.values())) == 1 and len(leaders) == sum(p is not None for p in self.processes):
                for place, leader in leaders.items():
                    if leader == place:
                        return place
            time.sleep(0.1)
        raise TimeoutError("no leader: " + "".join(self.output(place)[-500:] for place in range(len(self.processes))))

    async def _leaders(self) -> dict[int, int]:
        """Of every server that answers: which place it takes for the leader, -1 for none."""
        ids: dict[int, int] = {}
        said: dict[int, int] = {}
        for place, url in enumerate(self.client_urls):
            if self.processes[place] is None:
                continue
            async with Client([url], Certificates()) as client:
                try:
                    status = await client.call("Maintenance", "Status", rpc_pb2.StatusRequest(), timeout=1.0)
                except ApiError:
                    continue
            ids[status.header.member_id] = place
            said[place] = status.leader
        return {place: ids.get(leader, -1) for place, leader in said.items()}

    def leader(self) -> str:
        """host:port at which the leader takes clients."""
        return self.client_urls[self.leader_place()].removeprefix("http://")

    def cpu_seconds(self) -> float:
        """User and system time of all servers so far."""
        ticks = 0
        for process in filter(None, self.processes):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Cluster:
        """All servers."""
        for place in range(len(self.processes)):
            self.start(place)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them, gently first."""
        living = [process for process in self.processes if process is not None]
        for process in living:
            process.send_signal(signal.SIGTERM)
        for process in living:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
