"""Addresses: what is one, and what cannot be."""

from __future__ import annotations

import pytest

from raftproof.impl.server.addresses import address_of
from raftproof.impl.server.errors import CannotStart


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://10.0.0.1:2379", "10.0.0.1", 2379),
        ("https://s1.example:1/", "s1.example", 1),
        ("http://[::1]:2379", "::1", 2379),
    ],
)
def test_an_address_is_a_scheme_a_host_and_a_port(url: str, host: str, port: int) -> None:
    assert address_of(url) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:2379",
        "http://10.0.0.1",
        "http://10.0.0.1:0",
        "http://10.0.0.1:99999",
        "http://10.0.0.1:x",
        "ftp://10.0.0.1:21",
        "HTTPS://10.0.0.1:2379",  # would be served without TLS by whoever looks for https at its beginning
        "http://user:secret@10.0.0.1:2379",
        "http://10.0.0.1:2379/path",
        "http://10.0.0.1:2379?query",
        "http://a..b:2379",  # no name; asked for it, a resolver raises what no connection does
        f"http://{'a' * 64}:2379",
        "http://[::1:2379",
    ],
)
def test_everything_else_is_refused_with_the_form_it_should_have(url: str) -> None:
    with pytest.raises(CannotStart, match="is no address; write it as http://HOST:PORT or https://HOST:PORT"):
        address_of(url)
