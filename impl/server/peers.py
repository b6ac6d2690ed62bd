"""Servers talk to each other: framed TCP, each server dialling every other; what is lost, Raft sends again.

    a frame                 length u32 | payload, in msgpack
    a dialled connection    ▶ Hello  ◀ Answer  ▶ list of messages  ▶ list of messages …

A connection carries messages one way only, so that two servers need not agree on which of two connections to keep. The
Hello names cluster, sender and receiver: a server of another cluster, or one that was removed, is refused with a
reason. Sender 0 is one that wants to join and asks who the members are.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
from collections.abc import Callable, Container, Iterable
from typing import cast

import msgspec

from raftproof.impl.core import Message
from raftproof.impl.server.addresses import address_of, cannot_listen
from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.machine import Member

log = logging.getLogger("raftproof.server")

_LENGTH = struct.Struct(">I")
_MAX_FRAME = 1 << 30
_MAX_HELLO = 1 << 16
_MAX_UNSENT = 64 << 20  # beyond this many bytes that a peer does not take, messages to it are dropped
_REDIAL_SECONDS = 0.1
_REFUSED_SECONDS = 1.0
_HELLO_SECONDS = 5.0
PROTOCOL = 1


class Hello(msgspec.Struct, array_like=True):
    """The first frame of whoever dials."""

    protocol: int
    cluster: int
    source: int
    dest: int


class Answer(msgspec.Struct, array_like=True):
    """The only frame of whoever is dialled."""

    cluster: int
    members: tuple[Member, ...] = ()
    refusal: str = ""
    removed: bool = False


class Refusal(msgspec.Struct):
    """Why a peer is refused."""

    reason: str
    removed: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode_messages = msgspec.msgpack.Decoder(list[Message]).decode
_decode_hello = msgspec.msgpack.Decoder(Hello).decode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode


class Frames(asyncio.Protocol):
    """Cuts what arrives into frames."""

    def __init__(
        self,
        take: Callable[[Frames, bytes], None],
        lost: Callable[[Frames], None],
        limit: int,
        made: Callable[[Frames], None] | None = None,
    ) -> None:
        self._take, self._lost, self._made, self.limit = take, lost, made, limit
        self._buffer = bytearray()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one too, but does not say so
        if self._made is not None:
            self._made(self)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= 4:
            end = start + 4 + _LENGTH.unpack_from(buffer, start)[0]
            if end - start > self.limit:
                log.warning("a connection from %s is closed: what it sends is no frame", self.peer())
                self.transport.abort()
                return
            if len(buffer) < end:
                break
            self._take(self, bytes(buffer[start + 4 : end]))
            start = end
        if start:
            del buffer[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)

    def send(self, payload: bytes) -> None:
        """One frame; nothing if the connection is lost, whose loss is told a turn of the loop later."""
        if not self.transport.is_closing():  # uvloop raises where asyncio's own loop is silent
            self.transport.write(_LENGTH.pack(len(payload)) + payload)

    def peer(self) -> str:
        """Who is at the other end, for a message."""
        return str(self.transport.get_extra_info("peername"))


class Listener:
    """Takes connections of other servers."""

    def __init__(
        self,
        judge: Callable[[Hello], Refusal | None],
        answer: Callable[[], Answer],
        receive: Callable[[list[Message]], None],
    ) -> None:
        self._judge, self._answer, self._receive = judge, answer, receive
        self._open: dict[Frames, int] = {}
        """The connections, and who is at the other end; 0 until it has said so."""
        self._server: asyncio.Server | None = None

    async def start(self, url: str, context: ssl.SSLContext | None) -> None:
        """Listen; raises CannotStart where the port is taken."""
        host, port = address_of(url)
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connection, host, port, ssl=context)
        except OSError as error:
            raise cannot_listen(url, "peers", error) from None

    def _connection(self) -> Frames:
        # It counts as open once it is made: one that fails in TLS' handshake never is, and nothing tells its loss.
        return Frames(self._hello, self._lost, _MAX_HELLO, self._made)

    def _made(self, frames: Frames) -> None:
        self._open[frames] = 0

    def _lost(self, frames: Frames) -> None:
        del self._open[frames]

    def _hello(self, frames: Frames, payload: bytes) -> None:
        try:
            hello = _decode_hello(payload)
        except msgspec.DecodeError:
            log.warning("a connection from %s is closed: it does not begin as a server's does", frames.peer())
            frames.transport.abort()
            return
        refusal = self._judge(hello)
        answer = self._answer()
        if refusal is not None:
            log.warning("server %x at %s is refused: %s", hello.source, frames.peer(), refusal.reason)
            answer.refusal, answer.removed = refusal.reason, refusal.removed
        frames.send(_encode(answer))
        if refusal is not None or not hello.source:
            frames.transport.close()
            return
        self._open[frames] = hello.source
        frames.limit = _MAX_FRAME
        frames._take = self._messages

    def _messages(self, frames: Frames, payload: bytes) -> None:
        try:
            messages = _decode_messages(payload)
        except msgspec.DecodeError as error:
            log.warning("a connection from %s is closed: %s", frames.peer(), error)
            frames.transport.abort()
            return
        self._receive(messages)

    def hang_up(self, sources: Container[int]) -> None:
        """Take no more from these servers: they dial again, and are told why not."""
        for frames, source in self._open.items():
            if source in sources:
                frames.transport.close()

    async def stop(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
        for frames in list(self._open):
            frames.transport.abort()


class Link:
    """Dials one server for as long as it is a member, and sends to it."""

    def __init__(
        self, url: str, hello: Hello, context: ssl.SSLContext | None, refused: Callable[[Answer], None]
    ) -> None:
        self.url = url
        self._hello, self._context, self._refused = hello, context, refused
        self._frames: Frames | None = None
        self._task = asyncio.get_running_loop().create_task(self._dial_for_ever())

    @property
    def is_up(self) -> bool:
        """Whether there is a connection that the peer has accepted and that takes messages."""
        transport = self._frames.transport if self._frames is not None else None
        return transport is not None and not transport.is_closing() and transport.get_write_buffer_size() < _MAX_UNSENT

    def send(self, messages: list[Message]) -> bool:
        """Send, or say that there is no way to."""
        if not self.is_up or self._frames is None:
            return False
        self._frames.send(_encode(messages))
        return True

    async def _dial_for_ever(self) -> None:
        said = ""
        while True:
            wait = _REDIAL_SECONDS
            try:
                frames, answer, lost = await dial(self.url, self._hello, self._context)
                if answer.refusal:
                    self._refused(answer)
                    wait = _REFUSED_SECONDS
                    frames.transport.abort()
                else:
                    said = ""
                    self._frames = frames
                    await lost
            except (OSError, TimeoutError, CannotStart) as error:
                if str(error) != said and not isinstance(error, ConnectionError):
                    said = str(error)
                    log.warning("%s cannot be reached: %s", self.url, said or type(error).__name__)
            finally:
                self._frames = None
            await asyncio.sleep(wait)

    def stop(self) -> None:
        """Hang up."""
        self._task.cancel()
        if self._frames is not None:
            self._frames.transport.close()


async def dial(url: str, hello: Hello, context: ssl.SSLContext | None) -> tuple[Frames, Answer, asyncio.Future[None]]:
    """Connect and say hello: the connection, the answer, and a future that is done when the connection is lost."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()
    lost: asyncio.Future[None] = loop.create_future()

    def take(_: Frames, payload: bytes) -> None:
        if not answered.done():
            answered.set_result(payload)

    def lose(_: Frames) -> None:
        if not lost.done():
            lost.set_result(None)
        if not answered.done():
            answered.set_exception(ConnectionResetError("the connection was closed"))

    host, port = address_of(url)
    tls = context if url.startswith("https:") else None
    async with asyncio.timeout(_HELLO_SECONDS):
        _, frames = await loop.create_connection(lambda: Frames(take, lose, _MAX_FRAME), host, port, ssl=tls)
        if frames.transport.is_closing():
            raise ConnectionResetError("the connection was closed")
        _notice_silence(frames.transport)
        frames.send(_encode(hello))
        try:
            return frames, _decode_answer(await answered), lost
        except msgspec.DecodeError:
            frames.transport.abort()
            raise CannotStart(f"{url} does not answer as a server does; is it a client port?") from None


def _notice_silence(transport: asyncio.Transport) -> None:
    """A peer that vanished without a word is noticed when it does not acknowledge, not a quarter of an hour later."""
    socket_ = transport.get_extra_info("socket")
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_HELLO_SECONDS * 1000))


async def ask_members(urls: Iterable[str], context: ssl.SSLContext | None) -> Answer:
    """The members of the cluster that one of these servers belongs to."""
    failures = []
    for url in urls:
        try:
            frames, answer, _ = await dial(url, Hello(PROTOCOL, 0, 0, 0), context)
            frames.transport.close()
            return answer
        except (OSError, TimeoutError, CannotStart) as error:
            failures.append(f"{url}: {error or type(error).__name__}")
    raise CannotStart("no member of the cluster answers: " + "; ".join(failures))
