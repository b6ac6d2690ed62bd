"""`raftproof cluster` and `raftproof kv`, as a person uses them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.impl.server.processes import free_ports

pytestmark = pytest.mark.slow
RAFTPROOF = [sys.executable, "-c", "from raftproof.commands import main; main()"]


def kv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RAFTPROOF, "kv", *arguments], capture_output=True, text=True, timeout=30)


class RunningCluster:
    def __init__(self, directory: Path, port: int, *more: str) -> None:
        command = [*RAFTPROOF, "cluster", "-n", "3", "--data-dir", str(directory), "--port", str(port), *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line)
            if "leads term" in line:
                break

    def stop(self) -> str:
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return rest


def test_a_cluster_starts_says_who_leads_stops_cleanly_and_goes_on_later(tmp_path: Path) -> None:
    port = free_ports(6)[0]
    endpoints = ["--endpoints", f"http://127.0.0.1:{port + 2},http://127.0.0.1:{port}"]
    cluster = RunningCluster(tmp_path / "data", port, "--trace")
    assert f"s1: clients at http://127.0.0.1:{port}, data in {tmp_path}/data/s1\n" in cluster.said
    assert kv("put", "hello", "world", *endpoints).stdout == "revision 2\n"
    assert kv("put", "help", "me", *endpoints).stdout == "revision 3\n"
    assert kv("get", "hel", "--prefix", *endpoints).stdout == "hello\nworld\nhelp\nme\n"
    assert kv("get", "", "--prefix", "--limit", "1", *endpoints).stdout == "hello\nworld\n"
    assert kv("del", "help", *endpoints).stdout == "1\n"
    assert kv("get", "help", "--rev", "3", *endpoints).stdout == "help\nme\n"
    assert kv("put", os.fsdecode(b"\xff"), os.fsdecode(b"\xfe"), *endpoints).stdout == "revision 5\n"
    assert kv("del", os.fsdecode(b"\xff"), *endpoints).stdout == "1\n"
    future = kv("get", "help", "--rev", "99", *endpoints)
    assert (future.returncode, future.stdout) == (2, "")
    assert future.stderr.endswith("required revision is a future revision\n")
    assert cluster.stop().endswith("stopped\n")
    gone = kv("get", "hello", *endpoints)
    assert gone.returncode == 3
    assert "raftproof kv: " in gone.stderr
    for name in ("s1", "s2", "s3"):
        assert b"BecomeFollower" in (tmp_path / "data" / f"{name}.ndjson").read_bytes()
    cluster = RunningCluster(tmp_path / "data", port)
    assert kv("get", "hello", *endpoints).stdout == "hello\nworld\n"
    cluster.stop()
    for servers in (1, 5):
        assert "holds a cluster of 3; run it with -n 3, or name another --data-dir" in refused(servers, port, tmp_path)
    (tmp_path / "data" / "s2.log").unlink()
    (tmp_path / "data" / "s2.log").mkdir()
    assert "s2.log: Is a directory; name another --data-dir" in refused(3, port, tmp_path)
    with socket.create_server(("127.0.0.1", port)):  # s1, which had begun, is gone
        pass


def refused(servers: int, port: int, directory: Path) -> str:
    """What is said when a cluster cannot be started on the data of the one before."""
    options = ["-n", str(servers), "--data-dir", str(directory / "data"), "--port", str(port)]
    done = subprocess.run([*RAFTPROOF, "cluster", *options], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    return done.stderr


def test_a_cluster_whose_ports_are_taken_says_so(tmp_path: Path) -> None:
    port = free_ports(6)[0]
    cluster = RunningCluster(tmp_path / "one", port)
    second = [*RAFTPROOF, "cluster", "-n", "1", "--data-dir", str(tmp_path / "two"), "--port", str(port)]
    done = subprocess.run(second, capture_output=True, text=True, timeout=30)
    cluster.stop()
    assert done.returncode == 4
    assert "s1 has stopped: " in done.stdout
    assert "address already in use; is another server running there?" in done.stdout
    assert done.stderr == f"raftproof cluster: no server runs; their logs are in {tmp_path / 'two'}\n"


def test_what_cannot_be_asked_is_a_usage_error() -> None:
    https = ["--endpoints", "https://127.0.0.1:1"]
    for arguments, sentence in (
        (["--endpoints", "localhost"], "is no address; write it as http://HOST:PORT"),
        (["--cacert", "/nowhere/ca.pem"], "a certificate is of use only with https"),
        (["--cacert", "/nowhere/ca.pem", *https], "/nowhere/ca.pem: No such file or directory"),
        (["--cert", "/nowhere/c.pem", *https], "a certificate is of use only with its key"),
    ):
        done = kv("get", "x", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert sentence in done.stderr
    done = kv("get", "x", "--rev", str(2**63))
    assert done.returncode == 2
    assert "--rev" in done.stderr
