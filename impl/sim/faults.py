"""The faults by name. A run injects any set of them; each is drawn and aimed by the run's seed alone."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "loss": "messages are lost",
    "duplication": "messages arrive twice",
    "reordering": "messages overtake each other",
    "delay": "messages take many times as long",
    "stale_resend": "a message delivered long ago arrives once more",
    "partition": "the servers fall into two groups that do not hear each other",
    "partial_partition": "two servers do not hear each other, and the rest hears both",
    "one_way_partition": "a server is heard and hears nothing, or the other way round",
    "crash": "a process dies at any write point: before or after a write, a sync, a rename, an apply",
    "crash_all": "every process dies at once",
    "torn_tail": "a crash cuts what was not synced at any byte, or leaves whole sectors of zeros",
    "lost_unsynced": "a crash takes everything that was not synced, names of files too",
    "bit_flip": "a bit of a stored file changes while its server is down",
    "fsync_error": "a sync fails, and what it should have made durable is gone",
    "disk_full": "writes fail for want of space",
    "clock_skew": "a server's clock runs fast or slow",
    "clock_jump": "a server's clock leaps ahead by many ticks",
    "pause": "a process stands still and then goes on, late",
    "slow_follower": "a server's disk and links are slow",
    "snapshot": "snapshots are taken often, so that those who lag need them, under load",
    "membership": "servers are added, as learners first or at once, promoted and removed, one by one or jointly",
    "transfer": "leadership is handed over",
    "compaction": "the log is cut close behind the snapshot, and old revisions of keys are dropped",
}


def parse(names: str) -> frozenset[str]:
    """`all`, `none`, or names with commas between; raises ValueError for a name that is not there."""
    if names == "all":
        return frozenset(FAULTS)
    if names == "none":
        return frozenset()
    chosen = frozenset(name.strip() for name in names.split(","))
    unknown = sorted(chosen - FAULTS.keys())
    if unknown:
        raise ValueError(f"unknown fault {', '.join(unknown)}; the faults are {', '.join(FAULTS)}")
    return chosen
