"""HTTP/2 as far as a server of short gRPC calls needs it (RFC 9113; gRPC over HTTP2).

Why not grpc.aio: it spends about 300 µs of CPU a call, six times what everything else that a put costs its leader, and
accepts one call a turn of the event loop (docs/adr/http2.md). A call here is one message each way:

    client   HEADERS (path)   DATA (5 bytes, message) END_STREAM
    server                    HEADERS (status 200)   DATA (5 bytes, message)   HEADERS (grpc-status) END_STREAM

HPACK is the `hpack` package's. A client repeats its headers, so after the first calls a block only names entries of
the decoder's table and leaves it as it is; what such a block means is remembered until another one changes the table.
What is written in one turn of the loop leaves in one piece.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

import hpack

from raftproof.impl.server.frames import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HAS_PRIORITY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    MESSAGE,
    NO_ERROR,
    NUMBER,
    PING,
    PREFACE,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    REFUSED_STREAM,
    RST_STREAM,
    SETTING,
    SETTINGS,
    WINDOW_UPDATE,
    ConnectionFailed,
    frame,
    literal,
    without_padding,
)

log = logging.getLogger("raftproof.server")

_DEFAULT_WINDOW = 65_535
_MOST_STREAMS = 10_000  # at a time, on one connection
_MOST_HEADER_BYTES = 1 << 16
_MOST_KNOWN = 64
_LARGEST_FRAME = 1 << 14
_CONNECTION_WINDOW = 1 << 26
_LARGEST_WINDOW = 2**31 - 1


class Status(NamedTuple):
    """How a call failed: gRPC's number and a sentence."""

    code: int
    message: str


OK, UNKNOWN, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 2, 8, 12, 13

Answer = Callable[[bytes], Awaitable["bytes | Status"]]
"""A method: from the request's bytes to the response's, or to a status."""

_RESPONSE = b"\x88" + literal("content-type", "application/grpc")
_SUCCESS = literal("grpc-status", "0")


class _Incoming:
    """A request of which something is still to come."""

    __slots__ = ("answer", "body")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.body = bytearray()


class _Outgoing:
    """A response of which the windows have not yet let everything pass."""

    __slots__ = ("rest", "stream")

    def __init__(self, stream: int, rest: bytes) -> None:
        self.stream = stream
        self.rest = memoryview(rest)


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, methods: Mapping[bytes, Answer], largest_message: int, opened: set[Connection]) -> None:
        """`opened` holds the connections that are open."""
        self._methods, self._largest_message, self._opened = methods, largest_message, opened
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._has_preface = False
        self._decoder = hpack.Decoder()
        self._known: dict[bytes, bytes] = {}  # header blocks that the table as it is gives a meaning to, and paths
        self._block: tuple[int, int, bytearray] | None = None  # a header block that CONTINUATION goes on with
        self._incoming: dict[int, _Incoming] = {}
        self._answering: dict[int, asyncio.Task[None]] = {}
        self._last_stream = 0
        self._received = 0  # bytes of DATA since the connection's window was last raised
        self._window = _DEFAULT_WINDOW  # what we may send on the connection
        self._initial_window = _DEFAULT_WINDOW  # what we may send on a new stream
        self._windows: dict[int, int] = {}  # what we may send on a stream, where that is not the initial window
        self._largest_frame = _LARGEST_FRAME
        self._blocked: deque[_Outgoing] = deque()
        self._out: list[bytes] = []
        self._is_stopping = False
        self._transport: asyncio.Transport

    # --- the connection -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._opened.add(self)
        settings = SETTING.pack(MAX_CONCURRENT_STREAMS, _MOST_STREAMS)
        settings += SETTING.pack(INITIAL_WINDOW_SIZE, 2 * self._largest_message)  # a request never waits for more
        self._write(frame(SETTINGS, 0, 0, settings))
        self._write(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(_CONNECTION_WINDOW - _DEFAULT_WINDOW)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._opened.discard(self)
        for task in self._answering.values():
            task.cancel()

    def stop(self) -> None:
        """Say that no further call is taken; calls under way may be answered."""
        self._is_stopping = True
        self._write(frame(GOAWAY, 0, 0, NUMBER.pack(self._last_stream) + NUMBER.pack(NO_ERROR)))
        self._flush()

    def close(self) -> None:
        """Now."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._receive(data)
        except ConnectionFailed as failed:
            log.warning("a client at %s is cut off: %s", self._transport.get_extra_info("peername"), failed)
            code = NUMBER.pack(failed.code)
            self._write(frame(GOAWAY, 0, 0, NUMBER.pack(self._last_stream) + code + str(failed).encode()))
            self._flush()
            self._transport.close()

    def _receive(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        if not self._has_preface:
            if not buffer.startswith(PREFACE[: len(buffer)]):
                raise ConnectionFailed(PROTOCOL_ERROR, "it does not speak HTTP/2")
            if len(buffer) < len(PREFACE):
                return
            self._has_preface, start = True, len(PREFACE)
        size = len(buffer)
        while size - start >= 9:
            high, low, kind, flags, stream = FRAME.unpack_from(buffer, start)
            length = high << 16 | low
            if length > _LARGEST_FRAME:
                raise ConnectionFailed(FRAME_SIZE_ERROR, "a frame is too long")
            end = start + 9 + length
            if size < end:
                break
            self._take(kind, flags, stream & _LARGEST_WINDOW, bytes(buffer[start + 9 : end]))
            start = end
        if start:
            del buffer[:start]

    def _write(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    # --- frames in ----------------------------------------------------------------------------------------------

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if self._block is not None and kind != CONTINUATION:
            raise ConnectionFailed(PROTOCOL_ERROR, "a header block is interrupted")
        if kind == DATA:
            self._take_data(flags, stream, payload)
        elif kind == HEADERS:
            block = without_padding(payload, flags)
            self._take_block(flags, stream, block[5:] if flags & HAS_PRIORITY else block)
        elif kind == CONTINUATION:
            self._continue_block(flags, stream, payload)
        elif kind == WINDOW_UPDATE:
            self._take_window(stream, payload)
        elif kind == SETTINGS:
            self._take_settings(flags, payload)
        elif kind == PING:
            if len(payload) != 8:
                raise ConnectionFailed(FRAME_SIZE_ERROR, "a ping is not 8 bytes long")
            if not flags & ACK:
                self._write(frame(PING, ACK, 0, payload))
        elif kind == RST_STREAM:
            self._forget(stream)
        elif kind == PUSH_PROMISE:
            raise ConnectionFailed(PROTOCOL_ERROR, "a client cannot push")

    def _take_block(self, flags: int, stream: int, block: bytes) -> None:
        if not stream & 1:
            raise ConnectionFailed(PROTOCOL_ERROR, "a client's streams have odd numbers")
        if not flags & END_HEADERS:
            self._block = (stream, flags, bytearray(block))
            return
        path = self._known.get(block)
        if path is None:
            path = self._decode(block)
        if stream <= self._last_stream:
            raise ConnectionFailed(PROTOCOL_ERROR, "a stream is opened twice")
        self._last_stream = stream
        self._open(stream, path, bool(flags & END_STREAM))

    def _continue_block(self, flags: int, stream: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != stream:
            raise ConnectionFailed(PROTOCOL_ERROR, "a continuation continues nothing")
        _, first_flags, block = self._block
        block += payload
        if len(block) > _MOST_HEADER_BYTES:
            raise ConnectionFailed(PROTOCOL_ERROR, "headers are too long")
        if flags & END_HEADERS:
            self._block = None
            self._take_block(first_flags | END_HEADERS, stream, bytes(block))

    def _decode(self, block: bytes) -> bytes:
        """The path of a header block; remembered if the block left the decoder's table as it was."""
        table = self._decoder.header_table
        before, entries = list(table.dynamic_entries)[:1], len(table.dynamic_entries)
        try:
            headers = self._decoder.decode(block, raw=True)
        except hpack.HPACKError as error:
            raise ConnectionFailed(COMPRESSION_ERROR, f"headers cannot be read: {error}") from None
        path = next((bytes(value) for name, value in headers if name == b":path"), b"")
        after = list(table.dynamic_entries)[:1]  # what enters the table enters here
        same = entries == len(table.dynamic_entries) and (not entries or before[0] is after[0])
        if not same or len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        if same:
            self._known[block] = path
        return path

    def _open(self, stream: int, path: bytes, is_all: bool) -> None:
        answer = self._methods.get(path)
        if self._is_stopping or len(self._answering) + len(self._incoming) >= _MOST_STREAMS:
            self._write(frame(RST_STREAM, 0, stream, NUMBER.pack(REFUSED_STREAM)))
        elif answer is None:
            self._refuse(stream, Status(UNIMPLEMENTED, f"unknown method {path.decode(errors='replace')}"), is_all)
        elif is_all:
            self._refuse(stream, Status(INTERNAL, "the call has no request"), is_all)
        else:
            self._incoming[stream] = _Incoming(answer)

    def _take_data(self, flags: int, stream: int, payload: bytes) -> None:
        self._received += len(payload)
        if self._received > _CONNECTION_WINDOW // 4:
            self._write(frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(self._received)))
            self._received = 0
        incoming = self._incoming.get(stream)
        if incoming is None:
            if stream > self._last_stream:
                raise ConnectionFailed(PROTOCOL_ERROR, "data on a stream that was not opened")
            return  # of a call that is answered already
        body = incoming.body
        body += without_padding(payload, flags)
        if len(body) >= 5:
            compressed, length = MESSAGE.unpack_from(body)
            if length > self._largest_message:
                message = f"grpc: received message larger than max ({length} vs. {self._largest_message})"
                self._refuse(stream, Status(RESOURCE_EXHAUSTED, message), bool(flags & END_STREAM))
                return
            if flags & END_STREAM and length == len(body) - 5 and not compressed:
                del self._incoming[stream]
                task = self._loop.create_task(self._answer(stream, incoming.answer, bytes(body[5:])))
                self._answering[stream] = task
                return
            if compressed:
                status = Status(UNIMPLEMENTED, "grpc: compressed messages are not understood")
                self._refuse(stream, status, bool(flags & END_STREAM))
                return
        if flags & END_STREAM or len(body) > self._largest_message + 5:
            self._refuse(stream, Status(INTERNAL, "the request is not one message"), bool(flags & END_STREAM))

    def _take_settings(self, flags: int, payload: bytes) -> None:
        if flags & ACK:
            return
        if len(payload) % 6:
            raise ConnectionFailed(FRAME_SIZE_ERROR, "settings are not 6 bytes each")
        for name, value in SETTING.iter_unpack(payload):
            if name == INITIAL_WINDOW_SIZE:
                if value > _LARGEST_WINDOW:
                    raise ConnectionFailed(FLOW_CONTROL_ERROR, "a window is too large")
                for stream in self._windows:
                    self._windows[stream] += value - self._initial_window
                self._initial_window = value
            elif name == MAX_FRAME_SIZE:
                self._largest_frame = max(_LARGEST_FRAME, min(value, 1 << 20))
        self._write(frame(SETTINGS, ACK, 0, b""))
        self._send_blocked()

    def _take_window(self, stream: int, payload: bytes) -> None:
        if len(payload) != 4:
            raise ConnectionFailed(FRAME_SIZE_ERROR, "a window update is not 4 bytes long")
        increment = NUMBER.unpack(payload)[0] & _LARGEST_WINDOW
        if not stream:
            self._window += increment
            if self._window > _LARGEST_WINDOW:
                raise ConnectionFailed(FLOW_CONTROL_ERROR, "the connection's window is too large")
        elif stream in self._incoming or stream in self._answering or stream in self._windows:
            self._windows[stream] = self._windows.get(stream, self._initial_window) + increment
        if self._blocked:
            self._send_blocked()

    def _forget(self, stream: int) -> None:
        """The client no longer wants the answer."""
        self._incoming.pop(stream, None)
        self._windows.pop(stream, None)
        task = self._answering.pop(stream, None)
        if task is not None:
            task.cancel()
        for outgoing in [each for each in self._blocked if each.stream == stream]:
            self._blocked.remove(outgoing)

    # --- answers out --------------------------------------------------------------------------------------------

    async def _answer(self, stream: int, answer: Answer, request: bytes) -> None:
        try:
            response = await answer(request)
        except Exception:
            log.exception("a call failed")
            response = Status(UNKNOWN, "the server failed; its log says why")
        del self._answering[stream]
        if isinstance(response, Status):
            self._refuse(stream, response, True)
            return
        body = MESSAGE.pack(0, len(response)) + response
        self._write(frame(HEADERS, END_HEADERS, stream, _RESPONSE))
        window = self._windows.get(stream, self._initial_window)
        if len(body) <= min(window, self._window, self._largest_frame) and not self._blocked:
            self._window -= len(body)
            self._windows.pop(stream, None)
            self._write(frame(DATA, 0, stream, body))
            self._write(frame(HEADERS, END_HEADERS | END_STREAM, stream, _SUCCESS))
        else:
            self._windows[stream] = window
            self._blocked.append(_Outgoing(stream, body))
            self._send_blocked()

    def _refuse(self, stream: int, status: Status, is_all: bool) -> None:
        """The answer is a status alone; if the request is not all here, the rest is not wanted."""
        self._incoming.pop(stream, None)
        self._windows.pop(stream, None)
        message = quote(status.message, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}~")
        trailers = _RESPONSE + literal("grpc-status", str(status.code)) + literal("grpc-message", message)
        self._write(frame(HEADERS, END_HEADERS | END_STREAM, stream, trailers))
        if not is_all:
            self._write(frame(RST_STREAM, 0, stream, NUMBER.pack(NO_ERROR)))

    def _send_blocked(self) -> None:
        """As much as the windows let pass, each response in its turn."""
        for _ in range(len(self._blocked)):
            outgoing = self._blocked.popleft()
            stream = outgoing.stream
            while outgoing.rest:
                size = min(len(outgoing.rest), self._largest_frame, self._window, self._windows[stream])
                if size <= 0:
                    break
                self._window -= size
                self._windows[stream] -= size
                self._write(frame(DATA, 0, stream, bytes(outgoing.rest[:size])))
                outgoing.rest = outgoing.rest[size:]
            if outgoing.rest:
                self._blocked.append(outgoing)
            else:
                del self._windows[stream]
                self._write(frame(HEADERS, END_HEADERS | END_STREAM, stream, _SUCCESS))
