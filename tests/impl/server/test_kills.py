"""Real processes, real kills: nothing acknowledged is lost, and what clients saw is linearizable."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from raftproof.traces.linearizability import Call, check
from tests.impl.server.kills import Killing
from tests.impl.server.processes import Cluster, raftproof_command


@pytest.mark.slow
@pytest.mark.real("etcdctl")
def test_three_kills_of_the_leader_lose_nothing(tmp_path: Path) -> None:
    with Cluster(raftproof_command, 3, tmp_path) as cluster:
        report = asyncio.run(Killing(cluster, seed=1).run(kills=3))
    assert report.lost == []
    assert len(report.acknowledged) > 50
    assert len(set(report.hashes)) == 1
    history = [
        Call(each.client, each.key, each.kind, each.called, each.returned, each.value) for each in report.history
    ]
    assert len(history) > 50
    assert check(history).verdict == "linearizable"
    print(report.summary())
    assert max(report.outages) < 8, report.summary()
