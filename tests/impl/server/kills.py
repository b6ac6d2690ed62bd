"""SIGKILL of the leader in a loop, under clients: what was acknowledged, what each client saw, how long nobody served.

Three kinds of clients run all along: one writes keys that are written once (each acknowledged one must be there in the
end), some write and read a few registers through the API, and one does so with `etcdctl`. Outage: from the kill to the
first answer to a put that was sent after it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import shutil
import statistics
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from raftproof.impl.server.client import Client
from raftproof.impl.server.errors import ApiError
from raftproof.impl.server.proto import rpc_pb2 as pb
from raftproof.impl.server.settings import Certificates
from tests.impl.server.processes import Cluster

REGISTERS = ("x", "y", "z")
PATIENCE_SECONDS = 2.0


class Operation(msgspec.Struct, frozen=True):
    """What a client did to a register; `returned` None: never answered."""

    client: int
    key: str
    kind: Literal["put", "get"]
    called: int
    returned: int | None
    value: str | None


class Report(msgspec.Struct):
    """What came of it."""

    kills: int = 0
    outages: list[float] = []
    acknowledged: set[str] = set()
    history: list[Operation] = []
    lost: list[str] = []
    hashes: list[int] = []

    def summary(self) -> str:
        """In a line."""
        outages = sorted(self.outages)
        p95 = outages[min(len(outages) - 1, int(len(outages) * 0.95))]
        return (
            f"{self.kills} kills, outage median {statistics.median(outages):.2f} s, p95 {p95:.2f} s, "
            f"max {outages[-1]:.2f} s; "
            f"{len(self.acknowledged)} writes acknowledged, {len(self.lost)} lost; "
            f"{len(self.history)} operations on registers"
        )


class Killing:
    """One run."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster, self.report = cluster, Report()
        self._random = random.Random(seed)
        self._clients = itertools.count(1)
        self._values = itertools.count(1)
        self._running = True
        self._probes: list[tuple[float, float]] = []  # sent, answered

    async def run(self, kills: int) -> Report:
        """Kill, wait for service, restart, settle; again."""
        await self._leader()
        tasks = [
            asyncio.create_task(work) for work in (self._write_once(), self._probe(0), self._probe(1), self._probe(2))
        ]
        tasks += [asyncio.create_task(self._use_registers()) for _ in range(2)]
        if shutil.which("etcdctl"):
            tasks.append(asyncio.create_task(self._use_etcdctl()))
        for _ in range(kills):
            await asyncio.sleep(self._random.uniform(0.2, 0.6))
            place = await self._leader()
            killed = time.monotonic()
            self.cluster.kill(place)
            self.report.kills += 1
            self.report.outages.append(await self._served_after(killed) - killed)
            self._probes.clear()
            self.cluster.start(place)
        self._running = False
        await asyncio.gather(*tasks)
        await self._verify()
        return self.report

    async def _leader(self) -> int:
        return await asyncio.get_running_loop().run_in_executor(None, self.cluster.leader_place)

    async def _served_after(self, moment: float) -> float:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answers = [answered for sent, answered in self._probes if sent >= moment]
            if answers:
                return min(answers)
            await asyncio.sleep(0.01)
        raise TimeoutError("30 s after the kill nobody serves")

    async def _probe(self, place: int) -> None:
        """Puts at one server, sent every 50 ms whether or not the last is answered, so that the first answer after a
        kill is seen when it comes."""
        async with Client([self.cluster.client_urls[place]], Certificates()) as client:
            pending: set[asyncio.Task[None]] = set()
            while self._running:
                task = asyncio.create_task(self._probe_once(client, f"probe{place}"))
                pending.add(task)
                task.add_done_callback(pending.discard)
                await asyncio.sleep(0.05)
            await asyncio.gather(*pending)

    async def _probe_once(self, client: Client, key: str) -> None:
        sent = time.monotonic()
        if await self._put(client, key, "") is not None:
            self._probes.append((sent, time.monotonic()))

    async def _put(self, client: Client, key: str, value: str) -> Any:
        try:
            request = pb.PutRequest(key=key.encode(), value=value.encode())
            return await client.call("KV", "Put", request, timeout=PATIENCE_SECONDS)
        except ApiError:
            return None

    async def _write_once(self) -> None:
        async with Client(self.cluster.client_urls, Certificates()) as client:
            while self._running:
                key = f"once/{next(self._values)}"
                if await self._put(client, key, "") is not None:
                    self.report.acknowledged.add(key)
                await asyncio.sleep(0.005)

    async def _use_registers(self) -> None:
        client_id = next(self._clients)
        async with Client(self._shuffled(), Certificates()) as client:
            while self._running:
                key = self._random.choice(REGISTERS)
                called = time.monotonic_ns()
                if self._random.random() < 0.5:
                    value = str(next(self._values))
                    done = await self._put(client, key, value) is not None
                    self._record(client_id, key, "put", called, done, value)
                else:
                    try:
                        request = pb.RangeRequest(key=key.encode())
                        kvs = (await client.call("KV", "Range", request, timeout=PATIENCE_SECONDS)).kvs
                    except ApiError:
                        continue
                    done = True
                    self._record(client_id, key, "get", called, True, kvs[0].value.decode() if kvs else None)
                if not done:
                    client_id = next(self._clients)  # the operation may still happen: its client is stuck with it
                await asyncio.sleep(self._random.uniform(0.01, 0.05))

    async def _use_etcdctl(self) -> None:
        client_id = next(self._clients)
        while self._running:
            key, value = self._random.choice(REGISTERS), str(next(self._values))
            called = time.monotonic_ns()
            put = self._random.random() < 0.5
            arguments = ["put", key, value] if put else ["get", key, "--print-value-only"]
            endpoints = ",".join(self._shuffled())
            process = await asyncio.create_subprocess_exec(
                "etcdctl", f"--endpoints={endpoints}", f"--command-timeout={PATIENCE_SECONDS}s", *arguments,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={"ETCDCTL_API": "3"},
                executable=shutil.which("etcdctl"),
            )  # fmt: skip
            output, _ = await process.communicate()
            done = process.returncode == 0
            if put:
                self._record(client_id, key, "put", called, done, value)
            elif done:
                self._record(client_id, key, "get", called, True, output.decode().strip() or None)
            if not done:
                client_id = next(self._clients)
            await asyncio.sleep(0.05)

    def _record(
        self, client: int, key: str, kind: Literal["put", "get"], called: int, done: bool, value: str | None
    ) -> None:
        returned = time.monotonic_ns() if done else None
        self.report.history.append(Operation(client, key, kind, called, returned, value))

    def _shuffled(self) -> Sequence[str]:
        return self._random.sample(self.cluster.client_urls, len(self.cluster.client_urls))

    async def _verify(self) -> None:
        """Everything acknowledged is there, and all servers hold the same."""
        await self._leader()
        async with Client(self.cluster.client_urls, Certificates()) as client:
            request = pb.RangeRequest(key=b"once/", range_end=b"once0", keys_only=True)
            response = await client.call("KV", "Range", request)
            found = {kv.key.decode() for kv in response.kvs}
            self.report.lost = sorted(self.report.acknowledged - found)
            revision = response.header.revision
        await asyncio.sleep(0.5)
        for url in self.cluster.client_urls:
            async with Client([url], Certificates()) as client:
                hashed = await client.call("Maintenance", "HashKV", pb.HashKVRequest(revision=revision))
                self.report.hashes.append(hashed.hash)
