"""`raftproof kv`: get, put and del, on our servers or a real etcd's."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from google.protobuf.message import Message

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Talk to a cluster: get, put, del.")

Endpoints = Annotated[str, typer.Option(help="Client URLs, separated by commas.")]
Cacert = Annotated[str, typer.Option(help="The authority that the server's certificate must be of.")]
Cert = Annotated[str, typer.Option(help="The certificate to show.")]
Key = Annotated[str, typer.Option(help="Its key.")]
Prefix = Annotated[bool, typer.Option("--prefix", help="Every key that begins so.")]
_HERE = "http://127.0.0.1:2379"
_MOST = 2**63 - 1  # of what a request can name


@app.command()
def get(
    key: str,
    prefix: Prefix = False,
    rev: Annotated[int, typer.Option(min=0, max=_MOST, help="As of this revision; 0: as of now.")] = 0,
    limit: Annotated[int, typer.Option(min=0, max=_MOST, help="At most so many keys; 0: all.")] = 0,
    endpoints: Endpoints = _HERE,
    cacert: Cacert = "",
    cert: Cert = "",
    key_file: Key = "",
) -> None:
    """Print keys and their values, each on a line of its own."""
    from raftproof.impl.server.proto import rpc_pb2

    start, end = _range(key, prefix)
    request = rpc_pb2.RangeRequest(key=start, range_end=end, revision=rev, limit=limit)
    for kv in _call("Range", request, endpoints, cacert, cert, key_file).kvs:
        sys.stdout.buffer.write(kv.key + b"\n" + kv.value + b"\n")
    sys.stdout.flush()


@app.command()
def put(
    key: str,
    value: str,
    endpoints: Endpoints = _HERE,
    cacert: Cacert = "",
    cert: Cert = "",
    key_file: Key = "",
) -> None:
    """Write a key; prints the revision that did."""
    from raftproof.impl.server.proto import rpc_pb2

    request = rpc_pb2.PutRequest(key=os.fsencode(key), value=os.fsencode(value))
    typer.echo(f"revision {_call('Put', request, endpoints, cacert, cert, key_file).header.revision}")


@app.command("del")
def delete(
    key: str,
    prefix: Prefix = False,
    endpoints: Endpoints = _HERE,
    cacert: Cacert = "",
    cert: Cert = "",
    key_file: Key = "",
) -> None:
    """Delete keys; prints how many there were."""
    from raftproof.impl.server.proto import rpc_pb2

    start, end = _range(key, prefix)
    request = rpc_pb2.DeleteRangeRequest(key=start, range_end=end)
    typer.echo(_call("DeleteRange", request, endpoints, cacert, cert, key_file).deleted)


def _range(key: str, prefix: bool) -> tuple[bytes, bytes]:
    """The end of a prefix is the first key behind all that begin so; of the empty prefix, no end."""
    start = os.fsencode(key)
    if not prefix:
        return start, b""
    stem = start.rstrip(b"\xff")
    end = stem[:-1] + bytes([stem[-1] + 1]) if stem else b"\0"
    return start or b"\0", end


def _call(method: str, request: Message, endpoints: str, cacert: str, cert: str, key: str) -> Any:
    from raftproof.impl.server.client import Client
    from raftproof.impl.server.errors import ApiError, CannotStart
    from raftproof.impl.server.settings import Certificates

    async def call() -> Any:
        async with Client(endpoints.split(","), Certificates(cert, key, cacert)) as client:
            return await client.call("KV", method, request)

    try:
        return asyncio.run(call())
    except ApiError as error:
        typer.echo(f"raftproof kv: {endpoints}: {error}", err=True)
        raise typer.Exit(3 if error.is_unavailable else 2) from None
    except CannotStart as error:
        typer.echo(f"raftproof kv: {error}", err=True)
        raise typer.Exit(2) from None
