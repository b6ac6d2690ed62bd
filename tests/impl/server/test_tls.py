"""Certificates: with the right ones everything works, without them nothing does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.impl.server.certificates import Authority
from tests.impl.server.processes import free_ports

pytestmark = [pytest.mark.real("etcdctl"), pytest.mark.slow]


class Secure:
    """Two servers that trust one authority, and a third whose certificate is of another."""

    def __init__(self, directory: Path) -> None:
        self.ours, self.others = Authority(directory / "ours", "ours"), Authority(directory / "others", "others")
        ports = free_ports(6)
        self.clients = [f"https://127.0.0.1:{port}" for port in ports[:3]]
        peers = [f"https://127.0.0.1:{port}" for port in ports[3:]]
        cluster = ",".join(f"s{n + 1}={url}" for n, url in enumerate(peers))
        self.outputs = [directory / f"s{n + 1}.out" for n in range(3)]
        self.processes = []
        for place in range(3):
            authority = self.others if place == 2 else self.ours
            cert, key = authority.issue(f"s{place + 1}")
            command = [
                sys.executable, "-c", "from raftproof.commands import main; main()", "serve",
                "--name", f"s{place + 1}", "--data-dir", str(directory / f"s{place + 1}"), "--initial-cluster", cluster,
                "--listen-client-urls", self.clients[place], "--listen-peer-urls", peers[place],
                "--cert-file", str(cert), "--key-file", str(key), "--trusted-ca-file", str(self.ours.certificate),
                "--peer-cert-file", str(cert), "--peer-key-file", str(key),
                "--peer-trusted-ca-file", str(authority.certificate),
            ]  # fmt: skip
            with self.outputs[place].open("wb") as output:
                self.processes.append(subprocess.Popen(command, stdout=output, stderr=output))

    def etcdctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["etcdctl", f"--endpoints={','.join(self.clients[:2])}", "--command-timeout=1s", *arguments]
        environment = {**os.environ, "ETCDCTL_API": "3"}
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment)

    def trusted(self, authority: Authority) -> list[str]:
        cert, key = authority.issue("client")
        return [f"--cacert={self.ours.certificate}", f"--cert={cert}", f"--key={key}"]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    servers = Secure(tmp_path_factory.mktemp("tls"))
    deadline = time.monotonic() + 20
    while "leads term" not in servers.outputs[0].read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    yield servers
    for process in servers.processes:
        process.kill()
        process.wait()


def test_with_the_right_certificate_a_client_is_served(secure: Secure) -> None:
    trusted = secure.trusted(secure.ours)
    assert secure.etcdctl("put", "a", "1", *trusted).stdout == "OK\n"
    assert secure.etcdctl("get", "a", *trusted).stdout == "a\n1\n"
    cert, key = secure.ours.issue("kv")
    arguments = ["--endpoints", secure.clients[0], "--cacert", str(secure.ours.certificate), "--cert", str(cert)]
    command = [sys.executable, "-c", "from raftproof.commands import main; main()", "kv", "get", "a"]
    done = subprocess.run([*command, *arguments, "--key-file", str(key)], capture_output=True, text=True, timeout=30)
    assert done.stdout == "a\n1\n", done.stderr


def test_without_a_certificate_or_with_anothers_a_client_is_refused(secure: Secure) -> None:
    ca = f"--cacert={secure.ours.certificate}"
    for arguments in ([ca], secure.trusted(secure.others), []):
        refused = secure.etcdctl("put", "a", "2", *arguments)
        assert refused.returncode != 0
        assert "certificate" in refused.stderr or "deadline exceeded" in refused.stderr
    assert secure.etcdctl("get", "a", "--print-value-only", *secure.trusted(secure.ours)).stdout == "1\n"


def test_a_server_with_anothers_certificate_has_no_part_in_the_cluster(secure: Secure) -> None:
    assert "leads term" not in secure.outputs[2].read_text()
    assert "certificate verify failed" in secure.outputs[0].read_text()
