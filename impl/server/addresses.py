"""Where servers and clients are found: addresses, and what to say of those at which nobody can listen."""

from __future__ import annotations

import asyncio
import errno
import os
from urllib.parse import urlsplit

from raftproof.impl.server.errors import CannotStart

_ADVICE = {
    errno.EADDRINUSE: "is another server running there?",
    errno.EACCES: "choose a port above 1023, or allow this one",
}


def address_of(url: str) -> tuple[str, int]:
    """Host and port of http://host:port or https://host:port; raises CannotStart."""
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")  # what no name can be fails here, and not when it is dialled
        is_bare = url.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
        if is_bare and parts.scheme in ("http", "https") and parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise CannotStart(f"{url!r} is no address; write it as http://HOST:PORT or https://HOST:PORT")


def cannot_listen(url: str, whom: str, error: OSError) -> CannotStart:
    """Why a port cannot be had."""
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "name an address of this machine")
    return CannotStart(f"{url}: cannot listen for {whom}: {reason.lower()}; {advice}")


async def ask_for_port(url: str, whom: str) -> None:
    """Raises CannotStart where nobody could listen there."""
    host, port = address_of(url)
    try:
        asked = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port, start_serving=False)
    except OSError as error:
        raise cannot_listen(url, whom, error) from None
    asked.close()
    await asked.wait_closed()
