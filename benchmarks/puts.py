"""Puts a second at 1, 16 and 128 clients, and CPU a put: three of our servers, and three of Debian's etcd beside them.

    .venv/bin/python benchmarks/puts.py [--seconds 5] [--clients 1,16,128] [--only raftproof|etcd] [--json FILE]

Each client has a connection of its own to the leader and puts one key after another, 8-byte keys and 256-byte values,
as etcd's own benchmark does. All servers and the clients share this machine, so the client must cost little: it speaks
just enough HTTP/2 to send prepared frames and to count whole answers, about 20 µs of CPU a put, the same for both.
CPU a put is that of the three servers together, user and system.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests lie beside the benchmarks

from raftproof.impl.server.proto import rpc_pb2
from tests.impl.server.processes import Cluster, etcd_command, raftproof_command

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
FRAME = struct.Struct(">BHBBL")  # length in 3 bytes, type, flags, stream


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return FRAME.pack(len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, stream) + payload


def header_block(authority: str) -> bytes:
    """The headers of every put, in HPACK without a dynamic table: always the same bytes."""

    def text(value: str) -> bytes:
        return bytes([len(value)]) + value.encode()

    return (
        b"\x83\x86\x04" + text("/etcdserverpb.KV/Put") + b"\x01" + text(authority)
        + b"\x0f\x10" + text("application/grpc") + b"\x00" + text("te") + text("trailers")
    )  # fmt: skip


class PutClient(asyncio.Protocol):
    """Puts, waits for the answer, puts again; until `deadline`."""

    def __init__(self, authority: str, seed: int, deadline: float) -> None:
        self.headers = header_block(authority)
        self.random = random.Random(seed)
        self.deadline = deadline
        self.latencies: list[float] = []
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.stream = 1
        self.answered = False
        self.window = 65535
        self.waits_for_window = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        start = frame(SETTINGS, 0, 0, struct.pack(">HL", 4, 2**31 - 1))
        start += frame(WINDOW_UPDATE, 0, 0, struct.pack(">L", 2**31 - 1 - 65535))
        transport.write(PREFACE + start)
        self.put()

    def put(self) -> None:
        key = self.random.randbytes(4).hex().encode()
        message = rpc_pb2.PutRequest(key=key, value=b"v" * 256).SerializeToString()
        body = b"\0" + struct.pack(">L", len(message)) + message
        if self.window < len(body):
            self.waits_for_window = True
            return
        self.window -= len(body)
        self.began = time.perf_counter()
        self.transport.write(
            frame(HEADERS, END_HEADERS, self.stream, self.headers) + frame(DATA, END_STREAM, self.stream, body)
        )

    def data_received(self, data: bytes) -> None:
        buffer, start = self.buffer + data, 0
        while len(buffer) - start >= 9:
            high, low, kind, flags, stream = FRAME.unpack_from(buffer, start)
            end = start + 9 + (high << 16 | low)
            if len(buffer) < end:
                break
            self.take(kind, flags, stream, buffer[start + 9 : end])
            start = end
        self.buffer = buffer[start:]

    def take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA and stream == self.stream:
            self.answered = self.answered or len(payload) > 5  # a refusal has no message
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += struct.unpack(">L", payload)[0]
            if self.waits_for_window:
                self.waits_for_window = False
                self.put()
        elif kind == SETTINGS and not flags & ACK:
            self.transport.write(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.transport.write(frame(PING, ACK, 0, payload))
        elif kind in (RST_STREAM, GOAWAY):
            self.failures += 1
        if (kind == HEADERS and flags & END_STREAM) or kind == RST_STREAM:
            self.next()

    def next(self) -> None:
        now = time.perf_counter()
        if self.answered:
            self.latencies.append(now - self.began)
        else:
            self.failures += 1
        self.answered = False
        if now >= self.deadline:
            self.transport.close()
            return
        self.stream += 2
        self.put()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def load(address: str, clients: int, seconds: float) -> tuple[list[float], int]:
    """The latencies of all puts, and how many failed."""
    host, port = address.split(":")
    deadline = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    started = [
        (await loop.create_connection(lambda seed=seed: PutClient(address, seed, deadline), host, int(port)))[1]
        for seed in range(clients)
    ]
    await asyncio.wait([client.done for client in started], timeout=seconds + 30)
    return [latency for client in started for latency in client.latencies], sum(c.failures for c in started)


def measure(cluster: Cluster, clients: int, seconds: float) -> dict[str, float]:
    """One figure a thing that matters."""
    address = cluster.leader()
    asyncio.run(load(address, clients, min(1.0, seconds / 3)))  # warm
    cpu, began, own = cluster.cpu_seconds(), time.perf_counter(), time.process_time()
    latencies, failures = asyncio.run(load(address, clients, seconds))
    elapsed, puts = time.perf_counter() - began, len(latencies)
    latencies.sort()
    return {
        "clients": clients,
        "puts_per_second": round(puts / elapsed, 1),
        "cpu_us_per_put": round((cluster.cpu_seconds() - cpu) / max(puts, 1) * 1e6, 1),
        "client_cpu_us_per_put": round((time.process_time() - own) / max(puts, 1) * 1e6, 1),
        "median_ms": round(statistics.median(latencies) * 1e3, 2) if latencies else 0.0,
        "p99_ms": round(latencies[int(puts * 0.99)] * 1e3, 2) if latencies else 0.0,
        "failures": failures,
    }


def main() -> None:
    """Run, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", default="1,16,128")
    parser.add_argument("--only", choices=("raftproof", "etcd"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    systems = {"raftproof": raftproof_command, "etcd": etcd_command}
    if shutil.which("etcd") is None:
        print("etcd is not on this machine: it is left out", file=sys.stderr)
        del systems["etcd"]
    results: dict[str, list[dict[str, float]]] = {}
    for name, command in systems.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as directory, Cluster(command, 3, Path(directory)) as cluster:
                results[name] = [measure(cluster, int(n), options.seconds) for n in options.clients.split(",")]
    print(f"{os.cpu_count()} cores, {options.seconds:g} s each")
    for name, rows in results.items():
        for row in rows:
            print(name.ljust(10), " ".join(f"{key} {value:g}" for key, value in row.items()))
    if len(results) == 2:
        for ours, theirs in zip(results["raftproof"], results["etcd"], strict=True):
            ratio = ours["puts_per_second"] / theirs["puts_per_second"]
            print(f"{ours['clients']} clients: {ratio:.2f} of etcd")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
