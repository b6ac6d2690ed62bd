"""Addresses and what goes with them: what is refused before anything is begun."""

from __future__ import annotations

import msgspec
import pytest

from raftproof.impl.server.addresses import address_of
from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.settings import Certificates, ServerSettings


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


HERE, THERE = "http://127.0.0.1:2380", "http://127.0.0.1:2480"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"initial_cluster": (("s1", HERE), ("s2", HERE))}, "--initial-cluster names a server or an address twice"),
        ({"initial_cluster": (("s1", HERE), ("s1", HERE))}, "--initial-cluster names a server or an address twice"),
        ({"initial_cluster": (("s1", THERE),)}, f"says s1={THERE}, and --listen-peer-urls says {HERE}"),
        ({"client_certificates": Certificates("", "", "ca.pem")}, "a trusted authority are of use only with https"),
        ({"peer_certificates": Certificates("", "key.pem")}, "a trusted authority are of use only with https"),
        ({"client_url": "https://127.0.0.1:1"}, "https needs a certificate and its key"),
        (
            {"client_url": "https://127.0.0.1:1", "client_certificates": Certificates("cert.pem")},
            "https needs a certificate and its key",
        ),
    ],
)
def test_settings_that_would_not_mean_what_they_seem_to(changed: dict[str, object], sentence: str) -> None:
    settings = ServerSettings("s1", "data", peer_url=HERE)
    settings.check()
    with pytest.raises(CannotStart, match=sentence):
        msgspec.structs.replace(settings, **changed).check()
