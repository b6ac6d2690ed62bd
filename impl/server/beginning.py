"""How a server begins: with a new cluster, by joining one, or again from its data directory."""

from __future__ import annotations

import logging
import secrets
import ssl

import msgspec

from raftproof.impl import core
from raftproof.impl.core.raft import Observer, Raft
from raftproof.impl.server.addresses import ask_for_port
from raftproof.impl.server.directory import DataDirectory, Identity
from raftproof.impl.server.errors import CannotStart
from raftproof.impl.server.machine import Machine
from raftproof.impl.server.peers import ask_members
from raftproof.impl.server.settings import ELECTION_TICKS, cluster_id, founding_members
from raftproof.impl.wal import Identity as LogIdentity
from raftproof.impl.wal import LogError, RealDisk, Wal

log = logging.getLogger("raftproof.server")


async def found_or_join(directory: DataDirectory, context: ssl.SSLContext | None) -> Identity:
    """Who a server with an empty directory is: what the founders agreed upon, or what the members say."""
    settings = directory.settings
    await ask_for_port(settings.peer_url, "peers")  # a wrong one had better not be written down
    if settings.joins:
        others = [url for name, url in settings.initial_cluster if name != settings.name]
        if not others:
            raise CannotStart("--initial-cluster names no other server; to join, name the members of the cluster there")
        answer = await ask_members(others, context)
        cluster, members = answer.cluster, answer.members
    else:
        cluster, members = cluster_id(settings), founding_members(settings)
    own = [member for member in members if settings.peer_url in member.peer_urls]
    if not own:
        raise CannotStart(f"the cluster has no member at {settings.peer_url}; add it first: etcdctl member add")
    identity = Identity(
        settings.name, settings.peer_url, settings.token, cluster, own[0].id, not settings.joins, members
    )
    directory.write(identity)
    return identity


def recover(
    directory: DataDirectory, identity: Identity, observer: Observer | None = None
) -> tuple[Wal, Machine, Raft]:
    """The log, the machine as of its snapshot, and the core; raises CannotStart for a log that must not be used."""
    is_founded = False
    try:
        wal, found = Wal.open(RealDisk(), directory.log, LogIdentity(identity.cluster, identity.server))
        snapshot = found.snapshot
        if not snapshot.index and identity.founding:
            founding = core.bootstrap(tuple(member.id for member in identity.members))
            snapshot = msgspec.structs.replace(founding, data=Machine(identity.members).image())
            wal.install_snapshot(snapshot)
            is_founded = True
    except LogError as error:
        raise CannotStart(str(error)) from None
    if not identity.has_log:
        directory.write(msgspec.structs.replace(identity, has_log=True))
    raft = Raft(
        core.Settings(id=identity.server, election_timeout_ticks=ELECTION_TICKS),
        random=secrets.randbelow,
        snapshot=snapshot,
        hard_state=None if is_founded else found.hard_state,
        entries=found.entries,
        observer=observer,
    )
    if observer is not None:
        raft.message_number = secrets.randbits(30) << 32  # of this life alone, so that a number is an identity
    state = f"in term {raft.current_term} with {len(found.entries)} entries behind snapshot {snapshot.index}"
    log.info("server %s is %x of cluster %x, %s", identity.name, identity.server, identity.cluster, state)
    return wal, Machine.from_image(snapshot.data), raft
