"""Where it has happened: reports of real systems that lacked a rule, in our words.

A report is filed under the rule whose absence it describes; where the mistake was a mixture, under the one that would
have stopped it.
"""

from __future__ import annotations

from typing import NamedTuple


class Incident(NamedTuple):
    """One report."""

    system: str
    where: str
    """The repository and the number of the issue or pull request; or another address."""
    story: str

    @property
    def link(self) -> str:
        """Its address."""
        repository, _, number = self.where.partition("#")
        return f"https://github.com/{repository}/issues/{number}" if number else self.where

    @property
    def name(self) -> str:
        """System and number, for a line of text."""
        number = self.where.partition("#")[2]
        return f"{self.system} #{number}" if number else self.system


HAPPENED: dict[str, tuple[Incident, ...]] = {
    "vote_once": (
        Incident(
            "Zeebe (Camunda)",
            "camunda/camunda#5356",
            "The vote was forgotten whenever a leader was noticed, not only when the term rose: a server voted for two "
            "candidates of term 1195 within five milliseconds, and both led.",
        ),
        Incident("akka-raft", "ktoso/akka-raft#47", "A member could give its vote more than once in a term."),
        Incident(
            "NATS",
            "nats-io/nats-server#7698",
            "Stepping down from leading, and handing leadership over, cleared the vote of a term that went on.",
        ),
    ),
    "vote_persisted": (
        Incident(
            "PySyncObj",
            "bakwc/PySyncObj#84",
            "The vote lived in memory only; a server that came back within an election could vote again.",
        ),
        Incident(
            "Cornerstone",
            "datatechnology/cornerstone#65",
            "A user asks whether a restart between two requests lets a server vote twice; that depends on a state "
            "manager that each application must get right.",
        ),
    ),
    "term_persisted": (
        Incident(
            "PySyncObj (Patroni)",
            "bakwc/PySyncObj#201",
            "All members of a PostgreSQL cluster restarted at once and began again in term 0, with entries of higher "
            "terms in their logs; the name of the primary came to differ between them.",
        ),
        Incident(
            "PySyncObj",
            "bakwc/PySyncObj#202",
            "The repair tells how committed entries were overwritten: what was written after the restart carried a "
            "lower term than an old log, which then won the election.",
        ),
        Incident("Barge", "mgodave/barge#5", "Neither term nor vote was stored."),
        Incident(
            "hashicorp/raft",
            "hashicorp/raft#661",
            "Term and vote are written one after the other; the report asks what a crash between the two does.",
        ),
    ),
    "log_persisted": (
        Incident(
            "PySyncObj",
            "bakwc/PySyncObj#84",
            "Entries were acknowledged from a memory map that nobody had synced to the disk.",
        ),
        Incident(
            "etcd",
            "etcd-io/etcd#14370",
            "A cluster of one told its client that a write had succeeded before it was in the write-ahead log.",
        ),
        Incident(
            "etcd",
            "etcd-io/etcd#10508",
            "Entries were applied while they were still being written; after a crash the store was ahead of the log.",
        ),
    ),
    "reply_term": (
        Incident(
            "Xraft",
            "xnnyygn/xraft#33",
            "An answer to a request of an earlier election counted in the present one.",
        ),
    ),
    "truncate_on_conflict": (
        Incident(
            "RaftOS",
            "zhebrak/raftos#26",
            "A late request cut off entries that had been acknowledged after it was sent.",
        ),
        Incident(
            "CCF",
            "microsoft/CCF#5991",
            "A follower rolled back at any request that began before its end, conflict or not; a stale refusal made "
            "the leader send such requests.",
        ),
    ),
    "match_monotonic": (
        Incident("RaftOS", "zhebrak/raftos#25", "An answer that was overtaken set the leader's match index back."),
        Incident("PySyncObj", "bakwc/PySyncObj#167", "The same, when answers arrived out of order."),
        Incident(
            "raft.tla",
            "ongardie/raft.tla#18",
            "In the published specification itself match_index falls when answers arrive out of order.",
        ),
    ),
    "commit_monotonic": (
        Incident(
            "PySyncObj",
            "bakwc/PySyncObj#166",
            "A follower took the leader's commit index as it came; a new leader does not know yet what is committed.",
        ),
        Incident(
            "raft.tla", "ongardie/raft.tla#19", "The published specification lets the commit index of a follower fall."
        ),
    ),
    "ack_matched_only": (
        Incident(
            "CCF",
            "microsoft/CCF#6001",
            "A follower acknowledged up to the end of its own log, and not of what the leader had sent; seen when the "
            "code was compared with its specification.",
        ),
    ),
    "commit_own_term": (
        Incident(
            "LogCabin",
            "logcabin/logcabin#44",
            "The authors' own implementation committed an entry as soon as a majority stored it, whatever its term.",
        ),
        Incident("PySyncObj", "bakwc/PySyncObj#169", "The term of an entry was not looked at when it was committed."),
        Incident("Canonical raft (dqlite)", "canonical/raft#220", "The same, found by a reader of the code."),
    ),
    "refusal_no_match": (
        Incident(
            "CCF",
            "microsoft/CCF#5325",
            "The answer that refuses carried an index that moved what the leader holds for matched.",
        ),
    ),
    "keep_vote_on_step_down": (
        Incident(
            "CCF",
            "microsoft/CCF#5891",
            "A candidate that met its term's leader forgot its vote; argued to be harmless, and so it is without "
            "pre-vote.",
        ),
        Incident(
            "CCF",
            "microsoft/CCF#8094",
            "Two years later, with pre-vote: a server left a pre-election within a term in which it had voted, forgot "
            "that vote, and helped a second leader into the same term.",
        ),
        Incident("etcd", "etcd-io/etcd#2461", "Early etcd reset the vote at every change of role."),
    ),
    "one_change_pending": (
        Incident(
            "Redpanda",
            "redpanda-data/redpanda#17675",
            "Two learners became voters in quick succession, the second before the first was committed: the old voters "
            "and the new ones could form majorities that share no server.",
        ),
        Incident(
            "Raft (the thesis)",
            "https://groups.google.com/g/raft-dev",
            "Changes one at a time, as first published, were not safe: a new leader must first commit an entry of its "
            "own term, or the changes of two leaders meet (2015).",
        ),
    ),
    "joint_majorities": (
        Incident(
            "CCF",
            "microsoft/CCF#3948",
            "Votes were counted over the union of both configurations, so that a leader might have had no majority of "
            "one of them.",
        ),
    ),
    "learner_no_vote": (
        Incident(
            "Redpanda",
            "redpanda-data/redpanda#8495",
            "A learner asked for votes, and kept others from being elected.",
        ),
    ),
    "read_own_term": (
        Incident(
            "etcd",
            "etcd-io/etcd#7331",
            "A new leader answered a read by a commit index that was older than its predecessor's.",
        ),
        Incident("RedisRaft", "RedisLabs/redisraft#22", "The same, since a leader began without an entry of its own."),
    ),
    "read_confirmed": (
        Incident(
            "raft-rs (TiKV)",
            "tikv/raft-rs#140",
            "Reads under a lease were served although nothing took the lease away from a leader cut off from the rest.",
        ),
    ),
    "snapshot_not_older": (
        Incident("willemt/raft", "willemt/raft#118", "A snapshot older than what was committed here was restored."),
    ),
}
