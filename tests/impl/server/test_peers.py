"""Between servers: what is sent on a connection that has just been lost is lost, and nothing else happens."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

import pytest
import uvloop

from raftproof.impl.server.peers import PROTOCOL, Answer, Frames, Hello, Link, Listener, dial
from raftproof.impl.server.settings import Certificates
from raftproof.impl.server.tls import peer_contexts
from tests.impl.server.certificates import Authority
from tests.impl.server.processes import free_ports

LINGER_AND_RESET = struct.pack("ii", 1, 0)


class Told(Frames):
    """Notes whether it still takes what is sent at the very moment at which the connection is lost."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None, lambda _: None, 1024)
        self.lost = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        self.send(b"too late")
        link = Link.__new__(Link)  # a link that has not been told yet
        link._frames = self
        self.lost.set_result((link.is_up, link.send([])))


async def lose(*, by_reset: bool) -> tuple[bool, bool]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _, frames = await asyncio.get_running_loop().create_connection(Told, *listener.getsockname())
        accepted, _ = listener.accept()
        if by_reset:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_AND_RESET)
        accepted.close()
        told = await frames.lost
    await asyncio.sleep(0)
    frames.send(b"later still")
    return told


async def remove_one_of_two() -> tuple[bool, bool]:
    listener = Listener(lambda _: None, lambda: Answer(1), lambda _: None)
    (port,) = free_ports(1)
    await listener.start(f"http://127.0.0.1:{port}", None)
    lost = [(await dial(f"http://127.0.0.1:{port}", Hello(PROTOCOL, 1, source, 3), None))[2] for source in (1, 2)]
    listener.hang_up({2})
    await asyncio.wait(lost, return_when=asyncio.FIRST_COMPLETED)
    told = lost[0].done(), lost[1].done()
    await listener.stop()
    await asyncio.wait(lost)
    return told


def test_a_server_that_was_removed_is_hung_up_on_so_that_it_dials_again_and_is_told() -> None:
    assert asyncio.run(remove_one_of_two()) == (False, True)


async def disturb(authority: Authority) -> None:
    cert, key = authority.issue("s1")
    listening, _ = peer_contexts(Certificates(str(cert), str(key), str(authority.certificate)))
    listener = Listener(lambda _: None, lambda: Answer(1), lambda _: None)
    (port,) = free_ports(1)
    await listener.start(f"https://127.0.0.1:{port}", listening)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await reader.read()  # until the listener hangs up
    writer.close()
    await listener.stop()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_connection_that_fails_in_the_handshake_of_tls_leaves_nothing_behind(loop, tmp_path) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(disturb(Authority(tmp_path, "ours")))


@pytest.mark.parametrize("by_reset", [False, True], ids=["ended", "reset"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_nothing_is_sent_on_a_connection_that_is_lost_before_its_link_is_told(loop, by_reset) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        is_up, sent = runner.run(lose(by_reset=by_reset))
    assert not is_up
    assert not sent
