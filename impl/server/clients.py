"""The server's door for clients: the methods of the Api over grpc.aio (docs/adr/grpc.md).

There are several gRPC servers on one port, in one event loop; the kernel gives each connection to one of them. A
grpc.aio server takes one call at a time: it asks the library's threads for the next only after a turn of the loop,
and the answer takes another turn, however many calls have arrived. With several of them a turn takes several calls,
and fewer turns are half of what a call costs under load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from raftproof.impl.kv import Refused
from raftproof.impl.server.addresses import address_of, ask_for_port
from raftproof.impl.server.api import Api
from raftproof.impl.server.errors import ApiError, CannotStart, not_served, status_of
from raftproof.impl.server.methods import METHODS, PACKAGE
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import MAX_REQUEST_BYTES
from raftproof.impl.server.tls import server_credentials

_LISTENERS = 16

_OPTIONS = [
    ("grpc.so_reuseport", 1),  # for the listeners of this server; a stranger on the port is found by ask_for_port
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES + 512 * 1024),  # etcd's margin for the envelope
    ("grpc.max_send_message_length", -1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),  # etcd's, for clients that ask whether it lives
    ("grpc.keepalive_permit_without_calls", 1),
]

Handler = Callable[[bytes, grpc.aio.ServicerContext[Any, Any]], Awaitable[Message]]


class ClientListeners:
    """What listens for clients."""

    def __init__(self, listeners: list[grpc.aio.Server]) -> None:
        self._listeners = listeners

    async def stop(self, grace: float | None) -> None:
        """Take no more calls, and give those under way this many seconds."""
        await asyncio.gather(*(listener.stop(grace) for listener in self._listeners))


async def serve_clients(server: Server) -> ClientListeners:
    """Listen for clients; raises CannotStart where the port is taken."""
    url, certificates = server.settings.client_url, server.settings.client_certificates
    host, port = address_of(url)
    await ask_for_port(url, "clients")  # gRPC would not tell the system's reason
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    handlers, listeners = _handlers(Api(server)), []
    for _ in range(_LISTENERS):
        listener = grpc.aio.server(handlers=handlers, options=_OPTIONS)
        try:
            if url.startswith("https:"):
                listener.add_secure_port(address, server_credentials(certificates))
            else:
                listener.add_insecure_port(address)
        except RuntimeError as error:
            raise CannotStart(f"{url}: cannot listen for clients: {error}") from None
        listeners.append(listener)
    for listener in listeners:
        await listener.start()
    return ClientListeners(listeners)


def _handlers(api: Api) -> list[grpc.GenericRpcHandler[Any, Any]]:
    """The methods of the Api, by their names in the protocol."""
    return [
        grpc.method_handlers_generic_handler(
            f"{PACKAGE}.{service}",
            {
                name: grpc.unary_unary_rpc_method_handler(
                    _handler(getattr(api, function), request.FromString), response_serializer=response.SerializeToString
                )
                for name, (function, request, response) in methods.items()
            },
        )
        for service, methods in METHODS.items()
    ] + [_NotServed()]


class _NotServed(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # it takes arguments only when checked
    """Every method that no handler before this one has: gRPC would not say which it was."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        """Whether a call is a stream makes no difference to a refusal."""
        failure = not_served(handler_call_details.method)

        async def refuse(_: object, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            await context.abort(failure.code, failure.message)

        return grpc.stream_stream_rpc_method_handler(refuse)


def _handler(method: Callable[[Any], Awaitable[Message]], decode: Callable[[bytes], Any]) -> Handler:
    """A method of the Api; what it raises becomes the status of the call. Bytes are decoded here, because gRPC would
    take those that are no request for a defect of the server."""

    async def handle(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Message:
        try:
            return await method(decode(request))
        except DecodeError:
            failure = ApiError(grpc.StatusCode.INTERNAL, "grpc: the request cannot be read")
        except Refused as refused:
            failure = status_of(refused)
        except ApiError as error:
            failure = error
        await context.abort(failure.code, failure.message)
        raise failure  # not reached: abort raises

    return handle
