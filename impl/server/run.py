"""Run one server as a process: until Ctrl-C or SIGTERM, or until it cannot go on."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from raftproof.impl.server.api import Clients
from raftproof.impl.server.server import Server
from raftproof.impl.server.settings import ServerSettings


def run(settings: ServerSettings) -> None:
    """Raises CannotStart, and Stopped where the server came to an end by itself."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {settings.name}: %(message)s")
    asyncio.run(_run(settings))


async def _run(settings: ServerSettings) -> None:
    loop = asyncio.get_running_loop()
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    server = Server(settings)
    await server.start()
    try:
        clients = Clients(server)
        await clients.start()
        waiting = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((waiting, server.finished), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await clients.stop()
    finally:
        await server.stop()
    if server.finished.done():
        await server.finished
