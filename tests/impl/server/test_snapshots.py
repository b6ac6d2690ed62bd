"""Snapshots in real processes: a server that was away too long is sent one, and all restart from theirs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from raftproof.impl.server.client import Client
from raftproof.impl.server.proto import rpc_pb2 as pb
from raftproof.impl.server.settings import Certificates
from tests.impl.server.processes import Cluster, raftproof_command

pytestmark = pytest.mark.slow


def often(name: str, directory: Path, client_url: str, peer_url: str, cluster: str) -> list[str]:
    return [*raftproof_command(name, directory, client_url, peer_url, cluster), "--snapshot-count", "100"]


async def put(cluster: Cluster, first: int, last: int) -> None:
    async with Client(cluster.client_urls, Certificates()) as client:
        requests = [pb.PutRequest(key=b"%d" % n, value=b"v" * 100) for n in range(first, last)]
        await asyncio.gather(*(client.call("KV", "Put", request) for request in requests))


async def hashes(cluster: Cluster) -> list[tuple[int, int]]:
    found = []
    for url in cluster.client_urls:
        async with Client([url], Certificates()) as client:
            response = await client.call("Maintenance", "HashKV", pb.HashKVRequest())
            found.append((response.header.revision, response.hash))
    return found


def wait_until_equal(cluster: Cluster) -> tuple[int, int]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found = asyncio.run(hashes(cluster))
        if len(set(found)) == 1:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_server_that_was_away_is_sent_a_snapshot_and_all_restart_from_theirs(tmp_path: Path) -> None:
    with Cluster(often, 3, tmp_path) as cluster:
        away = (cluster.leader_place() + 1) % 3
        asyncio.run(put(cluster, 0, 50))
        cluster.kill(away)
        asyncio.run(put(cluster, 50, 500))
        cluster.start(away)
        cluster.leader_place()
        assert wait_until_equal(cluster)[0] == 501
        assert "loaded a snapshot" in cluster.output(away)
        for place in range(3):
            cluster.kill(place)
        for place in range(3):
            log = tmp_path / f"s{place + 1}" / "log"
            assert len(list(log.glob("*.snap"))) == 1
            assert len(list(log.glob("*.wal"))) <= 3
            cluster.start(place)
        cluster.leader_place()
        asyncio.run(put(cluster, 500, 510))
        assert wait_until_equal(cluster)[0] == 511
