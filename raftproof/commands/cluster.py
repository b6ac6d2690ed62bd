"""`raftproof cluster`: a real cluster on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    servers: Annotated[int, typer.Option("-n", "--servers", min=1, max=9, help="How many servers.")] = 3,
    data_dir: Annotated[Path, typer.Option(help="Data directories and logs; kept.")] = Path("raftproof-cluster"),
    port: Annotated[int, typer.Option(min=1, max=65000, help="The first client's port; the others follow.")] = 2379,
    trace: Annotated[bool, typer.Option("--trace", help="Write what each server does to NAME.ndjson there.")] = False,
) -> None:
    """Run a cluster of real servers on this machine until Ctrl-C; started again, it goes on with its data.

    With --trace, `raftproof conform DIR/*.ndjson` tells afterwards whether what it did is Raft.
    """
    from raftproof.impl.server.errors import CannotStart
    from raftproof.impl.server.local import LocalCluster

    try:
        LocalCluster(servers, data_dir, port, typer.echo, traced=trace).run()
    except CannotStart as error:
        typer.echo(f"raftproof cluster: {error}", err=True)
        raise typer.Exit(4) from None
