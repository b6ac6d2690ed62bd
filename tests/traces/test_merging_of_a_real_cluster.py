"""Real servers write traces, are killed, start again; their files, put together, tell one story, and it is Raft."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from raftproof.traces.linearizability import Call, check
from raftproof.traces.merging import LIFE_BITS
from tests.impl.server.kills import Killing
from tests.impl.server.processes import Cluster, free_ports, traced_command
from tests.traces.test_merging import assert_could_have_been, by_server, mark_of, merged

pytestmark = pytest.mark.slow


def read(path: Path) -> list[dict[str, Any]]:
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert all(line["caller"] == "raftproof" for line in lines)
    return [{**line["event"], "ts": line["ts"]} for line in lines]


def conform(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from raftproof.commands import main; main()", "conform", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_servers_that_are_killed_leave_traces_that_fit_together_and_are_raft(tmp_path: Path) -> None:
    with Cluster(traced_command, 3, tmp_path) as cluster:
        report = asyncio.run(Killing(cluster, seed=2).run(kills=3))
    assert report.lost == []
    history = [Call(op.client, op.key, op.kind, op.called, op.returned, op.value) for op in report.history]
    assert check(history).verdict == "linearizable"
    logs = [read(tmp_path / f"s{number}.ndjson") for number in (1, 2, 3)]
    found = merged(logs)
    assert sorted(map(len, by_server(found).values())) == sorted(map(len, logs))
    received = assert_could_have_been(found)
    assert received > 1000, "what a killed server had sent is in its file, though nobody asked it to close"
    assert sum(event["name"] == "InitState" for event in found) == 3 + report.kills
    lives = {(mark.server, mark.sends >> LIFE_BITS) for event in found if (mark := mark_of(event)).sends}
    assert len(lives) > 3, "a number is an identity across the lives of a server"
    for log in logs:
        names = [event["name"] for event in log[:12]]
        assert names[:4] == ["InitState", "ApplyConfChange", "BecomeFollower", "BecomeFollower"]
        assert log[3]["state"]["term"] == 1, "founded"
    files = [str(tmp_path / f"s{number}.ndjson") for number in (1, 2, 3)]
    done = conform("--strict", *files)
    assert done.returncode == 0, done.stdout
    assert "accepted" in done.stdout
    lines = Path(files[0]).read_bytes().splitlines(keepends=True)
    place = next(
        n for n, line in enumerate(lines) if b'"SendRequestVoteResponse"' in line and b'"reject":false' in line
    )
    lines[place] = lines[place].replace(b'"reject":false', b'"reject":true')
    Path(files[0]).write_bytes(b"".join(lines))
    done = conform(*files)
    assert done.returncode == 1
    assert f"s1.ndjson:{place + 1}: rejected: " in done.stdout


@pytest.mark.real("etcdctl")
def test_a_server_that_joins_learns_votes_and_is_removed_leaves_a_trace_that_fits(tmp_path: Path) -> None:
    with Cluster(traced_command, 3, tmp_path) as cluster:
        cluster.leader()
        client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        added = etcdctl(cluster, "member", "add", "s4", "--learner", f"--peer-urls={peer}")
        member, known = re.search(r"Member\s+(\w+) added", added), re.search(r'ETCD_INITIAL_CLUSTER="(.*)"', added)
        assert member is not None
        assert known is not None
        command = traced_command("s4", tmp_path / "s4", client, peer, known[1])
        with (tmp_path / "s4.out").open("wb") as output:
            process = subprocess.Popen([*command, "--initial-cluster-state", "existing"], stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + 30
            while "promoted" not in etcdctl(cluster, "member", "promote", member[1]) and time.monotonic() < deadline:
                time.sleep(0.2)
            cluster.kill(place := cluster.leader_place())
            assert "OK" in etcdctl(cluster, "put", "led by", "another")
            cluster.start(place)
            # Any of the four may lead now.
            assert "OK" in etcdctl(cluster, "put", "led by", "any")
            assert "removed" in etcdctl(cluster, "member", "remove", member[1])
            assert process.wait(20) == 4
        finally:
            process.kill()
            process.wait()
    done = conform("--strict", *(str(tmp_path / f"s{number}.ndjson") for number in (1, 2, 3, 4)))
    assert done.returncode == 0, done.stdout
    shown = {tuple(event["conf"][0]) for event in read(tmp_path / "s1.ndjson")}
    assert {len(voters) for voters in shown} >= {3, 4}, "it voted for a while"


def etcdctl(cluster: Cluster, *words: str) -> str:
    """What it says, whether it succeeds or not."""
    command = ["etcdctl", "--endpoints=" + ",".join(cluster.client_urls), "--command-timeout=10s", *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ETCDCTL_API": "3"})
    return done.stdout + done.stderr
