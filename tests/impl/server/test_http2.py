"""Our HTTP/2, frame by frame over a real socket, and with the real gRPC client."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import hpack

from raftproof.impl.server.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HAS_PRIORITY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PADDED,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    frame,
)
from raftproof.impl.server.http2 import UNIMPLEMENTED, Connection, Status

LARGEST = 1000
PATH = (":path", "/test.Test/Echo")
HEAD = [(":method", "POST"), (":scheme", "http"), PATH, ("content-type", "application/grpc"), ("te", "trailers")]


async def echo(request: bytes) -> bytes | Status:
    if request == b"wait":
        await asyncio.sleep(60)
    if request.startswith(b"many "):
        return bytes(int(request[5:]))
    return Status(5, "not found: ä%") if request == b"missing" else request


async def broken(request: bytes) -> bytes:
    raise RuntimeError("a defect")


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, set[Connection]]]:
    opened: set[Connection] = set()
    methods = {b"/test.Test/Echo": echo, b"/test.Test/Broken": broken}
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(methods, LARGEST, opened), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1], opened
    server.close()
    for connection in list(opened):
        connection.close()
    await asyncio.sleep(0)


class Wire:
    """A client that writes and reads frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.encoder, self._decoder = hpack.Encoder(), hpack.Decoder()

    async def next(self, *kinds: int) -> tuple[int, int, int, bytes]:
        """The next frame of one of these kinds: kind, flags, stream, payload."""
        while True:
            head = await asyncio.wait_for(self._reader.readexactly(9), 5)
            high, low, kind, flags, stream = struct.unpack(">BHBBL", head)
            payload = await self._reader.readexactly(high << 16 | low)
            if kind in kinds:
                return kind, flags, stream, payload

    async def headers(self) -> tuple[int, dict[str, str]]:
        _, _, stream, payload = await self.next(HEADERS)
        return stream, {str(name): str(value) for name, value in self._decoder.decode(payload)}

    def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))

    def call(self, stream: int, message: bytes, head: list[tuple[str, str]] = HEAD) -> bytes:
        block = self.encoder.encode(head)
        return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body(message))


def body(message: bytes) -> bytes:
    return struct.pack(">BL", 0, len(message)) + message


def run(scenario: Callable[[Wire], Awaitable[None]], settings: bytes = b"") -> None:
    async def all_of_it() -> None:
        async with listening() as (port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            wire = Wire(reader, writer)
            wire.send(PREFACE, frame(SETTINGS, 0, 0, settings))
            await scenario(wire)
            writer.close()
            await writer.wait_closed()

    asyncio.run(all_of_it())


def test_a_call_is_answered_and_the_next_ones_too() -> None:
    async def scenario(wire: Wire) -> None:
        for stream in (1, 3, 5, 7):  # from the second on the headers are only names of entries
            wire.send(wire.call(stream, b"hello %d" % stream))
            assert await wire.headers() == (stream, {":status": "200", "content-type": "application/grpc"})
            assert await wire.next(DATA) == (DATA, 0, stream, body(b"hello %d" % stream))
            assert await wire.headers() == (stream, {"grpc-status": "0"})

    run(scenario)


def test_a_table_that_changes_changes_what_a_known_block_means() -> None:
    async def scenario(wire: Wire) -> None:
        wire.send(wire.call(1, b"1"), wire.call(3, b"2"))
        known = wire.encoder.encode(HEAD)
        assert all(byte > 128 for byte in known)
        wire.send(wire.call(5, b"3", [*HEAD, ("grpc-timeout", "1S")]))  # a new entry: every index moves by one
        moved = wire.encoder.encode(HEAD)
        assert moved != known
        wire.send(frame(HEADERS, END_HEADERS, 7, moved), frame(DATA, END_STREAM, 7, body(b"4")))
        assert [(await wire.next(DATA))[3] for _ in range(4)] == [body(b"%d" % n) for n in (1, 2, 3, 4)]

    run(scenario)


def test_frames_may_be_cut_padded_continued_and_arrive_byte_by_byte() -> None:
    async def scenario(wire: Wire) -> None:
        block = wire.encoder.encode(HEAD)
        first = b"\x03" + bytes(5) + block[:4] + bytes(3)
        data = body(b"in parts")
        request = [
            frame(HEADERS, PADDED | HAS_PRIORITY, 1, first),
            frame(CONTINUATION, 0, 1, block[4:9]),
            frame(CONTINUATION, END_HEADERS, 1, block[9:]),
            frame(DATA, 0, 1, data[:3]),
            frame(DATA, PADDED, 1, b"\x02" + data[3:8] + bytes(2)),
            frame(DATA, END_STREAM, 1, data[8:]),
        ]
        for byte in b"".join(request):
            wire.send(bytes([byte]))
            await wire.writer.drain()
        assert (await wire.next(DATA))[3] == data

    run(scenario)


def test_a_response_goes_only_as_far_as_the_windows_let_it() -> None:
    async def scenario(wire: Wire) -> None:
        wire.send(wire.call(1, b"many 95"), wire.call(3, b"x"))
        assert (await wire.next(DATA))[2:] == (1, body(bytes(95))[:10])
        assert (await wire.next(DATA))[2:] == (3, body(b"x"))  # it fits its own window
        received = 10
        while received < 100:
            wire.send(frame(WINDOW_UPDATE, 0, 1, struct.pack(">L", 30)))
            received += len((await wire.next(DATA))[3])
        assert (await wire.headers())[1]["grpc-status"] == "0"

    run(scenario, struct.pack(">HL", INITIAL_WINDOW_SIZE, 10))


def test_refusals_are_a_status_and_a_sentence() -> None:
    async def scenario(wire: Wire) -> None:
        unknown = [*HEAD[:2], (":path", "/test.Test/Watch")]
        for stream, request, status, message in [
            (1, wire.call(1, b"missing"), "5", "not found: %C3%A4%25"),
            (3, wire.call(3, b"x", unknown), str(UNIMPLEMENTED), "unknown method /test.Test/Watch"),
            (5, wire.call(5, b"x" * 1001), "8", "grpc: received message larger than max (1001 vs. 1000)"),
            (
                7,
                wire.call(7, b"x", [*HEAD[:2], (":path", "/test.Test/Broken")]),
                "2",
                "the server failed; its log says why",
            ),
        ]:
            wire.send(request)
            got, headers = await wire.headers()
            if ":status" in headers and "grpc-status" not in headers:
                _, headers = await wire.headers()
            assert (got, headers["grpc-status"], headers["grpc-message"]) == (stream, status, message)
        wire.send(wire.call(9, b"still here"))
        assert (await wire.next(DATA))[3] == body(b"still here")

    run(scenario)


def test_a_ping_is_answered_and_a_reset_call_is_dropped() -> None:
    async def scenario(wire: Wire) -> None:
        wire.send(wire.call(1, b"wait"), frame(RST_STREAM, 0, 1, bytes(4)), frame(PING, 0, 0, b"12345678"))
        assert await wire.next(PING, HEADERS) == (PING, ACK, 0, b"12345678")
        wire.send(wire.call(3, b"after"))
        assert (await wire.next(DATA))[2] == 3

    run(scenario)


def test_who_breaks_the_protocol_is_cut_off() -> None:
    def scenario(*frames: bytes) -> Callable[[Wire], Awaitable[None]]:
        async def cut_off(wire: Wire) -> None:
            wire.send(*frames)
            assert (await wire.next(GOAWAY))[3][4:8] != bytes(4)

        return cut_off

    block = hpack.Encoder().encode(HEAD)
    for frames in [
        (frame(HEADERS, END_HEADERS, 2, block),),
        (frame(HEADERS, END_HEADERS, 3, block), frame(HEADERS, END_HEADERS, 1, block)),
        (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff"),),
        (frame(HEADERS, 0, 1, block), frame(PING, 0, 0, bytes(8))),
        (frame(CONTINUATION, 0, 1, block),),
        (frame(DATA, 0, 1, b""),),
        (frame(DATA, 0, 1, bytes(1 << 15)),),
        (frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"),),
    ]:
        run(scenario(*frames))


def test_a_client_that_speaks_http_1_is_cut_off() -> None:
    async def scenario() -> None:
        async with listening() as (port, opened):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"it does not speak HTTP/2" in await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
            assert not opened

    asyncio.run(scenario())


def test_the_real_grpc_client_is_served() -> None:
    async def scenario() -> None:
        options = [("grpc.max_receive_message_length", -1)]
        async with (
            listening() as (port, _),
            grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel,
        ):
            call: Any = channel.unary_unary("/test.Test/Echo")
            assert await asyncio.gather(*(call(b"%d" % n) for n in range(300))) == [b"%d" % n for n in range(300)]
            large = await asyncio.gather(*(call(b"many 3000000") for _ in range(3)))
            assert [len(each) for each in large] == [3_000_000] * 3
            failures = []
            for request, timeout in ((b"missing", 5), (b"wait", 0.05), (b"x" * 70_000, 5)):
                try:
                    await call(request, timeout=timeout)
                except grpc.aio.AioRpcError as error:
                    failures.append(error.code())
            assert failures == [
                grpc.StatusCode.NOT_FOUND,
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            ]
            assert await call(b"still here") == b"still here"

    asyncio.run(scenario())
