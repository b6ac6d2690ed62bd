"""What a server says when it cannot start or go on: one sentence, exit code 4, nothing lost."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from raftproof.impl.server.client import Client
from raftproof.impl.server.errors import ApiError
from raftproof.impl.server.proto import rpc_pb2 as pb
from raftproof.impl.server.settings import Certificates
from tests.impl.server.processes import Cluster, free_ports, raftproof_command, traced_command

pytestmark = pytest.mark.slow


def serve(*arguments: str, limit: int = resource.RLIM_INFINITY) -> str:
    """Start a server that does not start; its one sentence. No file may grow beyond the limit, as on a full disk."""
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    program += "from raftproof.commands import main; main()"
    command = [sys.executable, "-B", "-c", program, "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("raftproof serve: ")]
    return sentence.removeprefix("raftproof serve: ")


class Stopped:
    """The data of a server that ran once, and how it was started."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        with Cluster(raftproof_command, 1, directory) as cluster:
            cluster.leader()
            self.peer = cluster.peer_urls[0]
        self.data = directory / "s1"
        self.arguments = ["--name", "s1", "--data-dir", str(self.data), "--listen-peer-urls", self.peer]
        self.arguments += ["--listen-client-urls", f"http://127.0.0.1:{free_ports(1)[0]}"]
        self.segment = sorted((self.data / "log").glob("*.wal"))[-1]


@pytest.fixture
def stopped(tmp_path: Path) -> Stopped:
    return Stopped(tmp_path)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        free = f"http://127.0.0.1:{free_ports(1)[0]}"
        for client, peer, what in ((url, free, "clients"), (free, url, "peers")):
            said = serve("--data-dir", str(tmp_path / what), "--listen-client-urls", client, "--listen-peer-urls", peer)
            assert said.startswith(f"{url}: cannot listen for {what}")
            assert said.endswith("is another server running there?")


def test_a_directory_of_another_member_cluster_or_program(stopped: Stopped, tmp_path: Path) -> None:
    others = [*stopped.arguments, "--name", "s2"]
    assert f"{stopped.data} belongs to the server s1, and this is the server s2" in serve(*others)
    others = [*stopped.arguments, "--initial-cluster-token", "another"]
    assert "belongs to the cluster raftproof-cluster, and this is the cluster another" in serve(*others)
    (stopped.data / "log" / "mail.txt").write_text("hello")
    assert "log holds mail.txt, which is no part of a log" in serve(*stopped.arguments)


def test_the_log_of_another_member(stopped: Stopped, tmp_path: Path) -> None:
    other = Stopped(tmp_path / "other")
    for file in (stopped.data / "log").iterdir():
        file.unlink()
    for file in (other.data / "log").iterdir():
        (stopped.data / "log" / file.name).write_bytes(file.read_bytes())
    assert "give each server its own data directory" in serve(*stopped.arguments)


def test_a_log_that_is_missing(stopped: Stopped) -> None:
    """A server that begins anew under its old name could vote a second time in a term (§5.2)."""
    for file in (stopped.data / "log").iterdir():
        file.unlink()
    assert "the log is missing, and with it what server" in serve(*stopped.arguments)
    (stopped.data / "log").rmdir()
    assert "the log is missing, and with it what server" in serve(*stopped.arguments)


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "one" / "member.json").mkdir(parents=True)
    said = serve("--data-dir", str(tmp_path / "one"))
    assert said == f"{tmp_path}/one/member.json: Is a directory; mend that, or use a new directory"
    (tmp_path / "file").touch()
    assert "name a directory that can be written" in serve("--data-dir", str(tmp_path / "file"))
    said = serve("--data-dir", str(tmp_path / "full"), limit=10)
    assert said == f"{tmp_path}/full: member.json cannot be written: File too large; mend the disk"


def test_a_half_written_log_is_cut_and_a_damaged_one_refused(stopped: Stopped) -> None:
    whole = stopped.segment.read_bytes()
    stopped.segment.write_bytes(whole[:-5])
    peer, client = stopped.peer, stopped.arguments[-1]
    command = raftproof_command("s1", stopped.data, client, peer, f"s1={peer}")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any("leads term" in line for line in process.stderr)  # it starts, and leads again
    process.kill()
    process.communicate()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    stopped.segment.write_bytes(bytes(damaged))
    said = serve(*stopped.arguments)
    assert said.startswith(f"{stopped.segment}: offset ")
    assert "must not vote with it: keep a copy of its directory" in said
    assert stopped.segment.read_bytes() == bytes(damaged)  # nothing was touched
    stopped.segment.write_bytes(b"\x08\x01 no log at all \xff" * 10)
    assert "no log of raftproof" in serve(*stopped.arguments)


def test_a_directory_in_use(tmp_path: Path) -> None:
    with Cluster(raftproof_command, 1, tmp_path) as cluster:
        cluster.leader()
        said = serve("--name", "s1", "--data-dir", str(tmp_path / "s1"), "--listen-peer-urls", cluster.peer_urls[0])
        assert "is in use by a server that runs" in said


async def put(url: str, many: int) -> int:
    """Put so many keys, or until one fails; how many were acknowledged."""
    async with Client([url], Certificates()) as client:
        for number in range(many):
            try:
                await client.call("KV", "Put", pb.PutRequest(key=b"%04d" % number, value=b"v" * 100), timeout=3)
            except ApiError:
                return number
    return many


async def count(url: str) -> int:
    """How many of them are there."""
    async with Client([url], Certificates()) as client:
        request = pb.RangeRequest(key=b"0", range_end=b"1", count_only=True)
        return int((await client.call("KV", "Range", request)).count)


def test_a_disk_that_fills_up_stops_the_server_and_loses_nothing(tmp_path: Path) -> None:
    """A limit on the size of a file stands in for the end of the disk: the write that crosses it fails half done."""
    with Cluster(raftproof_command, 1, tmp_path) as cluster:
        cluster.leader()
        process = cluster.processes[0]
        assert process is not None
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_001, 20_001))
        acknowledged = asyncio.run(put(cluster.client_urls[0], 1000))
        assert 50 < acknowledged < 1000
        assert process.wait(10) == 4
        (sentence,) = [line for line in cluster.output(0).splitlines() if line.startswith("raftproof serve: ")]
        assert "the log cannot be written: File too large; the server stops" in sentence
        assert "Traceback" not in cluster.output(0)
        cluster.start(0)
        cluster.leader()
        assert asyncio.run(count(cluster.client_urls[0])) == acknowledged


SYNC_FAILS = """
import errno, os, sys
from raftproof.commands import main
sync = os.fdatasync
def fail_when_asked(descriptor):
    if os.path.exists({flag!r}):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    sync(descriptor)
os.fdatasync = fail_when_asked
main()
"""


def test_a_sync_that_fails_stops_the_server_and_loses_nothing(tmp_path: Path) -> None:
    """A real server whose fdatasync reports an error from some moment on."""
    flag = tmp_path / "fail"

    def command(*words: str | Path) -> list[str]:
        python, _, _, *arguments = raftproof_command(*map(str, words))
        return [python, "-c", SYNC_FAILS.format(flag=str(flag)), *arguments]

    with Cluster(command, 1, tmp_path) as cluster:
        cluster.leader()
        url, process = cluster.client_urls[0], cluster.processes[0]
        assert process is not None
        assert asyncio.run(put(url, 3)) == 3
        flag.touch()
        assert asyncio.run(put(url, 1)) == 0
        assert process.wait(10) == 4
        (sentence,) = [line for line in cluster.output(0).splitlines() if line.startswith("raftproof serve: ")]
        assert "the log cannot be written: Input/output error; the server stops" in sentence
        assert "Traceback" not in cluster.output(0)
        flag.unlink()
        cluster.start(0)
        cluster.leader()
        assert asyncio.run(count(url)) >= 3


def test_a_trace_that_cannot_be_written_stops_the_server_at_once_or_later(tmp_path: Path) -> None:
    said = serve("--data-dir", str(tmp_path / "data"), "--trace", str(tmp_path / "nowhere" / "s1.ndjson"))
    assert said.endswith("s1.ndjson: No such file or directory; name a file that can be written after --trace")
    with Cluster(traced_command, 1, tmp_path) as cluster:
        cluster.leader()
        process = cluster.processes[0]
        assert process is not None
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_001, 20_001))
        asyncio.run(put(cluster.client_urls[0], 1000))
        assert process.wait(10) == 4
        (sentence,) = [line for line in cluster.output(0).splitlines() if line.startswith("raftproof serve: ")]
        assert "s1.ndjson: File too large; a server that is watched stops rather than leave a gap" in sentence
        assert "Traceback" not in cluster.output(0)


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    data = ["--data-dir", str(tmp_path / "data")]
    assert "is no address; write it as http://HOST:PORT" in serve(*data, "--listen-peer-urls", "localhost")
    assert "write NAME=URL,NAME=URL" in serve(*data, "--initial-cluster", "nonsense")
    assert "does not name this server" in serve(*data, "--initial-cluster", "x=http://127.0.0.1:1")
    own = "default=http://127.0.0.1:2380"
    said = serve(*data, "--listen-peer-urls", "http://192.0.2.1:2380")  # of no machine
    assert said.endswith("cannot assign requested address; name an address of this machine")
    assert not (tmp_path / "data" / "member.json").exists()  # or the mistake could not be mended
    assert "https needs a certificate" in serve(*data, "--listen-client-urls", "https://127.0.0.1:1")
    missing = ["--cert-file", "/nowhere/c.pem", "--key-file", "/nowhere/k.pem"]
    said = serve(*data, "--listen-client-urls", f"https://127.0.0.1:{free_ports(1)[0]}", *missing)
    assert "/nowhere/c.pem" in said
    assert "No such file" in said
    assert "names no other server" in serve(*data, "--initial-cluster", own, "--initial-cluster-state", "existing")
    joining = ["--initial-cluster", "default=http://127.0.0.1:2380,s1=http://127.0.0.1:9", "--initial-cluster-state"]
    assert "no member of the cluster answers: http://127.0.0.1:9" in serve(*data, *joining, "existing")
