"""The door for clients: many calls at a time, and what is refused before the server sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from raftproof.impl.server.client import Client
from raftproof.impl.server.clients import serve_clients
from raftproof.impl.server.errors import ApiError, CannotStart
from raftproof.impl.server.proto import rpc_pb2 as pb
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import Certificates, ServerSettings
from tests.impl.server.processes import free_ports


@asynccontextmanager
async def serving(directory: Path, host: str) -> AsyncIterator[Server]:
    client, peer = (f"http://{host}:{port}" for port in free_ports(2))
    server = Server(ServerSettings("s1", str(directory / "s1"), client_url=client, peer_url=peer))
    await server.start()
    listener = await serve_clients(server)
    try:
        yield server
    finally:
        await listener.stop(0.1)
        await server.stop()


def test_many_calls_at_a_time_and_refusals(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(tmp_path, "127.0.0.1") as server:
            async with Client([server.settings.client_url], Certificates()) as client:
                puts = (client.call("KV", "Put", pb.PutRequest(key=b"%d" % n, value=b"v" * 20_000)) for n in range(300))
                assert len({response.header.revision for response in await asyncio.gather(*puts)}) == 300
                everything = await client.call("KV", "Range", pb.RangeRequest(key=b"\0", range_end=b"\0"))
                assert sum(len(kv.value) for kv in everything.kvs) == 300 * 20_000
                with pytest.raises(ApiError) as refused:
                    await client.call("KV", "Put", pb.PutRequest(key=b"big", value=bytes(3_000_000)))
                assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
            async with grpc.aio.insecure_channel(server.settings.client_url.removeprefix("http://")) as channel:
                for path, code in (
                    ("/etcdserverpb.Lease/LeaseGrant", grpc.StatusCode.UNIMPLEMENTED),
                    ("/etcdserverpb.KV/Put", grpc.StatusCode.INTERNAL),
                ):
                    with pytest.raises(grpc.aio.AioRpcError) as failed:
                        await channel.unary_unary(path, None, None)(b"\xff is no message")
                    assert failed.value.code() is code
                watch = channel.stream_stream("/etcdserverpb.Watch/Watch", None, None)(iter([b""]))
                with pytest.raises(grpc.aio.AioRpcError) as failed:
                    await watch.read()
                assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
                assert failed.value.details() == "raftproof does not serve /etcdserverpb.Watch/Watch"
            with pytest.raises(CannotStart, match=r"cannot listen for clients: .*address already in use"):
                await serve_clients(server)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("client", "peer", "found"),
    [
        ("http://10.0.0.1:2379", "http://10.0.0.2:2380", "http://10.0.0.1:2379"),
        ("https://0.0.0.0:2379", "http://10.0.0.2:2380", "https://10.0.0.2:2379"),
        ("http://[::]:2379", "http://[fd00::2]:2380", "http://[fd00::2]:2379"),
    ],
)
def test_members_are_told_an_address_at_which_a_server_is_found(client: str, peer: str, found: str) -> None:
    assert ServerSettings("s1", "data", client_url=client, peer_url=peer).found_at == found


def test_an_address_of_ipv6(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            serving(tmp_path, "[::1]") as server,
            grpc.aio.insecure_channel(server.settings.client_url.removeprefix("http://")) as channel,
        ):
            put = channel.unary_unary("/etcdserverpb.KV/Put", None, pb.PutResponse.FromString)
            assert (await put(pb.PutRequest(key=b"a").SerializeToString())).header.revision == 2

    asyncio.run(scenario())


def test_whichever_listener_the_kernel_gives_a_connection_to_answers_it(tmp_path: Path) -> None:
    async def put(address: str, number: int) -> int:
        own = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
        async with grpc.aio.insecure_channel(address, options=own) as channel:
            call = channel.unary_unary("/etcdserverpb.KV/Put", None, pb.PutResponse.FromString)
            response: pb.PutResponse = await call(pb.PutRequest(key=b"%d" % number).SerializeToString())
            return response.header.revision

    async def scenario() -> None:
        async with serving(tmp_path, "127.0.0.1") as server:
            address = server.settings.client_url.removeprefix("http://")
            revisions = await asyncio.gather(*(put(address, number) for number in range(64)))
            assert sorted(revisions) == list(range(2, 66))

    asyncio.run(scenario())
