"""What one server is told when it starts, and what it derives from that."""

from __future__ import annotations

import hashlib

import msgspec

from raftproof.impl.server.addresses import address_of
from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.machine import Member

MAX_REQUEST_BYTES = 1_572_864  # etcd's --max-request-bytes, 1.5 MiB
TICK_SECONDS = 0.1  # etcd's --heartbeat-interval
ELECTION_TICKS = 10  # etcd's --election-timeout, 1000 ms
REQUEST_SECONDS = 5 + 2 * ELECTION_TICKS * TICK_SECONDS  # as etcd's ReqTimeout
SNAPSHOT_ENTRIES = 50_000  # a snapshot after this many entries
CATCH_UP_SHARE = 10  # a tenth of these is kept behind a snapshot, for followers that lag


class Certificates(msgspec.Struct, frozen=True):
    """One side's files, clients' or peers'. With a trusted CA the other side must show a certificate of it."""

    cert_file: str = ""
    key_file: str = ""
    trusted_ca_file: str = ""


class ServerSettings(msgspec.Struct, frozen=True):
    """One server. The names of the flags are etcd's."""

    name: str
    data_dir: str
    client_url: str = "http://127.0.0.1:2379"
    peer_url: str = "http://127.0.0.1:2380"
    initial_cluster: tuple[tuple[str, str], ...] = ()
    """Name and peer URL of every founding member, or of the members to join."""
    token: str = "raftproof-cluster"
    """Tells clusters of the same addresses apart."""
    joins: bool = False
    """The cluster exists, and has added this server."""
    client_certificates: Certificates = Certificates()
    peer_certificates: Certificates = Certificates()
    snapshot_entries: int = SNAPSHOT_ENTRIES

    @property
    def found_at(self) -> str:
        """The URL at which clients find the server; one that listens at every address is found where its peers are."""
        host, port = address_of(self.client_url)
        if host not in ("0.0.0.0", "::"):
            return self.client_url
        host = address_of(self.peer_url)[0]
        return f"{self.client_url.partition(':')[0]}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def catch_up_entries(self) -> int:
        """Kept behind a snapshot for followers that lag a little, so that they need not be sent all of it."""
        return self.snapshot_entries // CATCH_UP_SHARE

    def check(self) -> None:
        """Refuse what cannot work; raises CannotStart."""
        for url, files in ((self.client_url, self.client_certificates), (self.peer_url, self.peer_certificates)):
            address_of(url)
            if url.startswith("https:") and not (files.cert_file and files.key_file):
                raise CannotStart(f"{url}: https needs a certificate and its key")
            if url.startswith("http:") and files != Certificates():
                raise CannotStart(f"{url}: a certificate, a key and a trusted authority are of use only with https")
        for name, url in self.initial_cluster:
            address_of(url)
            if name == self.name and url != self.peer_url:
                raise CannotStart(f"--initial-cluster says {name}={url}, and --listen-peer-urls says {self.peer_url}")
        if self.initial_cluster and self.name not in dict(self.initial_cluster):
            raise CannotStart(f"--initial-cluster does not name this server, {self.name}")
        names, urls = ({pair[place] for pair in self.initial_cluster} for place in (0, 1))
        if min(len(names), len(urls)) < len(self.initial_cluster):
            raise CannotStart("--initial-cluster names a server or an address twice")


def parse_initial_cluster(text: str) -> tuple[tuple[str, str], ...]:
    """NAME=URL,NAME=URL; raises CannotStart."""
    pairs = []
    for part in filter(None, text.split(",")):
        name, equals, url = part.partition("=")
        if not equals or not name:
            raise CannotStart(f"--initial-cluster holds {part!r}; write NAME=URL,NAME=URL")
        pairs.append((name, url))
    return tuple(pairs)


def founding_members(settings: ServerSettings) -> tuple[Member, ...]:
    """The members of a new cluster; every founder derives the same."""
    cluster = settings.initial_cluster or ((settings.name, settings.peer_url),)
    members = [Member(server_id(settings.token, url), (url,), name) for name, url in cluster]
    return tuple(sorted(members, key=lambda member: member.id))


def cluster_id(settings: ServerSettings) -> int:
    """Of a new cluster: from its members and its token."""
    return _number(settings.token, *(f"{member.id:x}" for member in founding_members(settings)))


def server_id(token: str, *parts: str) -> int:
    """A positive id of 63 bits from what tells a server apart."""
    return _number(token, *parts)


def _number(*parts: str) -> int:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return int.from_bytes(digest[:8]) >> 1 or 1
