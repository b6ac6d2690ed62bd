"""`raftproof serve`: one server of a cluster, on its data directory and its two ports."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from raftproof.impl.core.observer import Event, Trace


def command(
    name: Annotated[str, typer.Option(help="This server's name.")] = "default",
    data_dir: Annotated[str, typer.Option(help="Where it keeps its log; NAME.raftproof if not given.")] = "",
    listen_client_urls: Annotated[str, typer.Option(help="Where clients connect.")] = "http://127.0.0.1:2379",
    listen_peer_urls: Annotated[str, typer.Option(help="Where other servers connect.")] = "http://127.0.0.1:2380",
    initial_cluster: Annotated[str, typer.Option(help="NAME=PEER_URL,… of every founding server.")] = "",
    initial_cluster_state: Annotated[str, typer.Option(help="new, or existing to join after `member add`.")] = "new",
    initial_cluster_token: Annotated[str, typer.Option(help="Tells clusters apart.")] = "raftproof-cluster",
    snapshot_count: Annotated[int, typer.Option(min=10, help="A snapshot after so many entries.")] = 50_000,
    cert_file: Annotated[str, typer.Option(help="Certificate shown to clients.")] = "",
    key_file: Annotated[str, typer.Option(help="Its key.")] = "",
    trusted_ca_file: Annotated[str, typer.Option(help="Clients must show a certificate of this authority.")] = "",
    peer_cert_file: Annotated[str, typer.Option(help="Certificate shown to other servers.")] = "",
    peer_key_file: Annotated[str, typer.Option(help="Its key.")] = "",
    peer_trusted_ca_file: Annotated[str, typer.Option(help="Servers must show a certificate of this authority.")] = "",
    trace: Annotated[
        Path | None, typer.Option(help="Append what the core does to this file, for `raftproof conform`.")
    ] = None,
) -> None:
    """Run one server until Ctrl-C. The options are etcd's, and so is what clients speak.

    A restarted server finds in its data directory who it is; --initial-cluster is for its first start.
    """
    from raftproof.impl.server.errors import CannotStart
    from raftproof.impl.server.run import run
    from raftproof.impl.server.settings import Certificates, ServerSettings, parse_initial_cluster

    if initial_cluster_state not in ("new", "existing"):
        raise typer.BadParameter("write new or existing", param_hint="--initial-cluster-state")
    try:
        settings = ServerSettings(
            name=name,
            data_dir=data_dir or f"{name}.raftproof",
            client_url=listen_client_urls,
            peer_url=listen_peer_urls,
            initial_cluster=parse_initial_cluster(initial_cluster),
            token=initial_cluster_token,
            joins=initial_cluster_state == "existing",
            client_certificates=Certificates(cert_file, key_file, trusted_ca_file),
            snapshot_entries=snapshot_count,
            peer_certificates=Certificates(peer_cert_file, peer_key_file, peer_trusted_ca_file),
        )
        with contextlib.nullcontext() if trace is None else _traced(trace) as observer:
            run(settings, observer)
    except CannotStart as error:
        typer.echo(f"raftproof serve: {error}", err=True)
        raise typer.Exit(4) from None


@contextlib.contextmanager
def _traced(path: Path) -> Iterator[Trace]:
    """An observer that writes to this file; raises CannotStart, and Stopped once the file takes no more."""
    from raftproof.impl.core.observer import Trace
    from raftproof.impl.server.errors import CannotStart, Stopped
    from raftproof.traces.recorder import Recorder, append_to

    try:
        file = append_to(path)
    except OSError as error:
        raise CannotStart(f"{path}: {error.strerror}; name a file that can be written after --trace") from None
    recorder = Recorder(file, time.time)

    def write(event: Event) -> None:
        try:
            recorder.write(event)
        except OSError as error:
            raise Stopped(f"{path}: {error.strerror}; a server that is watched stops rather than leave a gap") from None

    try:
        yield Trace(write)
    finally:
        with contextlib.suppress(OSError):  # what came after the last Ready has promised nothing to anybody
            file.close()
