"""The durable log of one server: hard state, entries and snapshots, on a disk that may lie until it is synced.

    wal, recovered = Wal.open(disk, directory, Identity(cluster_id, server_id))    # creates an empty one where none is
    wal.stage(hard_state, entries)      # in memory; later stages replace and extend earlier ones
    wal.commit()                        # everything staged as ONE record, then one sync: group commit
    wal.save_snapshot(snapshot)         # our own: written aside, synced, renamed, directory synced; marked in the log
    wal.install_snapshot(snapshot)      # the leader's: the same, and it takes the place of the whole log
    wal.close()

Of one Ready: `stage(hard_state)`, `install_snapshot(snapshot)` where there is one, `stage(None, entries)`, `commit()`.

`recovered` holds the hard state, the newest snapshot and the entries behind it. `disk` is any `Disk`; the real one is
`RealDisk`, a simulator brings its own (disk.py says what it must keep to). All failures are one of

    DamagedLog   recovery found damage that no crash leaves behind; the server must not start, above all not vote
    ForeignLog   the directory belongs to another cluster or another server
    DiskFailed   a write or a sync failed; the server stops, and nothing is retried
"""

from raftproof.impl.wal.disk import Disk, File
from raftproof.impl.wal.errors import DamagedLog, DiskFailed, ForeignLog, LogError
from raftproof.impl.wal.log import Wal
from raftproof.impl.wal.real import RealDisk
from raftproof.impl.wal.recovery import Recovered
from raftproof.impl.wal.segments import Identity

__all__ = [
    "DamagedLog",
    "Disk",
    "DiskFailed",
    "File",
    "ForeignLog",
    "Identity",
    "LogError",
    "RealDisk",
    "Recovered",
    "Wal",
]
