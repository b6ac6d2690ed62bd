"""Run one server as a process: until Ctrl-C or SIGTERM, or until it cannot go on."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys

import uvloop

from raftproof.impl.core.raft import Observer
from raftproof.impl.server.clients import serve_clients
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import ServerSettings

_STOP_SECONDS = 0.2  # for calls under way when the server is asked to stop
_COLLECT_AFTER = 10_000  # objects, not 700: a call makes some hundred, hardly any of them in cycles


def run(settings: ServerSettings, observer: Observer | None = None) -> None:
    """Raises CannotStart, and Stopped where the server came to an end by itself."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {settings.name}: %(message)s")
    gc.set_threshold(_COLLECT_AFTER)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, observer))


async def _run(settings: ServerSettings, observer: Observer | None) -> None:
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    server = Server(settings, observer)
    await server.start()
    try:
        clients = await serve_clients(server)
        waiting = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((waiting, server.finished), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await clients.stop(_STOP_SECONDS)
    finally:
        await server.stop()
    if server.finished.done():
        await server.finished
