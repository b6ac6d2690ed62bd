"""A client of etcd's v3 API: ours or a real etcd's servers, whichever of them answers."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from raftproof.impl.server.addresses import address_of
from raftproof.impl.server.errors import ApiError, CannotStart
from raftproof.impl.server.methods import METHODS, PACKAGE
from raftproof.impl.server.settings import Certificates
from raftproof.impl.server.tls import channel_credentials

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Client:
    """Calls go to one server, and to the next only if the first certainly did not take the request."""

    def __init__(self, urls: Sequence[str], certificates: Certificates) -> None:
        """Raises CannotStart for an address or a certificate that cannot be."""
        if not urls:
            raise CannotStart("no endpoint; name one as http://HOST:PORT")
        self._channels = [_channel(url, certificates) for url in urls]
        self._first = 0
        self._calls: dict[tuple[int, str], Any] = {}

    async def call(self, service: str, method: str, request: Message, timeout: float = 10.0) -> Any:
        """The response; raises ApiError."""
        for step in range(len(self._channels)):
            place = (self._first + step) % len(self._channels)
            try:
                response = await self._call(place, service, method)(request, timeout=timeout)
            except grpc.aio.AioRpcError as error:
                if _not_taken(error) and step + 1 < len(self._channels):
                    continue
                raise ApiError(error.code(), error.details() or error.code().name) from None
            self._first = place
            return response
        raise AssertionError("there is at least one server")

    def _call(self, place: int, service: str, method: str) -> Any:
        path = f"/{PACKAGE}.{service}/{method}"
        call = self._calls.get((place, path))
        if call is None:
            _, request, response = METHODS[service][method]
            call = self._channels[place].unary_unary(path, request.SerializeToString, response.FromString)
            self._calls[place, path] = call
        return call

    async def __aenter__(self) -> Client:
        """Connections are made when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        for channel in self._channels:
            await channel.close(None)


def _not_taken(error: grpc.aio.AioRpcError) -> bool:
    """No connection was made, or the server had no leader to give the request to."""
    details = error.details() or ""
    unavailable = error.code() is grpc.StatusCode.UNAVAILABLE
    return unavailable and (details == "etcdserver: no leader" or "failed to connect" in details.lower())


def _channel(url: str, certificates: Certificates) -> grpc.aio.Channel:
    host, port = address_of(url)
    if url.startswith("https:"):
        return grpc.aio.secure_channel(f"{host}:{port}", channel_credentials(certificates), options=_OPTIONS)
    if certificates != Certificates():
        raise CannotStart(f"{url}: a certificate is of use only with https")
    return grpc.aio.insecure_channel(f"{host}:{port}", options=_OPTIONS)
