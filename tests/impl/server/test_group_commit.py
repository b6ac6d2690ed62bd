"""What clients propose while the disk works shares the next write."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from raftproof.impl.kv import Put
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import ServerSettings
from raftproof.impl.wal.log import Batch
from tests.impl.server.processes import free_ports


def test_puts_that_come_one_by_one_during_a_write_share_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        server = Server(ServerSettings("s1", str(tmp_path / "s1"), client_url=client, peer_url=peer))
        await server.start()
        await server.requests.propose(Put(b"leader", b"there is one"))
        disk_works, writes, write = threading.Event(), [], server._wal.write

        def slow_write(batch: Batch) -> None:
            writes.append(batch)
            assert disk_works.wait(10)
            write(batch)

        monkeypatch.setattr(server._wal, "write", slow_write)
        puts = []
        for number in range(5):
            puts.append(server.requests.propose(Put(b"%d" % number, b"")))
            await asyncio.sleep(0.01)
        assert server.raft.log.last_index - server.raft.commit_index == 1
        disk_works.set()
        await asyncio.gather(*puts)
        assert len(writes) == 2
        await server.stop()

    asyncio.run(scenario())
